"""Starts a wave as a child process of pytest and waits for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from conformance.plan import Plan
from conformance.wave.__main__ import EXIT_INSTALLATION, command
from conformance.wave.guard import adopting_orphans


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
    """Run a wave in a folder and return the path of its record.

    The child holds the other end of a pipe: however we end, it notices, and takes everything down.

    Raises:
        WaveFailed: The wave did not come to its end.
    """
    work, record, log = folder / "work", folder / "record.jsonl", folder / "wave.log"
    work.mkdir()
    written = folder / "plan.json"
    replace(plan, work_directory=str(work)).write(written)
    # what pytest was told about warnings and imports is not meant for the wave
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONWARNINGS", "PYTHONPATH")}
    with (
        log.open("wb") as errors,
        adopting_orphans(),
        subprocess.Popen(
            command(written, record),
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches us alone, and we take it down in good order
            text=True,
        ) as child,
    ):
        try:
            last = _follow(child, progress)
            status = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if status == EXIT_INSTALLATION:
        raise WaveFailed(_installation(last), installation=True)
    if status != 0:
        said = log.read_text(encoding="utf-8", errors="replace")[-4000:].strip()
        raise WaveFailed(f"{_ending(status)}; its record, so far as it goes: {record}\n{said}")
    return record


def launch_all(plans: Sequence[tuple[Plan, Path]], progress: Shows) -> list[Path]:
    """Run several waves side by side, each in a folder of its own; see `launch`."""
    total = _Total(len(plans), progress)
    with ThreadPoolExecutor(len(plans)) as pool:
        waves = [
            pool.submit(launch, plan, folder, total.part(number))
            for number, (plan, folder) in enumerate(plans)
        ]
        return [wave.result() for wave in waves]


class _Total:
    """Adds up the progress of several waves."""

    def __init__(self, parts: int, progress: Shows) -> None:
        self._parts = [(0, 0)] * parts
        self._progress = progress
        self._lock = Lock()

    def part(self, number: int) -> Shows:
        return _Part(self, number)

    def advance(self, number: int, done: int, total: int) -> None:
        with self._lock:
            self._parts[number] = done, total
            self._progress.advance(sum(d for d, _ in self._parts), sum(t for _, t in self._parts))


class _Part:
    def __init__(self, total: _Total, number: int) -> None:
        self._total = total
        self._number = number

    def advance(self, done: int, total: int) -> None:
        """So many windows of this wave are closed."""
        self._total.advance(self._number, done, total)


def _ending(status: int) -> str:
    """Say in words how a wave ended; what a shell would call 128 + n is a signal as well."""
    number = -status if status < 0 else status - 128
    if number <= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(number).name}"


def _follow(child: subprocess.Popen[str], progress: Shows) -> dict[str, Any]:
    """Read progress until the child closes its output; return the last thing it said."""
    last: dict[str, Any] = {}
    assert child.stdout is not None
    for line in child.stdout:
        last = json.loads(line)
        if "done" in last:
            progress.advance(last["done"], last["total"])
    return last


def _installation(said: dict[str, Any]) -> str:
    parts = [str(said.get(key) or "") for key in ("installation", "hint", "log")]
    return "\n".join(part for part in parts if part)
