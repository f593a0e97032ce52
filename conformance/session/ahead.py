"""The processes of waves, some of which are started before it is known what they are to do.

A wave loads some hundreds of modules before it reads its plan. While pytest collects its tests it needs one processor;
another one can do that meanwhile, one process after the other.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from conformance.wave.__main__ import command

# What a wave waits for before it reads its plan; see `conformance.wave.__main__`.
WORD = b"\n"

# So many are started at most: a run of a few tests has no use for more, and one processor none at all.
AHEAD = 4 if (os.cpu_count() or 1) > 1 else 0


def record_in(folder: Path) -> Path:
    """Return where a wave that has a folder writes its record."""
    return folder / "record.jsonl"


def plan_in(folder: Path) -> Path:
    """Return where it finds its plan."""
    return folder / "plan.json"


def log_in(folder: Path) -> Path:
    """Return where it writes its log."""
    return folder / "wave.log"


def start(folder: Path, lab: str) -> subprocess.Popen[bytes]:
    """Start the process of a wave, which reads its plan when it gets the word.

    Args:
        folder: The wave's own.
        lab: What its plan names.

    Raises:
        OSError: It cannot be started.
    """
    # what pytest was told about warnings and imports is not meant for the wave
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONWARNINGS", "PYTHONPATH")}
    with log_in(folder).open("wb") as log:
        return subprocess.Popen(
            command(plan_in(folder), record_in(folder), lab),
            bufsize=0,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone, and we take it down in good order
        )


class Ahead:
    """Processes of waves that wait for the word.

    Args:
        make: Makes so many folders for waves.
    """

    def __init__(self, make: Callable[[int], Sequence[Path]] = lambda _count: ()) -> None:
        self._make = make
        self._made: list[Path] = []
        self._waiting: dict[Path, subprocess.Popen[bytes]] = {}
        self._enough = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, lab: str, folders: Sequence[Path]) -> None:
        """Start one for each of these folders, one after the other, until somebody asks for folders."""
        self._made += folders
        self._thread = threading.Thread(target=self._start, args=(lab,), daemon=True)
        self._thread.start()

    def folders(self, count: int) -> list[Path]:
        """Return so many folders, first those for which there is a process."""
        self._end()
        made, self._made = self._made[:count], self._made[count:]
        return [*made, *self._make(count - len(made))]

    def take(self, folder: Path) -> subprocess.Popen[bytes] | None:
        """Return the process that waits for a wave with this folder, if there is one."""
        return self._waiting.pop(folder, None)

    def close(self) -> None:
        """End those that nobody took, and remove their folders."""
        self._end()
        for child in self._waiting.values():
            child.communicate()  # it waits for the word, and ends when none can come any more
        self._waiting.clear()
        for folder in self._made:
            log_in(folder).unlink(missing_ok=True)
            with suppress(OSError):  # somebody has put something there
                folder.rmdir()
        self._made.clear()

    def _end(self) -> None:
        self._enough.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self, lab: str) -> None:
        for folder in tuple(self._made):
            if self._enough.is_set():
                return
            try:
                child = start(folder, lab)
            except OSError:  # told when the wave is to start
                return
            self._waiting[folder] = child
            self._until_loaded(child)

    def _until_loaded(self, child: subprocess.Popen[bytes]) -> None:
        """Wait until a process has said that it has loaded everything, or has ended, or there are enough."""
        assert child.stdout is not None
        while not self._enough.is_set():
            if select.select([child.stdout], [], [], 0.05)[0]:
                return
