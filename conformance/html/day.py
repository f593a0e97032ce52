"""The day of retries: when each attempt began in the 24 hours of a compressed day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from conformance.html.told import Said, Shown

# Units of an hour, and of the lifetime a day has beside it, for what comes after its end.
HOUR = 36
HOURS = 25

# Whose verdict says whether retries went on all day.
_ABOUT = "retried_all_day"


@dataclass(frozen=True, kw_only=True)
class Day:
    """The attempts of one scenario.

    Attributes:
        scenario: The scenario.
        attempts: When they began, in hours after the relay accepted the message.
    """

    scenario: Shown
    attempts: tuple[float, ...]

    @property
    def path(self) -> str:
        """All attempts as one path."""
        shown = dict.fromkeys(round(min(each, HOURS) * HOUR) for each in self.attempts)
        return "".join(f"M{x} 4v16" for x in shown)

    @property
    def said(self) -> Said | None:
        """The verdict on it."""
        return next((each for each in self.scenario.said if each.aspect == _ABOUT), None)

    @property
    def first_gap(self) -> str:
        """How long the relay waited after the first attempt, in minutes of the day."""
        return f"{self._gaps[0]:.0f} min" if self._gaps else "none"

    @property
    def longest_gap(self) -> str:
        """How long it waited at most."""
        return f"{max(self._gaps):.0f} min" if self._gaps else "none"

    @property
    def last(self) -> str:
        """When the last one began."""
        return f"{self.attempts[-1]:.1f} h" if self.attempts else "none"

    @property
    def _gaps(self) -> list[float]:
        return [(later - before) * 60 for before, later in pairwise(self.attempts)]


def days(scenarios: Iterable[Shown]) -> list[Day]:
    """Return the compressed days of which the report has the attempts."""
    return [
        Day(scenario=each, attempts=tuple(each.evidence["day"]["attempts"]))
        for each in scenarios
        if each.evidence and "day" in each.evidence
    ]
