"""What is waived, by which rows, and which rows do not fit any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from conformance.judging.judge import Judged, Test
from conformance.judging.waived import waivers_of
from conformance.judging.words import counted
from conformance.report.results import Results
from conformance.report.writing import Writes, write_names
from conformance.waivers import Waiver

# So many misfits are told of one row; of a relay that is another one each test would say the same.
_MOST = 5


def by_waiver(run: Results) -> Iterator[tuple[Waiver, Sequence[Test]]]:
    """Yield each waiver that lets something pass in a run, and the tests in which it does."""
    fired: dict[int, list[Test]] = {}
    for test, judged in run.judged:
        for waiver in waivers_of(judged):
            fired.setdefault(waiver.number, []).append(test)
    for waiver in run.waivers.rows if run.waivers is not None else ():
        if waiver.number in fired:
            yield waiver, fired[waiver.number]


def write_waived(reporter: Writes, run: Results, *, everything: bool) -> None:
    """Tell what is waived, why and until when."""
    for waiver, tests in by_waiver(run):
        reporter.write_line(f"waived by {waiver.where}, until {waiver.expires}: {waiver.reason}", cyan=True)
        write_names(reporter, [test.name for test in tests], all_names=everything)


def write_misfits(reporter: Writes, run: Results) -> None:
    """Tell which waivers do not fit what was judged, each with a few tests that show it; the run fails for them."""
    told: dict[int, list[str]] = {}
    for misfit in run.misfits:
        told.setdefault(misfit.waiver.number, []).append(str(misfit))
    if told:
        reporter.write_sep("=", "waivers that do not fit", red=True)
    for lines in told.values():
        for line in lines[:_MOST]:
            reporter.write_line(line, red=True)
        if len(lines) > _MOST:
            reporter.write_line(f"    ... and {counted(len(lines) - _MOST, 'test')} more", red=True)


def waivers_in(judged: Judged) -> list[dict[str, Any]]:
    """Return what of a test is waived, as data: a row for each finding that a waiver lets pass."""
    return [
        {**finding.waived.row(), "requirement": finding.requirement, "verdict": finding.unwaived.value}
        for finding in judged.findings
        if finding.waived is not None
    ]


def waiver_header(run: Results) -> dict[str, Any]:
    """Return what the header of a report says of waivers; nothing if there were none."""
    if run.waivers is None:
        return {}
    waivers = run.waivers
    return {"waivers": {"file": waivers.file.name, "catalogue": waivers.catalogue, "rows": len(waivers.rows)}}


def waiver_rows(run: Results) -> Iterator[dict[str, Any]]:
    """Yield a row for each waiver: what it says, what it let pass, and why it does not fit, if it does not."""
    if run.waivers is None:
        return
    fired = {waiver.number: tests for waiver, tests in by_waiver(run)}
    wrong = run.misfits
    for waiver in run.waivers.rows:
        yield {
            "kind": "waiver",
            **waiver.row(),
            "verdict": waiver.verdict,
            "requirement": waiver.requirement,
            "aspect": waiver.aspect,
            "failure_modes": list(waiver.failure_modes),
            "observed": list(waiver.observed),
            "fired": [test.nodeid for test in fired.get(waiver.number, ())],
            "misfits": [str(misfit) for misfit in wrong if misfit.waiver is waiver],
        }
