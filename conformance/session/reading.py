"""Reads records that stay in memory to the end of the run, as do verdicts.

They are a hundred thousand objects and more, none of them garbage before pytest ends. Python's collector of garbage
does not know that, and goes over all of them again and again: a third of what a run of pytest took.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.evidence.record import Entry, Record, from_line, load

# Octets that are read of a record at a time while its wave goes on, a tenth of a second's work; a line may be longer.
_AT_A_TIME = 8_000_000


@contextmanager
def for_good() -> Iterator[None]:
    """Have the collector wait meanwhile, and leave alone whatever there is afterwards."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def read_for_good(path: Path) -> Record:
    """Load a record, and have the collector leave alone whatever there is by then.

    Raises:
        RecordError: The file cannot be read or is not a record.
    """
    with for_good():
        return load(path)


class Growing:
    """Reads a record while it is written, so that little is left to be read when its wave has ended.

    Args:
        path: The record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: list[Entry] = []
        self._octets = 0
        self._most = _AT_A_TIME

    def read_on(self) -> None:
        """Read a part of what has been written since; what cannot be read is told when all is there."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._octets)
                octets = file.read(self._most)
        except OSError:
            return  # there is none yet
        end = octets.rfind(b"\n") + 1
        if not end and len(octets) == self._most:
            self._most *= 2
        with for_good():
            for line in octets[:end].splitlines(keepends=True):
                try:
                    self._known.append(from_line(line.decode("utf-8")))
                except ValueError:
                    return
                self._octets += len(line)

    def whole(self) -> Record:
        """Return the record of a wave that has ended.

        Raises:
            RecordError: The file cannot be read or is not a record.
        """
        with for_good():
            return load(self._path, self._known, self._octets)
