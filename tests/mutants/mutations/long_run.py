"""Schedules over a long time: one that loses its measure, and two that are as good as any."""

from __future__ import annotations

from typing import Any

from conformance.reference import schedule
from conformance.reference.config import RetrySchedule
from conformance.reference.message import Message
from conformance.reference.spool import Spool
from mutants.mutant import deviates, mutation
from mutants.patching import patch

# Parts of the way from the shortest to the longest interval, in turn.
_JITTER = (0.35, 0.95, 0.6, 0.8)
_THIRD = 3


@mutation(scenarios=("greeting_421.day",), caught=(deviates("retried_all_day", "lifetime/gaps"),))
def doubles_every_third_gap() -> None:
    """Lets every third gap be twice as long as the longest that it was given."""

    def make(original: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, granted: RetrySchedule) -> float:
            due: float = original(ended_at, attempts, granted)
            return due if attempts % _THIRD else due + granted.max_retry_interval

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@mutation(scenarios=("greeting_421.day", "connection_refused"))
def jitters() -> None:
    """Lets later gaps be of any length between the shortest and the longest."""

    def make(original: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, granted: RetrySchedule) -> float:
            due: float = original(ended_at, attempts, granted)
            if attempts <= granted.quick_retries:
                return due
            room = granted.max_retry_interval - granted.retry_interval
            return ended_at + granted.retry_interval + room * _JITTER[attempts % len(_JITTER)]

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@mutation(
    scenarios=("greeting_421.restarted", "killed_between_attempts", "killed_in_retry", "stopped_in_attempt")
)
def begins_its_schedule_anew() -> None:
    """Forgets at a restart how often it has tried, and begins with its shortest gaps, at once."""

    def make(original: Any) -> Any:
        def load(self: Any) -> list[Message]:
            messages: list[Message] = original(self)
            for message in messages:
                for recipient in message.recipients:
                    recipient.attempts = 0
                    recipient.next_retry = 0.0
            return messages

        return load

    patch(Spool, "load", make)
