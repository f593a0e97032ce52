"""Sins of the queue: messages returned, lost or hidden, and retries at the wrong time or never."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import errors, schedule
from conformance.reference.classify import Cause, Stage
from conformance.reference.config import RetrySchedule
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient, State
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupDetail
from mutants.patching import patch, sin

_NEVER = 1e9  # seconds


def _bounced(when: Callable[[Stage, Cause, str], bool]) -> None:
    """Take some temporary failures for permanent ones."""

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: Any) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if not when(stage, cause, detail):
                return failure
            return replace(failure, code="550", status="5" + failure.status[1:])

        return deferral

    patch(errors, "deferral", make)


@sin
def bounces_4yz() -> None:
    _bounced(lambda stage, cause, detail: cause is Cause.REJECTED and detail.startswith("4"))


@sin
def bounces_554_greeting() -> None:
    _bounced(lambda stage, cause, detail: cause is Cause.REJECTED and detail.startswith("5"))


@sin
def bounces_nxdomain() -> None:
    _bounced(lambda stage, cause, detail: detail == LookupDetail.NONEXISTENT)


@sin
def drops_nxdomain() -> None:
    async def no_report(relay: Any, message: Message, now: float, failures: Any) -> None:
        return None

    bounces_nxdomain()
    patch(Relay, "_report", lambda _: no_report)


@sin
def bounces_bad_certificates() -> None:
    _bounced(lambda stage, cause, detail: cause is Cause.CERTIFICATE)


def retried(wait: Callable[[int, RetrySchedule], float]) -> None:
    """Wait so many seconds after the end of the nth attempt."""
    patch(
        schedule,
        "next_attempt_at",
        lambda _: lambda ended_at, attempts, granted: ended_at + wait(attempts, granted),
    )


@sin
def never_retries() -> None:
    retried(lambda attempts, granted: _NEVER)


@sin
def retries_once_only() -> None:
    retried(lambda attempts, granted: granted.retry_interval if attempts < 2 else _NEVER)


@sin
def retries_at_once() -> None:
    retried(lambda attempts, granted: 0.0)


@sin
def retries_at_half_the_gap() -> None:
    retried(lambda attempts, granted: granted.retry_interval / 2)


@sin
def retries_at_double_the_gap() -> None:
    retried(lambda attempts, granted: granted.retry_interval * 2)


@sin
def retries_late_the_second_time() -> None:
    retried(lambda attempts, granted: granted.retry_interval * (1 if attempts < 2 else 2))


def _forgotten(which: Callable[[Failure], bool]) -> None:
    """Log some deferrals and then forget the message."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            await original(self, message, results)
            for recipient, result in results.items():
                if isinstance(result, Failure) and which(result):
                    recipient.state = State.GONE
                    self._messages.pop(message.queue_id, None)

        return conclude

    patch(Relay, "_conclude", make)


@sin
def loses_on_reset() -> None:
    _forgotten(lambda failure: "reset" in failure.detail)


def _hidden(which: Callable[[Recipient], bool]) -> None:
    """Leave some recipients out of the queue's listing."""

    def make(original: Any) -> Any:
        return lambda self: [pair for pair in original(self) if not which(pair[1])]

    patch(Relay, "queue", make)


@sin
def hides_deferred_messages() -> None:
    _hidden(lambda recipient: recipient.attempts > 0)


@sin
def hides_active_messages() -> None:
    _hidden(lambda recipient: recipient.state is not State.WAITING)
