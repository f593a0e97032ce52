"""Starts a wave as a child process of pytest and waits for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from select import select
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Protocol

from conformance.wave.__main__ import EXIT_INSTALLATION, command
from conformance.wave.guard import adopting_orphans
from conformance.wave.plan import Plan

# Seconds that the first of several waves has for itself, unless it is under way before.
_HEAD_START = 1.0


class Shows(Protocol):
    """Whoever shows progress."""

    def advance(self, done: int, total: int) -> None:
        """So many windows of so many are closed."""


class WaveFailed(Exception):
    """A wave left no complete record; `installation` is set if this machine lacks something."""

    def __init__(self, message: str, *, installation: bool = False) -> None:
        super().__init__(message)
        self.installation = installation


def launch(plan: Plan, folder: Path, progress: Shows) -> Path:
    """Run one wave; see `launch_all`."""
    return launch_all([(plan, folder)], progress)[0]


def launch_all(
    plans: Sequence[tuple[Plan, Path]],
    progress: Shows,
    ended: Callable[[int, Path], object] = lambda _number, _record: None,
) -> list[Path]:
    """Run waves side by side, each in a folder of its own, and return the paths of their records.

    Each child holds the other end of a pipe: however we end, it notices, and takes everything down.

    Args:
        plans: Each with its folder.
        progress: Who shows how far they are.
        ended: Called with the place of a wave among the plans and with its record when it is complete, while others
            may still run.

    Raises:
        WaveFailed: A wave did not come to its end.
    """
    with adopting_orphans(), ExitStack() as stack:
        waves: list[_Wave] = []
        try:
            for plan, folder in plans:
                waves.append(_Wave(plan, folder, stack))
                if len(waves) == 1 < len(plans):
                    # the first one has most to do, and all of them start by loading the same code
                    waves[0].await_sign(_HEAD_START)
            _follow(waves, progress, ended)
        except BaseException:
            for wave in waves:
                wave.child.terminate()
            for wave in waves:
                wave.child.wait()
            raise
    return [wave.record_path() for wave in waves]


class _Wave:
    """A running wave: the child, and what it said so far."""

    def __init__(self, plan: Plan, folder: Path, stack: ExitStack) -> None:
        work, self._record, self._log = folder / "work", folder / "record.jsonl", folder / "wave.log"
        work.mkdir()
        written = folder / "plan.json"
        replace(plan, work_directory=str(work)).write(written)
        # what pytest was told about warnings and imports is not meant for the wave
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONWARNINGS", "PYTHONPATH")}
        self.child = stack.enter_context(
            subprocess.Popen(
                command(written, self._record),
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(self._log.open("wb")),
                start_new_session=True,  # Ctrl-C reaches us alone, and we take it down in good order
            )
        )
        assert self.child.stdout is not None
        self.output = self.child.stdout
        self.windows = (0, len(plan.scenarios))
        self._last: dict[str, Any] = {}
        self._half_line = b""

    def await_sign(self, seconds: float) -> None:
        """Wait until the child says something, for so many seconds at most."""
        select([self.output], [], [], seconds)

    def hear(self, octets: bytes) -> None:
        """Take what the child wrote to its standard output."""
        *lines, self._half_line = (self._half_line + octets).split(b"\n")
        for line in lines:
            self._last = json.loads(line)
            if "done" in self._last:
                self.windows = self._last["done"], self._last["total"]

    def record_path(self) -> Path:
        """Return the record of a wave that has ended.

        Raises:
            WaveFailed: It is not complete.
        """
        status = self.child.wait()
        if status == EXIT_INSTALLATION:
            raise WaveFailed(_installation(self._last), installation=True)
        if status != 0:
            said = self._log.read_text(encoding="utf-8", errors="replace")[-4000:].strip()
            raise WaveFailed(f"{_ending(status)}; its record, so far as it goes: {self._record}\n{said}")
        return self._record


def _follow(waves: Sequence[_Wave], progress: Shows, ended: Callable[[int, Path], object]) -> None:
    """Show progress until every child has closed its output."""
    with DefaultSelector() as selector:
        for wave in waves:
            selector.register(wave.output, EVENT_READ, wave)
        while selector.get_map():
            for key, _ in selector.select():
                octets = os.read(key.fd, 65_536)
                if not octets:
                    selector.unregister(key.fileobj)
                    ended(waves.index(key.data), key.data.record_path())
                    continue
                key.data.hear(octets)
                counts = [wave.windows for wave in waves]
                progress.advance(sum(done for done, _ in counts), sum(total for _, total in counts))


def _ending(status: int) -> str:
    """Say in words how a wave ended; what a shell would call 128 + n is a signal as well."""
    number = -status if status < 0 else status - 128
    if number <= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(number).name}"


def _installation(said: dict[str, Any]) -> str:
    parts = [str(said.get(key) or "") for key in ("installation", "hint", "log")]
    return "\n".join(part for part in parts if part)
