"""The failures, scenario by scenario: what failed, and once for all of it what happened.

pytest has a section for each failed test. Of one scenario several aspects may fail, each with the same timeline; so
this section takes the place of pytest's for tests of the suite. `--tb` means what it means elsewhere: `no` leaves it
out, `line` gives each test a line, `short` leaves out the timelines.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.judging.words import counted
from conformance.report.failure import claim, staged, timeline_lines
from conformance.report.overview import rows
from conformance.report.results import Results, unexpected
from conformance.report.writing import Writes, width, write_names

# So many scenarios are told at length; of more of them one for each requirement.
_MANY = 20

Failed = Sequence[tuple[Test, Judged]]


def write_failures(reporter: Writes, run: Results, *, style: str, everything: bool) -> None:
    """Write the section, if anything failed.

    Args:
        reporter: Where to write.
        run: The run.
        style: The value of `--tb`.
        everything: Whether each scenario is told at length, however many there are.
    """
    failed = [(test, judged) for test, judged in unexpected(run) if _has_failed(judged, strict=run.strict)]
    if not failed or style == "no":
        return
    reporter.write_sep("=", "FAILURES")
    if style == "line":
        for test, judged in failed:
            reporter.write_line(f"{test.nodeid}: {judged.requirement.id} ({judged.level}): {judged.observed}")
        return
    scenarios: dict[str, list[tuple[Test, Judged]]] = {}
    for test, judged in failed:
        scenarios.setdefault(test.scenario.id, []).append((test, judged))
    shown = scenarios if everything else _chosen(scenarios, failed)
    for name, found in scenarios.items():
        if name in shown:
            _write(reporter, run, found, with_timeline=style != "short")
    left_out = [name for name in scenarios if name not in shown]
    if left_out:
        reporter.write_sep(
            "_",
            f"of {counted(len(left_out), 'scenario')} more, which break the same requirements, only the names",
        )
        write_names(reporter, left_out, all_names=False)


def _has_failed(judged: Judged, *, strict: bool) -> bool:
    # of what broke is told once, above: it failed nothing
    return judged.verdict is Verdict.FAIL or (strict and judged.verdict is Verdict.DEVIATION)


def _chosen(scenarios: dict[str, list[tuple[Test, Judged]]], failed: Failed) -> set[str]:
    """Return the scenarios that are told at length: an example of each requirement, and others while they are few."""
    chosen = dict.fromkeys(row.example.scenario.id for row in rows(failed))
    for name in scenarios:
        if len(chosen) >= _MANY:
            break
        chosen[name] = None
    return set(chosen)


def _write(reporter: Writes, run: Results, found: Failed, *, with_timeline: bool) -> None:
    mode, columns = found[0][0].scenario.failure_mode, width() - 2
    reporter.write_sep("_", found[0][0].scenario.id, red=True)
    for line in staged(mode, found[0][1].evidence, width=columns):
        reporter.write_line(line)
    for test, judged in found:
        reporter.write_line(
            f"{test.name}: {judged.verdict}: {judged.requirement.id} ({judged.level}, profile {run.profile.name})",
            red=True,
        )
        for line in claim(judged, width=columns):
            reporter.write_line(line)
    evidence = found[0][1].evidence
    if with_timeline and evidence is not None:
        reporter.write_line("")
        for line in timeline_lines(evidence, width=columns):
            reporter.write_line(line)
