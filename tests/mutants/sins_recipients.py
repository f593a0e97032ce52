"""Sins against recipients: refusals tried again, one recipient's fate made another's, one queue for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, errors
from conformance.reference.classify import Stage
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from mutants.patching import patch, sin
from mutants.sins_delivery import altered, without_last_line


@sin
def retries_5yz() -> None:
    patch(
        Failure, "permanent", lambda _: property(lambda self: self.code.startswith("5") and not self.remote)
    )


@sin
def retries_5yz_once() -> None:
    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Recipient, Any]) -> None:
            milder = {
                recipient: replace(result, code="450")
                if isinstance(result, Failure) and result.permanent and recipient.attempts == 0
                else result
                for recipient, result in results.items()
            }
            await original(self, message, milder)

        return conclude

    patch(Relay, "_conclude", make)


@sin
def returns_5yz_after_hours() -> None:
    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            found = await original(self, message, now, failures)
            if found is not None:
                found[0].recipients[0].next_retry = now + 4 * 3600
            return found

        return report

    patch(Relay, "_report", make)


@sin
def bounces_a_4yz_recipient() -> None:
    def make(original: Any) -> Any:
        def remote_failure(code: int, text: str, **where: Any) -> Failure:
            failure: Failure = original(code, text, **where)
            return replace(failure, code="550", status="5.2.1") if code == 450 else failure

        return remote_failure

    patch(errors, "remote_failure", make)


@sin
def sends_again_to_those_delivered() -> None:
    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, message.recipients)
            return {recipient: results[recipient] for recipient in recipients}

        return deliver

    patch(Relay, "_deliver", make)


@sin
def cuts_for_those_that_remain() -> None:
    altered(lambda recipients: recipients[0].attempts > 0, without_last_line)


@sin
def report_lists_those_delivered() -> None:
    def make(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, **where: Any) -> Any:
            everybody = dict.fromkeys(message.recipients, next(iter(failures.values())))
            return original(message, content, everybody, **where)

        return build_dsn

    patch(dsn, "build_dsn", make)


def _shared(when: Callable[[Reply], bool]) -> None:
    """Take the reply to one RCPT for the reply to all that follow."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            last: Reply | None = getattr(self, "_last", None)
            if stage is Stage.RCPT and last is not None and when(last):
                return last
            reply: Reply = await original(self, stage, line)
            self._last = reply if stage is Stage.RCPT else None
            return reply

        return command

    patch(Session, "command", make)


@sin
def one_refusal_returns_all() -> None:
    _shared(lambda reply: reply.code >= 500)


@sin
def one_deferral_defers_all() -> None:
    _shared(lambda reply: 400 <= reply.code < 500)


@sin
def one_delivery_at_a_time() -> None:
    def make(original: Any) -> Any:
        turn = asyncio.Semaphore(1)

        async def attempt(self: Any, *args: Any) -> None:
            async with turn:
                await original(self, *args)

        return attempt

    patch(Relay, "_attempt", make)
