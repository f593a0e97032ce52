"""Sins against the operator: Fix now that purges or rejects the wrong ones, edits that come too late or by halves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.reference import errors, routing, tls
from conformance.reference.config import Config, DomainType
from conformance.reference.config_file import parse
from conformance.reference.config_reader import ConfigError
from conformance.reference.control import Control
from conformance.reference.delivery import Delivery
from conformance.reference.errors import ACCESS_DENIED, Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.routing import Destination, Here
from conformance.reference.transaction import Delivered
from mutants.patching import patch, sin
from mutants.sins_delivery import doubled

_HEAD_START = 0.7  # seconds that each younger message has before an older one


def _refused(when: Callable[[Any, str], bool]) -> None:
    """Refuse other recipients; `when` gets their accepted domain and their address."""

    def make(original: Any) -> Any:
        def is_refused(address: str, config: Config) -> bool:
            found = routing.find_accepted(routing.domain_of(address), config.accepted_domains)
            return found is not None and when(found, address)

        return is_refused

    patch(routing, "is_refused", make)


@sin
def rejects_known_recipients() -> None:
    _refused(lambda accepted, _: accepted.type is DomainType.AUTHORITATIVE)


@sin
def rejects_nobody() -> None:
    _refused(lambda *_: False)


@sin
def rejects_before_it_is_told() -> None:
    _refused(lambda accepted, address: not accepted.knows(address))


@sin
def rejects_with_another_code() -> None:
    patch(errors, "ACCESS_DENIED", lambda original: replace(original, status="5.1.1"))


def _here(result: Delivered | Failure) -> None:
    """Have mail that no connector takes end otherwise."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            if not isinstance(route, Here):
                return await original(self, message, route, to)
            return dict.fromkeys(to, result)

        return deliver

    patch(Relay, "_deliver", make)


@sin
def purges_what_is_out_of_service() -> None:
    _here(Delivered("nowhere", "250 2.0.0 OK"))


@sin
def returns_mail_of_known_recipients() -> None:
    _here(ACCESS_DENIED)


@sin
def keeps_and_returns() -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, to)
            return dict.fromkeys(to, ACCESS_DENIED) if route is Here.MAILBOX else results

        return deliver

    patch(Relay, "_deliver", make)


@sin
def uses_a_connector_that_is_off() -> None:
    def make(original: Any) -> Any:
        def choose_connector(domain: str, connectors: Any) -> Any:
            return original(domain, [replace(each, enabled=True) for each in connectors])

        return choose_connector

    patch(routing, "choose_connector", make)


@sin
def edits_for_new_mail_only() -> None:
    chosen: dict[str, Destination] = {}

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Config) -> Destination:
            return chosen.setdefault(address, original(address, config))

        return choose_destination

    patch(routing, "choose_destination", make)


@sin
def trust_anchors_of_the_start() -> None:
    first: list[str] = []

    def make(original: Any) -> Any:
        def client_context(policy: Any, trust_anchors: str) -> Any:
            first.append(trust_anchors)
            return original(policy, first[0])

        return client_context

    patch(tls, "client_context", make)


@sin
def sticks_to_its_first_failure() -> None:
    failed: dict[Recipient, Failure] = {}

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            if all(recipient in failed for recipient in to):
                return {recipient: failed[recipient] for recipient in to}
            results = await original(self, message, route, to)
            failed.update({who: each for who, each in results.items() if isinstance(each, Failure)})
            return results

        return deliver

    patch(Relay, "_deliver", make)


@sin
def drains_newest_first() -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, to: Sequence[Recipient]) -> Any:
            domain = routing.domain_of(to[0].address)
            younger = [
                other
                for other in self._messages.values()
                if other.accepted_at > message.accepted_at
                and routing.domain_of(other.recipients[0].address) == domain
            ]
            if to[0].attempts:
                await asyncio.sleep(_HEAD_START * len(younger))
            return await original(self, message, route, to)

        return deliver

    patch(Relay, "_deliver", make)


@sin
def sends_twice_after_an_edit() -> None:
    edited: list[bool] = []

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            edited.append(True)
            original(self, config)

        return apply

    patch(Relay, "apply", make)
    doubled(lambda recipients: bool(edited) and recipients[0].attempts > 0)


@sin
def cuts_what_it_drains() -> None:
    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, to: Sequence[Recipient]) -> Any:
            cut = content[: content.rindex(b"\r\n", 0, -2) + 2] if to[0].attempts else content
            return await original(self, message, cut, to)

        return run

    patch(Delivery, "run", make)


@sin
def half_an_edit() -> None:
    def make(original: Any) -> Any:
        def answer(self: Any, request: str) -> Any:
            told = original(self, request)
            if request.startswith("reload ") and "error" in told:
                draft = Path(request.partition(" ")[2])
                lines = draft.read_text(encoding="utf-8").splitlines()
                kept = "\n".join(line for line in lines if not re.match("trust_anchors", line))
                anchors = next(
                    line for line in self._settings._text.splitlines() if re.match("trust_anchors", line)
                )
                try:
                    self._relay.apply(parse(f"{anchors}\n{kept}\n", source=draft))
                except ConfigError:
                    return told  # no half of it is valid
            return told

        return answer

    patch(Control, "answer", make)


def _answered(change: Callable[[dict[str, object]], dict[str, object]]) -> None:
    patch(Control, "_changed", lambda original: lambda self, call: change(original(self, call)))


@sin
def ignores_invalid_edits() -> None:
    _answered(lambda _: {"in_force": True})


@sin
def refuses_edits_without_a_word() -> None:
    _answered(lambda told: {"error": ""} if "error" in told else told)
