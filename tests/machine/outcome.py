"""What became of a change: a decision from what was red, and what a reader has said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from conformance.catalogue.requirements import Level

from .places import Change

# Percent; where more are said to change nothing, the figure says nothing either.
MOST_EQUIVALENT = 20.0


class Fate(StrEnum):
    """What became of a change."""

    KILLED = "killed"
    EQUIVALENT = "equivalent"
    WORDS = "words only"
    OUT_OF_SCOPE = "out of scope"
    ALIVE = "alive"
    BROKEN_OFF = "broken off"  # its waves did not come to their end
    UNBORN = "stillborn"  # nothing can be handed to it, or asked of it: another one is drawn


@dataclass(frozen=True, kw_only=True)
class Red:
    """A requirement that is broken in one scenario.

    Attributes:
        scenario: Identifier `mode.course`.
        requirement: Its id.
        profile: By which it was judged.
        level: How much it is asked for.
        told: What was observed.
        certain: Whether no busy machine can be the reason.
    """

    scenario: str
    requirement: str
    profile: str
    level: str
    told: str
    certain: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What is looked for in another staging."""
        return self.scenario, self.requirement, self.profile


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A fate, and why.

    Attributes:
        change: The change.
        fate: What became of it.
        why: One line for a reader.
        level: Of a killed one, the gravest level that is broken.
    """

    change: Change
    fate: Fate
    why: str = ""
    level: str = ""

    def __str__(self) -> str:
        return f"{self.fate:14} {self.change}{'  # ' if self.why else ''}{self.why}"


def killed_by(reds: Iterable[Red], green: Mapping[tuple[str, str, str], bool]) -> list[Red]:
    """Return what kills: where the unchanged relay is green, the gravest first."""
    found = [red for red in reds if red.certain and green.get(red.key, False)]
    return sorted(found, key=lambda red: red.level != Level.MUST)


def rate(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Return how many changes are killed, and of how many that a user would notice."""
    fates = Counter(each.fate for each in outcomes)
    return fates[Fate.KILLED], fates[Fate.KILLED] + fates[Fate.ALIVE] + fates[Fate.BROKEN_OFF]


def is_valid(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether few enough of them are said to be equivalent."""
    equivalent = sum(each.fate is Fate.EQUIVALENT for each in outcomes)
    return 100 * equivalent <= MOST_EQUIVALENT * len(outcomes)


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the figures."""
    fates = Counter(each.fate for each in outcomes)
    killed, all_ = rate(outcomes)
    lines = [", ".join(f"{fate}: {fates[fate]}" for fate in Fate if fate is not Fate.UNBORN)]
    if all_:
        lines.append(f"killed {killed} of {all_} ({killed / all_:.0%}) that are none of the three")
    softly = sum(each.fate is Fate.KILLED and each.level != Level.MUST for each in outcomes)
    if softly:
        lines.append(f"{softly} of them by no MUST")
    if not is_valid(outcomes):
        lines.append(f"more than {MOST_EQUIVALENT:.0f} % are said to be equivalent: the figure is invalid")
    return lines
