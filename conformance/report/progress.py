"""What the terminal shows while waves run."""

from __future__ import annotations

import sys
import time

import pytest

# Where nothing can be overwritten, a line of progress this often, in seconds.
_PAUSE = 5.0


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
