"""What the terminal shows: progress while waves run; then what broke, the failures, a line a mode, what to mend."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.report.broken import tell_broken
from conformance.report.failures import write_failures
from conformance.report.letters import write_letters
from conformance.report.overview import overview_lines, rows
from conformance.report.results import Results, Windows, unexpected
from conformance.report.schedules import schedule_lines
from conformance.report.standing import standing_lines, standings
from conformance.report.unjudged import write_inconclusive, write_not_applicable, write_xfailed
from conformance.report.waived import write_misfits, write_waived
from conformance.report.writing import Clean, Writes, line_of, width

# Where nothing can be overwritten, a line of progress this often, in seconds.
_PAUSE = 5.0
# From so many seconds on nobody counts them.
_MINUTES = 120.0


class Terminal:
    """The summary of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self._style: str = config.getoption("tbstyle", "auto")
        self._quiet = config.get_verbosity() < 0
        self._verbose = config.get_verbosity() > 0

    def broken(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what comes before all failures."""
        tell_broken(Clean(reporter), run, all_names=self._verbose)

    def failures(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what takes the place of pytest's own section."""
        write_failures(Clean(reporter), run, style=self._style, everything=self._verbose)

    def summary(self, reporter: pytest.TerminalReporter, run: Results) -> None:
        """Write what comes after everything else; what is to be looked at first stands last, above the counts."""
        if not run.judged:
            _write_records(reporter, run)
            return
        self._summarise(Clean(reporter), run)

    def _summarise(self, reporter: Writes, run: Results) -> None:
        if self._style != "no":
            write_inconclusive(reporter, run, everything=self._verbose)
        reporter.write_sep("=", f"{run.name}, profile {run.profile.name}")
        if not self._quiet:
            write_letters(reporter, run)
        for line in schedule_lines(run):
            reporter.write_line(line)
        if not self._quiet:
            write_not_applicable(reporter, run, everything=self._verbose)
            write_xfailed(reporter, run, everything=self._verbose)
            write_waived(reporter, run, everything=self._verbose)
        _write_records(reporter, run)
        found = rows(unexpected(run))
        if found:
            reporter.write_sep("=", "what to mend")
            for line in overview_lines(found, run.name, width()):
                reporter.write_line(line)
            for line in standing_lines(standings(run.judged, run.profile)):
                reporter.write_line(line)
        write_misfits(reporter, run)


def _write_records(reporter: Writes, run: Results) -> None:
    for path in filter(Path.exists, run.paths):  # a wave that was ended before it had begun left none
        reporter.write_line(f"record: {path}")


class Progress:
    """Lines that say how far the waves are; none with `-q`."""

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

    def tell(self, text: str) -> None:
        """Say something while a wave is under way."""
        self._line(f"conformance: {text}")

    def advance(self, waves: Sequence[Windows]) -> None:
        """Show how many windows are closed, and where few are open, which."""
        text = f"conformance: {_how_far(waves)}"
        reporter = self._reporter
        if reporter is None or self._quiet:
            return
        if sys.stdout.isatty():
            reporter.rewrite(line_of(text)[: width() - 1], erase=True)
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
            reporter.write_line(line_of(text))


def _how_far(waves: Sequence[Windows]) -> str:
    """Say how many windows are closed, of which waves, which are open if they are few, and how long it will take."""
    done, total = sum(wave.done for wave in waves), sum(wave.total for wave in waves)
    text = f"{done} of {total} windows closed"
    under_way = [wave for wave in waves if wave.done < wave.total]
    if not under_way:
        return text
    if all(wave.open for wave in under_way):
        what = f"open: {', '.join(name for wave in under_way for name in wave.open)}"
    else:
        what = ", ".join(f"{wave.wave} {wave.done}/{wave.total}" for wave in under_way)
    return f"{text}{_time_left([wave.ends for wave in under_way])}; {what}"


def _time_left(ends: Sequence[float | None]) -> str:
    """Say what waves take at most if all is in order, or at least, where that of one is unknown; nothing at the end."""
    known = [end for end in ends if end is not None]
    left = max(known, default=0.0) - time.monotonic()
    if left < 1:
        return ""
    about = "up to" if len(known) == len(ends) else "at least"
    return f", {about} {left / 60:.0f} min left" if left >= _MINUTES else f", {about} {left:.0f} s left"
