"""When to try again and when to give up.

Both questions are answered by pure functions of the relay's clock; `Agenda` only keeps what is due in order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Generic, TypeVar

from .config import RetrySchedule

T = TypeVar("T")


def next_attempt_at(ended_at: float, attempts: int, schedule: RetrySchedule) -> float:
    """Return when to try again.

    Args:
        ended_at: When the last attempt ended, seconds since the epoch.
        attempts: How many attempts were made so far, the last one included.
        schedule: The first `quick_retries` retries follow after `retry_interval`, all later ones after
            `max_retry_interval` (15 minutes, 15 minutes, then every hour).
    """
    quick = attempts <= schedule.quick_retries
    return ended_at + (schedule.retry_interval if quick else schedule.max_retry_interval)


def expires_at(accepted_at: float, schedule: RetrySchedule) -> float:
    """Return when a message is returned to its sender: its age counts from acceptance and nothing else."""
    return accepted_at + schedule.queue_lifetime


def is_expired(accepted_at: float, now: float, schedule: RetrySchedule) -> bool:
    """Return whether a message has used up its lifetime."""
    return now >= expires_at(accepted_at, schedule)


class Agenda(Generic[T]):
    """Things to do, each at its time; equal times keep the order in which they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._order = count()

    def add(self, when: float, thing: T) -> None:
        """Note that `thing` is due at `when`, seconds since the epoch."""
        heapq.heappush(self._heap, (when, next(self._order), thing))

    def due(self, now: float) -> Iterator[tuple[float, T]]:
        """Take out and yield everything due at `now`, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            when, _, thing = heapq.heappop(self._heap)
            yield when, thing

    def next(self) -> float | None:
        """Return when the next thing is due; None if there is nothing."""
        return self._heap[0][0] if self._heap else None
