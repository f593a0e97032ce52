"""A run on one page of Markdown: for the summary of a job, or a comment. What to mend first stands first.

Text from outside stands in code elements, where no mention, link or emoji is made of it, with every sign spelled that
Markdown or HTML would read; text of ours is written as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.judging.waived import Misfit
from conformance.report.facts import properties_of_run
from conformance.report.failure import at_fault
from conformance.report.overview import Row, rows
from conformance.report.results import Results, unexpected
from conformance.report.waived import by_waiver
from conformance.report.writing import line_of
from conformance.waivers import Waiver

# So many rows, and octets of one text: the whole stays far below the 1 MiB that a job's summary may have.
_MOST = 50
_LONGEST = 300

# What CommonMark and its extension for tables read as something else than itself, and the beginning of a bare link.
_READ = re.compile(r"[\\`*_\[\]<>&|~$^{}]|:(?=//)|(?<=www)\.")


class SummaryFile:
    """Where the page goes.

    Attributes:
        path: The file.
        asked_by: The option or variable that names it.
        append: Whether what stands there stays, as in the summary of a job, to which each step adds.
    """

    def __init__(self, path: Path, asked_by: str, *, append: bool = False) -> None:
        """Try whether it can be written.

        Raises:
            OSError: It cannot.
        """
        self.path = path
        self.asked_by = asked_by
        self.append = append
        path.open("a", encoding="utf-8").close()

    def write(self, run: Results, *, ended: bool) -> None:
        """Write the page.

        Args:
            run: The run.
            ended: Whether it came to its end.

        Raises:
            OSError: It cannot be written.
        """
        text = "\n".join(page(run, ended=ended)) + "\n"
        with self.path.open("a" if self.append else "w", encoding="utf-8") as file:
            file.write(text)


def page(run: Results, *, ended: bool) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"## Conformance of {code(run.name)}, profile {run.profile.name}"
    yield ""
    if not ended:
        yield "**The run was broken off**: what follows is what was judged until then."
        yield ""
    counts = Counter(judged.verdict for test, judged in unexpected(run))
    yield from _table(
        [*(verdict.value.replace("_", " ") for verdict in Verdict), "expected (xfail)"],
        [[str(counts[verdict]) for verdict in Verdict] + [str(len(run.xfailed))]],
    )
    found = rows(unexpected(run))
    if found:
        yield from _section(
            "What to mend, the gravest first", found, ["", "level", "requirement", "example"], _row
        )
    if run.misfits:
        yield from _section("Waivers that do not fit", run.misfits, ["row", "test", "what is wrong"], _misfit)
    waived = list(by_waiver(run))
    if waived:
        yield from _section("What is waived", waived, ["row", "until", "tests", "reason"], _waived)
    unjudged = list(_unjudged(run))
    if unjudged:
        yield from _section("What could not be judged", unjudged, ["why", "tests", "reason"], list)
    if run.records:
        yield ""
        yield ", ".join(f"{name.replace('_', ' ')} {code(value)}" for name, value in properties_of_run(run))


def _row(row: Row) -> list[str]:
    return [
        row.verdict.value,
        row.level,
        f"`{row.requirement.id}`: {_plain(row.requirement.text)} ({row.where})",
        f"`{row.example.name}`: {code(row.observed)}",
    ]


def _misfit(misfit: Misfit) -> list[str]:
    return [code(misfit.waiver.where), code(misfit.nodeid.rpartition("::")[2]), code(misfit.why)]


def _waived(told: tuple[Waiver, Sequence[Test]]) -> list[str]:
    waiver, tests = told
    return [code(waiver.where), str(waiver.expires), str(len(tests)), code(waiver.reason)]


def _unjudged(run: Results) -> Iterator[list[str]]:
    """Yield each reason once, with how many tests it left without a verdict."""
    told: dict[tuple[str, str], list[tuple[Test, Judged]]] = {}
    for test, judged in unexpected(run):
        if judged.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR):
            why = at_fault(judged.fault) if judged.fault else judged.verdict.value
            told.setdefault((why, judged.reason), []).append((test, judged))
    for (why, reason), tests in told.items():
        others = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
        yield [why, f"`{tests[0][0].name}`{others}", code(reason)]


def _section(title: str, found: Sequence[object], heading: Sequence[str], row: object) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    assert callable(row)
    yield from _table(heading, [row(each) for each in found[:_MOST]])
    if len(found) > _MOST:
        yield from ("", f"... and {len(found) - _MOST} more.")


def _table(heading: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    for line in (heading, ["---"] * len(heading), *cells):
        yield f"| {' | '.join(line)} |"


def code(text: str) -> str:
    """Return a text from outside as a code element, whatever it holds."""
    shown = line_of(text).strip()
    return f"<code>{_plain(shown if len(shown) <= _LONGEST else f'{shown[:_LONGEST]}...')}</code>"


def _plain(text: str) -> str:
    """Return a text with every sign spelled that would be read as something else than itself."""
    return _READ.sub(lambda match: f"&#{ord(match[0])};", text)
