"""What a waiver is, and what it covers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from conformance.waivers.each_time import matching, without_times

# Stands for any text in a pattern, also for none; every other sign stands for itself.
ANY = "*"


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One row of a file: a way in which a relay may fail for now.

    Attributes:
        file: The file.
        number: Which row of it, from 1.
        verdict: `fail` or `deviation`: how grave it is.
        requirement: Catalogue id of what does not hold.
        aspect: The aspect that finds it; empty: whichever does.
        failure_modes: The failure modes as they are written, with patterns.
        modes: The names that these stand for: of failure modes, or of one on a course, `NAME-COURSE`.
        observed: Patterns of what is observed; one of them must match all of it.
        reason: Why it may be so.
        expires: The last day on which it is valid.
        link: Where more is said; empty: nowhere.
        sometimes: Whether it need not be seen in each run, since a race of the relay's decides.
    """

    file: Path
    number: int
    verdict: str
    requirement: str
    aspect: str
    failure_modes: tuple[str, ...]
    modes: frozenset[str]
    observed: tuple[str, ...]
    reason: str
    expires: date
    link: str = ""
    sometimes: bool = False

    @property
    def where(self) -> str:
        """The row as a reader finds it."""
        return f"{self.file}, row {self.number} ({self.requirement})"

    def concerns(self, aspect: str, mode: str, course: str) -> bool:
        """Tell whether it is about a test; whether that one judges the requirement is another question."""
        named = mode in self.modes or f"{mode}-{course}" in self.modes
        return named and self.aspect in ("", aspect)

    def describes(self, observed: str) -> bool:
        """Tell whether this is what is expected to be observed, without times and ports."""
        text = without_times(observed)
        return any(_expression(pattern).fullmatch(text) for pattern in self.observed)

    def row(self) -> dict[str, Any]:
        """Return what a reader of a verdict needs to know of it, as data."""
        return {
            "file": self.file.name,
            "row": self.number,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
            **({"link": self.link} if self.link else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Waivers:
    """The waivers of one file, on one day.

    Attributes:
        file: The file, as a reader is told of it.
        lies: Where it is.
        catalogue: Against which version of the catalogue its patterns are read.
        target: The relay that it is about; empty: any.
        profile: The profile that it is about; empty: any.
        rows: The waivers, in their order.
        today: The day by which they are valid or expired.
    """

    file: Path
    lies: Path
    catalogue: str
    rows: Sequence[Waiver]
    today: date
    target: str = ""
    profile: str = ""

    @property
    def about(self) -> str:
        """Say which waivers there are, in one line."""
        return f"conformance: waivers {self.file} ({len(self.rows)}, catalogue {self.catalogue})"

    def is_about(self, target: str, profile: str) -> bool:
        """Tell whether it is about runs with this target and profile."""
        return self.target in ("", target) and self.profile in ("", profile)

    def has_expired(self, waiver: Waiver) -> bool:
        """Tell whether the last day of a waiver is over."""
        return waiver.expires < self.today

    def match(
        self, *, requirement: str, aspect: str, mode: str, course: str, verdict: str, observed: str
    ) -> Waiver | None:
        """Return the valid waiver of one finding; None: there is none.

        Args:
            requirement: Catalogue id of what does not hold.
            aspect: The aspect that found it.
            mode: The failure mode.
            course: On which course.
            verdict: `fail` or `deviation`; nothing else is ever waived.
            observed: What was seen.
        """
        for waiver in self.rows:
            if (
                (waiver.requirement, waiver.verdict) == (requirement, verdict)
                and waiver.concerns(aspect, mode, course)
                and waiver.describes(observed)
                and not self.has_expired(waiver)
            ):
                return waiver
        return None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return expression(matching(pattern))


def expression(pattern: str) -> re.Pattern[str]:
    """Return what a pattern matches, as a regular expression."""
    return re.compile(".*".join(map(re.escape, pattern.split(ANY))))
