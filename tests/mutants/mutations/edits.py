"""Edits of a running relay that come too late, by halves, or spoil what drains."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.reference import routing, tls
from conformance.reference.config import Config
from conformance.reference.config_file import parse
from conformance.reference.config_reader import ConfigError
from conformance.reference.control import Control
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.routing import Destination
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.shared import doubled, without_last_line

_HEAD_START = 0.7  # seconds that each younger message has before an older one
_OUT_OF_SERVICE = (
    "connection_refused.fixed_now",
    "connection_refused.switched_off",
    "connection_refused.deleted",
)
_CORRECTED = ("connection_refused.corrected", "dns_nxdomain.corrected", "certificate_expired.corrected")
_EDITED = ("host_unreachable.edited", "tls_not_offered.edited", "certificate_unknown_ca.edited")
_EDIT_REFUSED = ("greeting_421.edit_refused",)
_TAKES_EFFECT = "correction/takes-effect"
_STOPS = "out-of-service/stops"


@mutation(
    scenarios=(*_EDITED, *_OUT_OF_SERVICE),
    caught=(
        fails("drains", _TAKES_EFFECT, "host_unreachable", "tls_not_offered"),
        fails("stops_trying", _STOPS),
    ),
)
def edits_for_new_mail_only() -> None:
    """Routes queued mail by the connector as it was when the mail was accepted."""
    chosen: dict[str, Destination] = {}

    def make(original: Any) -> Any:
        def choose_destination(address: str, config: Config) -> Destination:
            return chosen.setdefault(address, original(address, config))

        return choose_destination

    patch(routing, "choose_destination", make)


@mutation(scenarios=_EDITED, caught=(fails("drains", _TAKES_EFFECT, "certificate_unknown_ca"),))
def trust_anchors_of_the_start() -> None:
    """Trusts the authorities that it was started with, whatever is saved later."""
    first: list[str] = []

    def make(original: Any) -> Any:
        def client_context(policy: Any, trust_anchors: str) -> Any:
            first.append(trust_anchors)
            return original(policy, first[0])

        return client_context

    patch(tls, "client_context", make)


@mutation(scenarios=_CORRECTED, caught=(fails("drains", _TAKES_EFFECT),))
def sticks_to_its_first_failure() -> None:
    """Takes the failure of the first attempt for the outcome of all that follow."""
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


@mutation(
    scenarios=(*_CORRECTED, *_EDITED),
    # on a crowded machine a scenario may have to do without this verdict
    caught=(replace(deviates("drains", "correction/in-order"), certain=False),),
)
def drains_newest_first() -> None:
    """Lets younger messages go first when a queue drains."""

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


@mutation(scenarios=_EDITED, caught=(fails("drains", "correction/once"),))
def sends_twice_after_an_edit() -> None:
    """Delivers what was queued twice when a connector was edited."""
    edited: list[bool] = []

    def make(original: Any) -> Any:
        def apply(self: Any, config: Config) -> None:
            edited.append(True)
            original(self, config)

        return apply

    patch(Relay, "apply", make)
    doubled(lambda recipients: bool(edited) and recipients[0].attempts > 0)


@mutation(scenarios=(*_CORRECTED, *_EDITED), caught=(fails("drains", "correction/intact"),))
def cuts_what_it_drains() -> None:
    """Loses the last line of each message that is delivered at a later attempt."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, to: Sequence[Recipient]) -> Any:
            cut = without_last_line(content) if to[0].attempts else content
            return await original(self, message, cut, to)

        return run

    patch(Delivery, "run", make)


@mutation(scenarios=_EDIT_REFUSED, caught=(deviates("edit_refused", "edit/unchanged"),))
def half_an_edit() -> None:
    """Puts the valid half of an edit in force, and then refuses it for the other half."""

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


@mutation(scenarios=_EDIT_REFUSED, caught=(deviates("edit_refused", "edit/invalid-refused"),))
def ignores_invalid_edits() -> None:
    """Answers that an invalid edit was saved, and goes on as before."""
    _answered(lambda _: {"in_force": True})


@mutation(scenarios=_EDIT_REFUSED, caught=(deviates("edit_refused", "edit/invalid-refused"),))
def refuses_edits_without_a_word() -> None:
    """Refuses an invalid edit and does not say why."""
    _answered(lambda told: {"error": ""} if "error" in told else told)
