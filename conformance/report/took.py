"""Where the time of a run went: what had to be waited for in any case, and what came before and after."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from conformance.evidence.record import Record


class Window(NamedTuple):
    """For how long the window of a scenario was open.

    Attributes:
        seconds: From the acceptance of its message.
        scenario: Which.
        clock: On which clock.
    """

    seconds: float
    scenario: str
    clock: str

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.scenario}, {self.clock})"


def longest_window(records: Iterable[Record]) -> Window | None:
    """Return the longest window of some records; None: none was closed."""
    return max((window for record in records for window in _windows(record)), default=None)


def _windows(record: Record) -> Iterator[Window]:
    for staged in record.staged.values():
        if staged.closed is not None and staged.submitted is not None:
            yield Window(staged.closed - staged.submitted, staged.scenario, record.header.timing)


class Took:
    """For how many seconds each part of a run went on: `collecting`, `staging`, `judging`, in this order."""

    def __init__(self) -> None:
        self._part, self._since = "collecting", time.monotonic()
        self._ended: dict[str, float] = {}

    def begin(self, part: str) -> None:
        """End the part that goes on, and begin another."""
        self._ended = self.seconds
        self._part, self._since = part, time.monotonic()

    @property
    def seconds(self) -> dict[str, float]:
        """The parts so far, the one that goes on included."""
        return self._ended | {self._part: round(time.monotonic() - self._since, 3)}
