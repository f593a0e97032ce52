"""Sins of age: messages given up too early, too late or never, and restarts that cost mail or time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from conformance.reference import schedule
from conformance.reference.clock import Clock
from conformance.reference.config import RetrySchedule
from conformance.reference.errors import Failure
from conformance.reference.message import Message, State
from conformance.reference.relay import Relay
from mutants.patching import patch, sin
from mutants.reporting import after_settling

_HOUR = 3600.0
_FOR_EVER = 1e9  # hours


def _expires_after(hours: float) -> None:
    """Give messages up at another age, in hours of a lifetime that has 24."""

    def expires_at(accepted_at: float, granted: RetrySchedule) -> float:
        return accepted_at + granted.queue_lifetime * hours / 24

    patch(schedule, "expires_at", lambda _: expires_at)


@sin
def expires_at_23_h() -> None:
    _expires_after(23)


@sin
def expires_at_24_h_30() -> None:
    _expires_after(24.5)


@sin
def expires_at_26_h() -> None:
    _expires_after(26)


@sin
def expires_at_48_h() -> None:
    _expires_after(48)


@sin
def grants_two_days() -> None:
    """Do nothing here: what it grants, and then does, is in the catalogue."""


@sin
def grants_an_hour_at_first() -> None:
    """Do nothing here either."""


@sin
def never_expires() -> None:
    _expires_after(_FOR_EVER)


@sin
def age_counts_from_the_last_attempt() -> None:
    def make_settle(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            if outcome.get("deferred"):
                message.accepted_at = now
                self._expiries.add(schedule.expires_at(now, self._config.schedule), message)
            await original(self, message, now, session, **outcome)

        return settle

    def make_expire(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            if schedule.is_expired(message.accepted_at, self.now(), self._config.schedule):
                original(self, message)

        return expire

    patch(Relay, "_settle", make_settle)
    patch(Relay, "_expire", make_expire)


def _resumed(accepted_at: Any) -> None:
    """Take another time of acceptance for messages found in the spool at the start."""

    def make(_: Any) -> Any:
        def resume(self: Any) -> None:
            for message in self._spool.load():
                message.accepted_at = accepted_at(self)
                self._adopt(message)

        return resume

    patch(Relay, "resume", make)


@sin
def age_counts_from_the_restart() -> None:
    _resumed(lambda relay: relay.now())


@sin
def returns_everything_at_restart() -> None:
    _resumed(lambda relay: 0.0)


@sin
def forgets_the_queue_at_restart() -> None:
    patch(Relay, "resume", lambda _: lambda self: None)


@sin
def drops_what_needs_no_report() -> None:
    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Any, Any]) -> None:
            await original(self, message, results)
            failed = [who for who, result in results.items() if isinstance(result, Failure)]
            if failed and not (message.sender and all(who.wants_failure_report for who in failed)):
                for recipient in failed:
                    recipient.state = State.GONE
                self._messages.pop(message.queue_id, None)

        return conclude

    patch(Relay, "_conclude", make)


@sin
def hides_old_messages() -> None:
    def make(original: Any) -> Any:
        return lambda self: [pair for pair in original(self) if self.now() - pair[0].accepted_at < 20 * _HOUR]

    patch(Relay, "queue", make)


@sin
def keeps_trying_after_the_return() -> None:
    async def take_again(relay: Any, message: Message, content: bytes, lost: Any) -> None:
        again = [replace(each, next_retry=relay.now(), failure=None, state=State.WAITING) for each in lost]
        await relay.accept(Message(sender=message.sender, accepted_at=relay.now(), recipients=again), content)

    after_settling(take_again, lambda recipient: True)


@sin
def returns_certificate_failures_after_12_h() -> None:
    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: dict[Any, Any]) -> None:
            if self.now() - message.accepted_at > 12 * _HOUR:
                results = {recipient: _final(result) for recipient, result in results.items()}
            await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


def _final(result: Any) -> Any:
    if isinstance(result, Failure) and result.status == "4.7.320":
        return replace(result, code="550", status="5.7.320")
    return result


@sin
def clock_stands_still() -> None:
    patch(Clock, "now", lambda _: lambda self: time.time())
