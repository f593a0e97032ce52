"""What became of a change: a decision from what was seen of its requirement, in each scenario that was staged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .change import Change, Fault


class Fate(StrEnum):
    """What became of a fault, or of an oddity (the last two, and `NEVER`)."""

    CAUGHT = "caught"
    MISSED = "missed"
    NEVER = "situation never occurred"
    UNKNOWN = "no such requirement yet"
    ACCUSES = "accuses the unchanged relay"
    INNOCENT = "innocent, and nothing accuses it"
    ACCUSED = "ACCUSED"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One requirement (of an oddity: any) in one scenario.

    Attributes:
        scenario: Identifier `mode.course`.
        requirement: Its id.
        profile: By which it was judged.
        red: Whether it is broken.
        marked: Whether the situation occurred there.
        told: What was observed, if it is broken.
    """

    scenario: str
    requirement: str
    profile: str
    red: bool
    marked: bool
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A fate, and why.

    Attributes:
        change: The change.
        fate: What became of it.
        why: One line for a reader.
    """

    change: Change
    fate: Fate
    why: str = ""

    def __str__(self) -> str:
        change = self.change if isinstance(self.change, Fault) and self.fate is not Fate.CAUGHT else None
        reason = change.free or change.unseen if change else ""
        why = "; ".join(filter(None, (self.why, reason)))
        return f"{self.change.kind} {self.change.name:44} {self.fate}{': ' if why else ''}{why}"


def hits(seen: Iterable[Seen]) -> list[Seen]:
    """Return what counts: where the situation occurred and the requirement is red."""
    return [each for each in seen if each.red and each.marked]


def decide(
    fault: Fault, seen: Sequence[Seen], green: Mapping[tuple[str, str], bool], known: Iterable[str]
) -> Outcome:
    """Return what became of a fault.

    Args:
        fault: The fault.
        seen: What was seen of its requirements.
        green: Whether the unchanged relay is green, by scenario and requirement.
        known: The requirements that exist.
    """
    exist = set(known)
    if not exist.intersection(fault.requirements):
        return Outcome(change=fault, fate=Fate.UNKNOWN, why=", ".join(fault.requirements))
    marked = [each for each in seen if each.marked]
    if not marked:
        elsewhere = sorted({each.scenario for each in seen if each.red})
        why = f"red without it: {', '.join(elsewhere[:3])}" if elsewhere else ""
        return Outcome(change=fault, fate=Fate.NEVER, why=why)
    found = hits(seen)
    if not found:
        where = dict.fromkeys(each.scenario for each in marked)
        return Outcome(change=fault, fate=Fate.MISSED, why=f"it occurred in {_few(where)}")
    proven = [each for each in found if green.get((each.scenario, each.requirement), False)]
    if not proven:
        return Outcome(change=fault, fate=Fate.ACCUSES, why=_few(each.scenario for each in found))
    by = f"{proven[0].requirement} in {_few(dict.fromkeys(each.scenario for each in proven))}"
    return Outcome(change=fault, fate=Fate.CAUGHT, why=by)


def clear(change: Change, seen: Sequence[Seen]) -> Outcome:
    """Return what became of an oddity: wherever it is accused is too much."""
    red = [each for each in seen if each.red]
    if red:
        why = "; ".join(
            f"{each.requirement} in {each.scenario} ({each.profile}): {each.told}" for each in red
        )
        return Outcome(change=change, fate=Fate.ACCUSED, why=why)
    if not any(each.marked for each in seen):
        return Outcome(change=change, fate=Fate.NEVER)
    return Outcome(change=change, fate=Fate.INNOCENT)


def rate(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Return how many faults are caught, and of how many."""
    faults = [each for each in outcomes if isinstance(each.change, Fault)]
    return sum(each.fate is Fate.CAUGHT for each in faults), len(faults)


def is_good_enough(outcomes: Sequence[Outcome], at_least: float) -> bool:
    """Tell whether enough is caught, in percent, and nobody is accused without reason."""
    caught, faults = rate(outcomes)
    wrong = any(each.fate in (Fate.ACCUSED, Fate.ACCUSES) for each in outcomes)
    return not wrong and 100 * caught >= at_least * faults


def _few(names: Iterable[str], most: int = 3) -> str:
    known = list(names)
    shown = ", ".join(known[:most])
    return f"{shown} and {len(known) - most} others" if len(known) > most else shown
