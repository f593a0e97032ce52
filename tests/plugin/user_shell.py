"""Runs pytest the way users do: as a process of its own, in a folder of their own.

A wave takes seconds in which nearly nothing is computed. Therefore all runs that the selected tests ask for by
the marker `user` are started before the first test, some at a time, and a test waits for its own only. That makes a
crowd, and a small machine may be late in it: what was not judged because of that is run again.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

HERE = Path(__file__).parent
PYTEST = Path(sys.executable).with_name("pytest")

# What lies in a user's folder beside `adapters.py`, which imports it.
NEIGHBOURS = ("broken_relays.py", "blocking_adapters.py", "hostile_relays.py", "hostile_acts.py")

# Enough for what the suite is asked here, little enough for a wave of some seven seconds.
SELECTION = "connection_refused and (error_code or (retried and not all_day))"

_AT_A_TIME = 6
# Seconds; every run must end by itself before, on the slowest machine. What hangs in one does so for an hour or a day.
_LONGEST = 900.0

# A run in which the suite was late says nothing of what is tested here; so often it is made again, by itself.
_AGAIN = 2
_WE_WERE_LATE = re.compile(r"the suite itself was \S+ s late|the machine was crowded")


@dataclass(frozen=True)
class Ended:
    """What a user has in front of them after a command."""

    status: int
    text: str
    folder: Path
    seconds: float

    def rows(self, kind: str, report: str = "rep") -> list[dict[str, Any]]:
        """Rows of one kind in a report."""
        text = (self.folder / report / "report.jsonl").read_text(encoding="utf-8")
        return [row for row in map(json.loads, text.splitlines()) if row["kind"] == kind]

    def verdicts_in(self, report: str) -> dict[str, str]:
        """Verdicts in a report by `aspect[failure_mode]`."""
        rows = self.rows("verdict", report)
        return {f"{row['aspect']}[{row['failure_mode']}]": row["verdict"] for row in rows}

    @property
    def verdicts(self) -> dict[str, str]:
        return self.verdicts_in("rep")

    @property
    def late(self) -> bool:
        """Whether this machine had so much else to do that something was not judged because of that."""
        return _WE_WERE_LATE.search(self.text) is not None


class Shell:
    """Runs command lines, each kind in a fresh folder, some at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pool = ThreadPoolExecutor(_AT_A_TIME)
        self._started: dict[str, Future[Any]] = {}
        self._count = itertools.count(1)
        self._alone = threading.Lock()

    def folder(self) -> Path:
        made = self._root / f"user-{next(self._count)}"
        made.mkdir()
        return made

    def start(self, *lines: str, files: Mapping[str, str] | None = None) -> Future[list[Ended]]:
        """Start command lines one after the other in one folder; the same question is asked once only."""

        def run_all() -> list[Ended]:
            folder = self.folder()
            fill(folder, files or {})
            return [run(line, folder) for line in lines]

        def in_time() -> list[Ended]:
            ended = run_all()
            for _ in range(_AGAIN):
                if not any(each.late for each in ended):
                    break
                with self._alone:
                    ended = run_all()
            return ended

        return self.once(json.dumps([lines, dict(files or {})]), in_time)

    def once(self, key: str, work: Callable[[], T]) -> Future[T]:
        """Start any work, if none of that key was started yet."""
        if key not in self._started:
            self._started[key] = self._pool.submit(work)
        return self._started[key]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def fill(folder: Path, files: Mapping[str, str]) -> None:
    """Write files; the adapters that are broken are always there."""
    shutil.copy(HERE / "broken_adapters.py", folder / "adapters.py")
    for neighbour in NEIGHBOURS:
        shutil.copy(HERE / neighbour, folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def words(line: str) -> list[str]:
    """Split a command line at spaces that are not within brackets or quotes."""
    return [word.replace("'", "") for word in re.findall(r"(?:'[^']*'|\S)+", line)]


def environment() -> dict[str, str]:
    """Return the environment of a user at a terminal: nothing of the pytest that runs these tests, and no CI."""
    ours = ("PYTEST", "PYTHON", "COV_", "CI", "BUILD_NUMBER", "GITHUB_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    # who wants another order, or another face of the terminal, asks for it
    return {**kept, "COLUMNS": "100", "PYTEST_ADDOPTS": "-p no:randomly -p no:sugar"}


def run(
    line: str, folder: Path, *, python: str = sys.executable, env: Mapping[str, str] | None = None
) -> Ended:
    """Run `pytest ...` or `python -m pytest ...` in a folder, with further variables in its environment."""
    program, *rest = words(line)
    command = [python, *rest] if program == "python" else [str(Path(python).with_name(program)), *rest]
    begin = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    return Ended(done.returncode, done.stdout, folder, time.monotonic() - begin)
