"""The page docs/fates.md: what became of a message, and which aspect says so, from the declarations of the suite."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.course import Course
from conformance.judging.aspect import Aspect, owner_elsewhere, owner_of
from conformance.judging.fate import FAULTS, Fate, fates_on, sentence
from conformance.suite import ASPECTS

_ABOUT = """# Fates, and who judges them

Made from the declarations in `conformance/suite/`; do not edit (`mailflow-conformance pages docs`).

What became of a message is decided once (`conformance/judging/fate.py`): the first fate that fits, from above to below.
A fate that is a relay's fault belongs to one aspect on each course, and that one fails; so one defect is one red
verdict.

| sign | meaning |
|---|---|
| **R** | the aspect that is about it, and red for it |
| ✓ | judged: the aspect has something of its own to say |
| m | masked: left to the one that is red; judged all the same if that one is not red, or not selected |
| - | not applicable: there is nothing to judge, and nobody is to blame |

A number leads to the condition below the table. The report says `because` of a masked verdict, and names the red one.
That is how it is within one scenario; what a relay misses everywhere in the same way is red in one of them
([report.md](report.md)).

What was *seen* is never masked: mail in clear or below the TLS floor, a host that must not be used, words of a server
that break a record, second copies, delivered and reported, altered content. Aspects that judge whatever became of a
message have no column here:
"""

_TITLES = {
    Course.HEALED: "Broken until two attempts met the fault, then repaired",
    Course.EXPIRES: "Broken for good, and the clock is moved past the lifetime",
    Course.DAY: "Broken for a whole compressed day",
    Course.RESTARTED: "Broken for good; killed when the message is 12 hours old, and at 23 h 55",
    Course.HEALED_1H: "Repaired when the message is 1, 12 or 23 hours old",
    Course.NULL_SENDER: "Broken for good; nobody has to be told",
    Course.CORRECTED: "Several messages wait until what is wrong is corrected",
}


class Undeclared(Exception):
    """Nothing is declared of a fate under an aspect, though it is a relay's fault; the text names both."""


def render() -> str:
    """Return the page.

    Raises:
        Undeclared: A cell is.
    """
    return "\n".join(_lines()) + "\n"


def speaking(course: Course) -> list[Aspect]:
    """Return the aspects that speak of some fates only on a course, in the order of the suite."""
    return [each for each in ASPECTS if course in each.courses and course in each.fates]


def cell(aspect: Aspect, course: Course, fate: Fate) -> str:
    """Return what is declared: a sign, and the condition under which it holds, if any.

    Raises:
        Undeclared: Nothing is.
    """
    owner, there = owner_of(course, fate), owner_elsewhere(course, fate)
    if owner is aspect:
        return "**R**"
    if fate in aspect.fates[course]:
        if fate in aspect.partly:
            return f"✓: {aspect.partly[fate]}; else m, for `{owner.name if owner else ''}`"
        if there is not None and fate in FAULTS:
            return f"✓: m if `{there.name}` is red for the same on the course `{there.courses[0]}`"
        return "✓"
    if owner is not None:
        return "m"
    if fate in FAULTS:
        raise Undeclared(f"{aspect.name} declares nothing of {fate} on the course {course}")
    return "-"


def _lines() -> Iterator[str]:
    always = [f"`{each.name}`" for each in ASPECTS if not each.fates]
    yield f"{_ABOUT}{', '.join(always)}.\n"
    tables: dict[str, list[Course]] = {}
    for course in filter(speaking, Course):
        tables.setdefault("\n".join(_table(course)), []).append(course)
    for table, courses in tables.items():
        yield f"## {_TITLES[courses[0]]} ({', '.join(f'`{each}`' for each in courses)})\n"
        yield table


def _table(course: Course) -> Iterator[str]:
    aspects = speaking(course)
    yield f"| what became of it | {' | '.join(each.name for each in aspects)} |"
    yield f"|---|{'---|' * len(aspects)}"
    notes: list[str] = []
    for fate in fates_on(course):
        cells = [_short(cell(aspect, course, fate), notes) for aspect in aspects]
        yield f"| *{fate.replace('_', ' ')}*: {sentence(fate)} | {' | '.join(cells)} |"
    yield ""
    if notes:
        yield from (f"{number}. {note}" for number, note in enumerate(notes, 1))
        yield ""


def _short(text: str, notes: list[str]) -> str:
    """Return the sign of a cell, with the number of its condition."""
    sign, _, condition = text.partition(": ")
    if not condition:
        return sign
    if condition not in notes:
        notes.append(condition)
    return f"{sign} ({notes.index(condition) + 1})"
