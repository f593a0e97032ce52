"""One line for each failure mode, with a letter for each aspect."""

from __future__ import annotations

from collections.abc import Container

from conformance.catalogue.course import Timing
from conformance.catalogue.message import Kind
from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.report.results import Results
from conformance.report.writing import Writes

LETTERS = {
    Verdict.PASS: ".",
    Verdict.FAIL: "F",
    Verdict.DEVIATION: "D",
    Verdict.WAIVED: "w",
    Verdict.INCONCLUSIVE: "I",
    Verdict.NOT_APPLICABLE: "n",
    Verdict.ERROR: "E",
}
# What somebody expects not to pass, and it does not.
XFAILED = "x"
# Named behind the letters of a line; why something was not applicable is told below them.
_FAILED = {LETTERS[verdict] for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR)}
_TOLD = {*_FAILED, LETTERS[Verdict.DEVIATION], LETTERS[Verdict.WAIVED], XFAILED}
_LEGEND = ". pass   F fail   D deviation   I inconclusive   n not applicable   E error"


def write_letters(reporter: Writes, run: Results) -> None:
    """Write the lines, those of what an operator does last."""
    # of schedules there are many, and each is judged by one aspect only
    shown = [(i, judged) for i, judged in run.judged if i.scenario.failure_mode.kind is not Kind.SCHEDULE]
    operated = [(i, judged) for i, judged in shown if i.scenario.timing is Timing.OPERATED]
    others = [(i, judged) for i, judged in shown if i.scenario.timing is not Timing.OPERATED]
    for part in filter(None, (others, operated)):
        _write(reporter, part, run.xfailed)
    if shown:
        legend = [_LEGEND, *(["x expected"] if run.xfailed else [])]
        if any(judged.verdict is Verdict.WAIVED for _, judged in shown):
            legend.append("w waived")
        reporter.write_line("   ".join(legend))


def _write(reporter: Writes, shown: list[tuple[Test, Judged]], xfailed: Container[str]) -> None:
    """Write one line for each failure mode; where an operator acts, one for each way of acting.

    A letter for each aspect, in the order in which they are listed, and the names of those that did not pass.
    """
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for item, judged in shown:
        mode, course = item.scenario.failure_mode, item.scenario.course
        name = f"{mode.name} {course}" if item.scenario.timing is Timing.OPERATED else mode.name
        letter = XFAILED if item.nodeid in xfailed else LETTERS[judged.verdict]
        rows.setdefault((name, mode.section), []).append((item.aspect.name, letter))
    names = max(len(name) for name, _ in rows)
    sections = max(len(section) for _, section in rows)
    letters = max(map(len, rows.values()))
    for (name, section), found in rows.items():
        line = "".join(letter for _, letter in found)
        wrong = [f"{letter} {aspect}" for aspect, letter in found if letter in _TOLD]
        reporter.write_line(
            f"{name:{names}}  {section:{sections}}  {line:{letters}}  {', '.join(wrong)}".rstrip(),
            red=any(letter in _FAILED for _, letter in found),
        )
