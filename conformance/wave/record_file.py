"""The record of a wave as a file, of which everything is there however the wave ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conformance.evidence.record import Entry, to_line
from fake_servers import Event


class RecordUnwritable(Exception):
    """The record cannot be written; the text names the file and the reason."""


class RecordFile:
    """Writes entries as they become known.

    Events are kept back until something else is written: at the latest when the relay's queue was listed again.

    Args:
        path: The file; what was there is overwritten.

    Raises:
        RecordUnwritable: It cannot be opened.

    Attributes:
        failed: Called once, when an entry cannot be written. From then on nothing is: what came after a hole would be
            taken for the whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._error: OSError | None = None
        self.failed: Callable[[], object] = lambda: None
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error

    def tell(self, entry: Entry) -> None:
        """Write an entry."""
        if self._error is not None:
            return
        try:
            self._file.write(to_line(entry) + "\n")
            if not isinstance(entry, Event):
                self._file.flush()
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Write what was kept back.

        Raises:
            RecordUnwritable: Not everything could be written, now or earlier.
        """
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)
        if self._error is not None:
            raise self._unwritable(self._error) from self._error

    def _fail(self, error: OSError) -> None:
        if self._error is None:
            self._error = error
            self.failed()

    def _unwritable(self, error: OSError) -> RecordUnwritable:
        return RecordUnwritable(f"cannot write {self._path}: {error.strerror or error}")
