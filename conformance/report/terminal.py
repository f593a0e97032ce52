"""What the terminal shows: progress while a wave runs, then one line for each failure mode."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from conformance.report.failure import explain
from conformance.verdict import Fault, Verdict

if TYPE_CHECKING:
    from conformance.run import Run

_LETTERS = {
    Verdict.PASS: ".",
    Verdict.FAIL: "F",
    Verdict.DEVIATION: "D",
    Verdict.INCONCLUSIVE: "I",
    Verdict.NOT_APPLICABLE: "n",
    Verdict.ERROR: "E",
}
_LEGEND = ". pass   F fail   D deviation   I inconclusive   n not applicable   E error"
_WHOSE = {Fault.TARGET: "the relay", Fault.ADAPTER: "the adapter", Fault.HARNESS: "this suite"}

# Where nothing can be overwritten, a line of progress this often, in seconds.
_PAUSE = 5.0


class Terminal:
    """Progress and summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told = 0.0
        self._quiet = config.get_verbosity() < 0

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

    def summary(self, reporter: pytest.TerminalReporter, run: Run) -> None:
        """Show the table, then troubles and whatever pytest itself does not show."""
        if not run.judged:
            return
        self._table(reporter, run)
        self._unshown(reporter, run)
        self._troubles(reporter, run)
        for path in run.paths:
            reporter.write_line(f"record: {path}")

    def _table(self, reporter: pytest.TerminalReporter, run: Run) -> None:
        aspects = list(dict.fromkeys(item.aspect.name for item, _ in run.judged))
        rows: dict[str, dict[str, Verdict]] = {}
        sections: dict[str, str] = {}
        for item, judged in run.judged:
            mode = item.scenario.failure_mode
            rows.setdefault(mode.name, {})[item.aspect.name] = judged.verdict
            sections[mode.name] = mode.section
        reporter.write_sep("=", f"{run.name}, profile {run.profile.name}")
        if not self._quiet:
            width = max(map(len, rows))
            for number, name in enumerate(aspects):
                bars = "  | " * number
                reporter.write_line(f"{'':{width + 11}}{bars}  {name}")
            for mode_name, verdicts in rows.items():
                cells = "".join(f"  {_LETTERS[verdicts[a]] if a in verdicts else ' '} " for a in aspects)
                reporter.write_line(f"{mode_name:{width}}  {sections[mode_name]:9}{cells}".rstrip())
            reporter.write_line(_LEGEND)

    def _unshown(self, reporter: pytest.TerminalReporter, run: Run) -> None:
        """Explain deviations and inconclusive verdicts, for which pytest has no section."""
        told: dict[str, list[str]] = {}
        for item, judged in run.judged:
            if judged.verdict is Verdict.INCONCLUSIVE:
                reporter.write_sep("_", f"{item.name}: inconclusive", red=True)
                reporter.write_line(explain(item.scenario.failure_mode, judged, run.profile))
            elif judged.verdict is Verdict.DEVIATION and not run.strict:
                what = f"deviation: {judged.requirement.id}: expected {judged.expected}"
                told.setdefault(what, []).append(f"{item.name}: {judged.observed}")
            elif judged.verdict is Verdict.NOT_APPLICABLE:
                told.setdefault(f"not applicable: {judged.reason}", []).append(item.name)
        for what, items in told.items():
            reporter.write_line(what, yellow=True)
            shown = items if self._config.get_verbosity() > 0 or len(items) <= 4 else items[:3]
            for name in shown:
                reporter.write_line(f"    {name}")
            if len(shown) < len(items):
                reporter.write_line(f"    ... and {len(items) - len(shown)} more (-v shows all)")

    def _troubles(self, reporter: pytest.TerminalReporter, run: Run) -> None:
        for record in run.records:
            for trouble in record.troubles:
                reporter.write_sep("!", f"at fault: {_WHOSE[trouble.fault]}", red=True)
                reporter.write_line(trouble.message)
                if trouble.hint:
                    reporter.write_line(f"hint: {trouble.hint}")
                for line in trouble.log.splitlines():
                    reporter.write_line(f"    | {line}")
