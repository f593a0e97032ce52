"""What could not be judged, or was not to pass, and why; each reason once."""

from __future__ import annotations

from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.report.failure import explain
from conformance.report.results import Results, unexpected
from conformance.report.writing import Writes, width, write_names


def write_inconclusive(reporter: Writes, run: Results, *, everything: bool) -> None:
    """Explain each reason once, with the evidence of the first test it left without a verdict."""
    told: dict[str, list[tuple[Test, Judged]]] = {}
    for item, judged in unexpected(run):
        if judged.verdict is Verdict.INCONCLUSIVE:
            told.setdefault(judged.reason, []).append((item, judged))
    for group in told.values():
        shown = group if everything else group[:1]
        for item, judged in shown:
            reporter.write_sep("_", f"{item.name}: inconclusive", red=True)
            for line in explain(item.scenario.failure_mode, judged, run.profile, width=width() - 2).split(
                "\n"
            ):
                reporter.write_line(line)
        if len(shown) < len(group):
            reporter.write_line("inconclusive for the same reason:")
            write_names(reporter, [item.name for item, _ in group[1:]], all_names=False)


def write_not_applicable(reporter: Writes, run: Results, *, everything: bool) -> None:
    """Tell why something was not judged, and of what that is true."""
    told: dict[str, list[str]] = {}
    for item, judged in run.judged:
        if judged.verdict is Verdict.NOT_APPLICABLE:
            told.setdefault(f"not applicable: {judged.reason}", []).append(item.name)
    for what, items in told.items():
        reporter.write_line(what, yellow=True)
        write_names(reporter, items, all_names=everything)


def write_xfailed(reporter: Writes, run: Results, *, everything: bool) -> None:
    """Tell of what somebody expected not to pass, why, and what is therefore not judged; it fails nothing."""
    told: dict[str, list[str]] = {}
    for item, _ in run.judged:
        if item.nodeid in run.xfailed:
            told.setdefault(f"not passed, as expected (xfail): {run.xfailed[item.nodeid]}", []).append(
                item.name
            )
    for what, items in told.items():
        reporter.write_line(what, yellow=True)
        write_names(reporter, items, all_names=everything)
        left = [item.name for item, judged in run.judged if judged.because in items]
        if left:
            reporter.write_line("  not judged because of that:")
            write_names(reporter, left, all_names=everything)
