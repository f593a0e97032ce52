"""What the terminal shows: progress while a wave runs, then one line for each failure mode."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.message import Kind
from conformance.evidence.record import Fault, Trouble
from conformance.evidence.relays import Stopped
from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.report.failure import at_fault, explain
from conformance.report.results import Results
from conformance.report.schedules import schedule_lines

_LETTERS = {
    Verdict.PASS: ".",
    Verdict.FAIL: "F",
    Verdict.DEVIATION: "D",
    Verdict.INCONCLUSIVE: "I",
    Verdict.NOT_APPLICABLE: "n",
    Verdict.ERROR: "E",
}
# Named behind the letters of a line; why something was not applicable is told below them.
_FAILED = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR)
_TOLD = (*_FAILED, Verdict.DEVIATION)
_LEGEND = ". pass   F fail   D deviation   I inconclusive   n not applicable   E error"

# Where nothing can be overwritten, a line of progress this often, in seconds.
_PAUSE = 5.0


class Terminal:
    """Progress and summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told = 0.0
        self._quiet = config.get_verbosity() < 0
        self._verbose = config.get_verbosity() > 0

    @property
    def _reporter(self) -> pytest.TerminalReporter | None:
        plugin: pytest.TerminalReporter | None = self._config.pluginmanager.get_plugin("terminalreporter")
        return plugin

    def begin(self, text: str) -> None:
        """Say that a wave begins."""
        self._told = time.monotonic()
        self._line(f"conformance: {text}")

    def advance(self, done: int, total: int) -> None:
        """Show how many windows are closed."""
        text = f"conformance: {done} of {total} windows closed"
        reporter = self._reporter
        if reporter is None or self._quiet:
            return
        if sys.stdout.isatty():
            reporter.rewrite(text, erase=True)
        elif time.monotonic() - self._told >= _PAUSE:
            self._told = time.monotonic()
            self._line(text)

    def end(self, text: str) -> None:
        """Say that a wave has ended."""
        reporter = self._reporter
        if reporter is not None and sys.stdout.isatty() and not self._quiet:
            reporter.rewrite("", erase=True)
        self._line(f"conformance: {text}")

    def _line(self, text: str) -> None:
        reporter = self._reporter
        if reporter is not None and not self._quiet:
            reporter.ensure_newline()
            reporter.write_line(text)

    def broken(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Tell each thing that broke once, with the tests that could not be judged for it."""
        told: dict[tuple[Fault, str], list[str]] = {(t.fault, t.message): [] for t in run.troubles}
        for item, judged in run.judged:
            if judged.fault is not None:
                told.setdefault((judged.fault, judged.reason), []).append(item.name)
        for (fault, message), names in told.items():
            reporter.write_sep("!", at_fault(fault), red=True)
            reporter.write_line(message)
            for trouble in run.troubles:
                if (trouble.fault, trouble.message) == (fault, message):
                    self._advice(reporter, trouble)
            if names:
                reporter.write_line(
                    f"not judged because of this: {len(names)} tests"
                    if len(names) > 1
                    else "not judged because of this: 1 test"
                )
                self._names(reporter, names)
            else:
                reporter.write_line("all tests could be judged nevertheless; the exit status is not 0")
        self._brought_down(reporter, run)
        for idling, culprits in run.busy:
            if not culprits:
                used = f"{idling.cores:.2f} of a processor for {idling.seconds:.0f} s"
                reporter.write_line(
                    f"with nothing left to do the relay used {used}; alone none of these brings it to that, though "
                    "one did, or several together:",
                    yellow=True,
                )
                self._names(reporter, idling.suspects)

    def _brought_down(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Tell of each relay that was brought down who did it."""
        # where each scenario has a relay of its own many may go the same way
        told: dict[str, list[tuple[Stopped, Sequence[str]]]] = {}
        for stopped, names in run.stopped:
            told.setdefault(stopped.log or stopped.message, []).append((stopped, names))
        for same in told.values():
            stopped, _ = same[0]
            names = list(dict.fromkeys(name for _, each in same for name in each))
            reporter.write_sep("!", "the relay was brought down", red=True)
            reporter.write_line(stopped.message)
            for line in stopped.log.splitlines():
                reporter.write_line(f"    | {line}")
            if names:
                reporter.write_line("brought down by (see survives):")
                self._names(reporter, names)
            else:
                reporter.write_line(
                    "alone none of these brings it down; one did, or several together; the exit status is not 0:"
                )
                self._names(reporter, stopped.suspects)

    @staticmethod
    def _advice(reporter: pytest.TerminalReporter, trouble: Trouble) -> None:
        if trouble.hint:
            reporter.write_line(f"hint: {trouble.hint}")
        for line in trouble.log.splitlines():
            reporter.write_line(f"    | {line}")

    def summary(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Show the table, then whatever pytest itself does not show."""
        if not run.judged:
            return
        self._table(reporter, run)
        self._inconclusive(reporter, run)
        self._unshown(reporter, run)
        for path in run.paths:
            reporter.write_line(f"record: {path}")

    def _table(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        # of schedules there are many, and each is judged by one aspect only
        shown = [(i, judged) for i, judged in run.judged if i.scenario.failure_mode.kind is not Kind.SCHEDULE]
        reporter.write_sep("=", f"{run.name}, profile {run.profile.name}")
        operated = [(i, judged) for i, judged in shown if i.scenario.timing is Timing.OPERATED]
        others = [(i, judged) for i, judged in shown if i.scenario.timing is not Timing.OPERATED]
        if shown and not self._quiet:
            for part in filter(None, (others, operated)):
                self._rows(reporter, part)
            reporter.write_line(_LEGEND)
        for line in schedule_lines(run):
            reporter.write_line(line)

    def _rows(self, reporter: pytest.TerminalReporter, shown: list[tuple[Test, Judged]]) -> None:
        """Show one line for each failure mode; where an operator acts, one for each way of acting.

        A letter for each aspect, in the order in which they are listed, and the names of those that did not pass.
        """
        rows: dict[tuple[str, str], list[tuple[str, Verdict]]] = {}
        for item, judged in shown:
            mode, course = item.scenario.failure_mode, item.scenario.course
            name = f"{mode.name} {course}" if item.scenario.timing is Timing.OPERATED else mode.name
            rows.setdefault((name, mode.section), []).append((item.aspect.name, judged.verdict))
        names = max(len(name) for name, _ in rows)
        sections = max(len(section) for _, section in rows)
        letters = max(map(len, rows.values()))
        for (name, section), verdicts in rows.items():
            line = "".join(_LETTERS[verdict] for _, verdict in verdicts)
            wrong = [f"{_LETTERS[verdict]} {aspect}" for aspect, verdict in verdicts if verdict in _TOLD]
            reporter.write_line(
                f"{name:{names}}  {section:{sections}}  {line:{letters}}  {', '.join(wrong)}".rstrip(),
                red=any(verdict in _FAILED for _, verdict in verdicts),
            )

    def _inconclusive(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Explain each reason once, with the evidence of the first test it left without a verdict."""
        told: dict[str, list[tuple[Test, Judged]]] = {}
        for item, judged in run.judged:
            if judged.verdict is Verdict.INCONCLUSIVE:
                told.setdefault(judged.reason, []).append((item, judged))
        for group in told.values():
            shown = group if self._verbose else group[:1]
            for item, judged in shown:
                reporter.write_sep("_", f"{item.name}: inconclusive", red=True)
                reporter.write_line(explain(item.scenario.failure_mode, judged, run.profile))
            if len(shown) < len(group):
                reporter.write_line("inconclusive for the same reason:")
                self._names(reporter, [item.name for item, _ in group[1:]])

    def _unshown(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Tell deviations and what was not applicable, for which pytest has no section."""
        told: dict[str, list[str]] = {}
        for item, judged in run.judged:
            if judged.verdict is Verdict.DEVIATION and not run.strict:
                row = judged.requirement.id
                what = f"deviation: {row} ({judged.level}): expected {judged.expected}"
                told.setdefault(what, []).append(f"{item.name}: {judged.observed}")
            elif judged.verdict is Verdict.NOT_APPLICABLE:
                told.setdefault(f"not applicable: {judged.reason}", []).append(item.name)
        for what, items in told.items():
            reporter.write_line(what, yellow=True)
            self._names(reporter, items)

    def _names(self, reporter: pytest.TerminalReporter, names: list[str]) -> None:
        shown = names if self._verbose or len(names) <= 4 else names[:3]
        for name in shown:
            reporter.write_line(f"    {name}")
        if len(shown) < len(names):
            reporter.write_line(f"    ... and {len(names) - len(shown)} more (-v shows all)")
