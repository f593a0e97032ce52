"""What to mend first: every requirement that is broken or missed, one row each, the gravest first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.catalogue.requirements import Harm, Level, Requirement, catalogue
from conformance.judging.judge import Judged, Test
from conformance.judging.systematic import is_the_same
from conformance.judging.verdict import Finding, Verdict
from conformance.judging.words import counted
from conformance.report.writing import line_of

_LETTER = {Verdict.FAIL: "F", Verdict.DEVIATION: "D"}
_LEVELS = list(Level)
_HARMS = list(Harm)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A requirement that does not hold.

    Attributes:
        requirement: The requirement.
        level: How binding it is by the profile; of several the gravest.
        verdict: What follows.
        tests: Whose findings say so, in the order in which they were judged; the first is the example.
        observed: What was seen of the example.
        of: In how many it was judged, if one test is red for several of them; else nothing is said of these.
    """

    requirement: Requirement
    level: Level
    verdict: Verdict
    tests: tuple[Test, ...]
    observed: str
    of: int = 0

    @property
    def example(self) -> Test:
        """The test to look at first."""
        return self.tests[0]

    @property
    def failure_modes(self) -> int:
        """In how many failure modes it does not hold."""
        return len({test.scenario.failure_mode.name for test in self.tests})

    @property
    def where(self) -> str:
        """The same in words; of what is missed everywhere also, of how many it is so many."""
        number = self.failure_modes
        if self.of:
            return (
                f"all {number} failure modes" if number == self.of else f"{number} of {self.of} failure modes"
            )
        return counted(number, "failure mode")


def rows(judged: Iterable[tuple[Test, Judged]]) -> list[Row]:
    """Return a row for each requirement that does not hold: first every MUST, and of one level what hurts most.

    Every finding counts, also one beside a graver one of the same test, and those of a test that found the same as
    another that is red; the example is a test that it decided, if any.
    """
    found: dict[str, list[tuple[Test, Judged, Finding]]] = {}
    told = list(judged)
    names = {test.name for test, _ in told}
    for test, verdict in told:
        for finding in verdict.findings if not verdict.because or verdict.because in names else ():
            if finding.verdict in _LETTER:
                found.setdefault(finding.requirement, []).append((test, verdict, finding))
    judged_in: dict[str, set[str]] = {}
    for test, verdict in told:
        for finding in verdict.findings:
            judged_in.setdefault(finding.requirement, set()).add(test.scenario.failure_mode.name)
    return sorted(
        (_row(name, entries, len(judged_in[name])) for name, entries in found.items()), key=_gravity
    )


def _row(name: str, entries: Sequence[tuple[Test, Judged, Finding]], of: int) -> Row:
    # a stable sort: what is red comes first, of that what decided its test; else everything stays in its order
    ordered = sorted(entries, key=lambda entry: (is_the_same(entry[1]), entry[1].requirement.id != name))
    worst = min((finding for _, _, finding in ordered), key=lambda finding: _LEVELS.index(finding.level))
    return Row(
        requirement=catalogue()[name],
        level=worst.level,
        verdict=worst.verdict,
        tests=tuple(dict.fromkeys(test for test, _, _ in ordered)),
        observed=ordered[0][2].observed,
        of=of if any(is_the_same(judged) for _, judged, _ in ordered) else 0,
    )


def _gravity(row: Row) -> tuple[int, int, int, str]:
    return (
        _LEVELS.index(row.level),
        _HARMS.index(row.requirement.harm),
        -len(row.tests),
        row.requirement.id,
    )


def overview_lines(found: Sequence[Row], target: str, width: int) -> Iterator[str]:
    """Yield the table: two lines for each row, then how to run an example.

    Args:
        found: The rows.
        target: The target as it is named on the command line.
        width: Columns of the terminal.
    """
    for number, row in enumerate(found):
        first = "  <- mend this first" if number == 0 and len(found) > 1 else ""
        yield f"{_LETTER[row.verdict]} {row.level:7} {row.requirement.id:32} {row.where}{first}"
        yield _shortened(f"{row.requirement.text}", width, indent=10)
        yield _shortened(f"{_name_of(row.example)}: {row.observed}", width, indent=10)
    if found:
        yield ""
        yield "to see one alone, with its timeline:"
        yield f"    pytest --target={target} --conformance-only=mode:{found[0].example.scenario.failure_mode.name}"


def _name_of(test: Test) -> str:
    """Return the short form `retried[greeting_421]` of a test's name."""
    return test.name.removeprefix("test_")


def _shortened(text: str, width: int, *, indent: int) -> str:
    room = max(width - indent - 1, 20)
    flat = " ".join(line_of(text).split())
    if len(flat) <= room:
        return " " * indent + flat
    return " " * indent + textwrap.shorten(flat, room, placeholder=" ...")
