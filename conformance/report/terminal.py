"""The order of things in the terminal: what broke, the failures, a line for each failure mode, what to mend first."""

from __future__ import annotations

import pytest

from conformance.report.broken import tell_broken
from conformance.report.failures import write_failures
from conformance.report.letters import write_letters
from conformance.report.names import width
from conformance.report.overview import overview_lines, rows
from conformance.report.results import Results
from conformance.report.schedules import schedule_lines
from conformance.report.unjudged import write_inconclusive, write_not_applicable


class Terminal:
    """The summary of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self._style: str = config.option.tbstyle
        self._quiet = config.get_verbosity() < 0
        self._verbose = config.get_verbosity() > 0

    def broken(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what comes before all failures."""
        tell_broken(reporter, run, all_names=self._verbose)

    def failures(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what takes the place of pytest's own section."""
        write_failures(reporter, run, style=self._style, everything=self._verbose)

    def summary(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what comes after everything else; what is to be looked at first stands last, above the counts."""
        if not run.judged:
            return
        if self._style != "no":
            write_inconclusive(reporter, run, everything=self._verbose)
        reporter.write_sep("=", f"{run.name}, profile {run.profile.name}")
        if not self._quiet:
            write_letters(reporter, run)
        for line in schedule_lines(run):
            reporter.write_line(line)
        if not self._quiet:
            write_not_applicable(reporter, run, everything=self._verbose)
        for path in run.paths:
            reporter.write_line(f"record: {path}")
        found = rows(run.judged)
        if found:
            reporter.write_sep("=", "what to mend")
            for line in overview_lines(found, run.name, width()):
                reporter.write_line(line)
