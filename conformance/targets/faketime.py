"""A movable clock for relays that have none: libfaketime, preloaded into all their processes.

Works for programs that ask the C library for the time: not for static binaries, nor for Go. An adapter that
offers CLOCK with it needs five lines::

    clock = faketime.Clock(config.work_directory / "clock")     # before the relay is started
    relay = await spawn(command, cwd=..., log=..., env={"PATH": path, **clock.environment})

    async def move_clock(self, seconds):                        # in the object that running() yields
        self.clock.advance(seconds)
        await run("myrelayq", "--flush")                        # or its timers go on in real time

Only the time of day moves. Monotonic clocks, sleeps and time-outs stay real, and so do the time stamps of files:
what a relay writes gets the real time, what it sets by utime(2) is kept as it was set.

Each process keeps two small files in /dev/shm, named by its process id; one that is killed leaves them behind. In
the namespace lab /dev/shm is private, so that equal process ids of two labs do not meet there.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

from conformance.target import TargetError

# Where distributions keep it, ours first: Debian and Ubuntu, Fedora, Arch and others, built by hand.
_FOLDERS = (
    *(f"/usr/lib/{triplet}/faketime" for triplet in [sysconfig.get_config_var("MULTIARCH")] if triplet),
    "/usr/lib64/faketime",
    "/usr/lib/faketime",
    "/usr/local/lib/faketime",
)


def library(*, threads: bool = False) -> Path:
    """Return the library to preload.

    Args:
        threads: Return the variant that locks itself against threads of one process asking at once.

    Raises:
        TargetError: It is not installed (`installation` is set).
    """
    name = "libfaketimeMT.so.1" if threads else "libfaketime.so.1"
    for folder in _FOLDERS:
        if (path := Path(folder, name)).exists():
            return path
    raise TargetError(
        "libfaketime is not installed, so the relay's clock cannot be moved",
        hint="Debian and Ubuntu: apt-get install libfaketime",
        installation=True,
    )


def available() -> bool:
    """Tell whether `library` would find one."""
    try:
        library()
    except TargetError:
        return False
    return True


class Clock:
    """The clock of all processes that were started with its `environment`.

    Args:
        file: Where to keep how far it is ahead, as an absolute path. Every user that the relay becomes must be
            able to reach it, and see it under this very path if chrooted. It is replaced by rename, so its
            folder, not the file, is what to bind-mount.
        threads: Whether processes of the relay ask for the time from several threads.

    Attributes:
        environment: Variables for the relay and for every program that stamps mail on its behalf. A relay that
            cleans the environment of its daemons must be told to keep them; a setuid or setgid program that is
            started by another user ignores them.
        offset: How far it is ahead of real time, in seconds.

    Raises:
        TargetError: libfaketime is not installed (`installation` is set).
    """

    def __init__(self, file: Path, *, threads: bool = False) -> None:
        self.offset = 0.0
        self._file = file
        self.environment = {
            "LD_PRELOAD": str(library(threads=threads)),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",  # else a move is noticed up to ten seconds later
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # The library would add today's offset to yesterday's time stamps: no file would ever grow old.
            "NO_FAKE_STAT": "1",
            "FAKE_UTIME": "0",
        }
        self._write()

    def advance(self, seconds: float) -> None:
        """Move it forward; whoever asks for the time after this returns sees it."""
        self.offset += seconds
        self._write()

    def _write(self) -> None:
        # Replaced as a whole: half a number would be another time.
        fresh = self._file.with_name(f"{self._file.name}.new")
        fresh.write_text(f"+{self.offset:.6f}\n", encoding="ascii")
        fresh.chmod(0o644)
        fresh.replace(self._file)
