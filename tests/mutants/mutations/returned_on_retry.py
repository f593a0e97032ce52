"""Messages that were deferred once, and then given up as if that had been the first attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_RFC = "rfc/waits-for-days"
_STATUS = {"4.4.312": "5.4.310"}  # a domain that does not exist, as the live service has it
_MX = ("mx_nxdomain",)
_OTHERS = ("certificate_expired", "greeting_554")
_CAUGHT = (
    fails("stays_queued", "queue/kept"),
    deviates("stays_queued", _RFC, profile="rfc"),
)


def _given_up(when: Callable[[Recipient], bool]) -> None:
    """Take a failure for permanent, depending on how often the recipient was tried before."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Recipient, Any]) -> None:
            graver = {
                recipient: replace(
                    result, code="550", status=_STATUS.get(result.status, "5" + result.status[1:])
                )
                if isinstance(result, Failure) and message.sender and when(recipient)
                else result
                for recipient, result in results.items()
            }
            await original(self, message, graver)

        return conclude

    patch(Relay, "_conclude", make)


@mutation(scenarios=(*_MX, *_OTHERS), caught=_CAUGHT)
def returns_at_the_first_retry() -> None:
    """Defers a message once, and returns it at the first retry."""
    _given_up(lambda recipient: recipient.attempts > 0)


@mutation(scenarios=(*_MX, *_OTHERS), caught=_CAUGHT)
def returns_when_the_retry_is_due() -> None:
    """Defers a message once, and returns it when the retry is due, without trying."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            tried = [each for each in recipients if each.failure is not None and message.sender]
            return (
                {each: each.failure for each in tried}
                if tried
                else await original(self, message, route, recipients)
            )

        return deliver

    patch(Relay, "_deliver", make)
    _given_up(lambda recipient: recipient.attempts > 0)


@mutation(
    scenarios=_MX,
    also=tuple(
        expected
        for profile in ("eop", "rfc")
        for expected in hence(
            "accepted, so that no wait is asked for",
            *("stays_queued", "retried", "refreshes"),
            verdict="not_applicable",
            profile=profile,
        )
    ),
)
def returns_at_once_and_takes_its_time() -> None:
    """Returns a message at the first attempt, and needs most of a second to write the report."""

    def make(original: Any) -> Any:
        async def report(self: Any, *args: Any) -> Any:
            await asyncio.sleep(0.8)
            return await original(self, *args)

        return report

    patch(Relay, "_report", make)
    _given_up(lambda recipient: True)
