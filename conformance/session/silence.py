"""Notices that a wave does not even beat any more (`wave/heartbeat.py`): its process was stopped, or cannot run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Generic, TypeVar

W = TypeVar("W")

# How many times as long as any other the first word may take: on a crowded machine a process is long in starting.
_FIRST = 5

# Time that passes between two looks counts for so many seconds at most: we may have been stopped ourselves.
_MOST_AT_ONCE = 2.0


class Silence(Generic[W]):
    """Counts for how long each wave has said nothing.

    Args:
        limit: Seconds after which that is too long; for the first word it is several times that.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._quiet: dict[W, float] = {}
        self._looked = time.monotonic()
        self._begun: set[W] = set()

    def heard(self, wave: W) -> None:
        """Take notice that a wave has said something."""
        self._quiet[wave] = 0.0
        self._begun.add(wave)

    def too_long(self, running: Iterable[W]) -> list[W]:
        """Look at those that are running; return which of them have been silent for too long."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, _MOST_AT_ONCE), now
        self._quiet = {wave: self._quiet.get(wave, 0.0) + passed for wave in running}
        return [wave for wave, quiet in self._quiet.items() if quiet > self._limit_of(wave)]

    def _limit_of(self, wave: W) -> float:
        return self._limit if wave in self._begun else self._limit * _FIRST
