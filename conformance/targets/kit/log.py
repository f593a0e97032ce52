"""Reads a log while it is written: each look takes what is new, in whole lines, and makes events of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from conformance.target import DeliveryEvent, TargetError
from conformance.targets.plain_file import NotPlain, open_to_read


class Tail:
    """What is written to a file from now on, line by line; it need not be there yet.

    A file that was renamed, with another one in its place (as logrotate does), is read to its end first; one that was
    cut short is read from its beginning. What is cut off before anybody looked is not seen.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = 0  # its number, by which it is known under another name
        self._offset = 0
        self._part = b""  # of a line that is not complete

    def lines(self) -> list[str]:
        """Return the lines that were completed since last time, without their ends.

        Raises:
            TargetError: It is no file.
        """
        found: list[str] = []
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            return found  # nothing was said yet; or it is being replaced
        except OSError as error:
            raise TargetError(f"the log cannot be read: {error}") from error
        if self._file and seen.st_ino != self._file:
            found += self._rest_of_renamed()
            self._offset, self._part = 0, b""
        elif seen.st_size < self._offset:
            self._offset, self._part = 0, b""
        self._file = seen.st_ino
        return found + self._read(self.path)

    def _rest_of_renamed(self) -> list[str]:
        for path in self.path.parent.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_ino == self._file:
                    found = self._read(path)
                    return [*found, *([_text(self._part)] if self._part else [])]
        return [_text(self._part)] if self._part else []

    def _read(self, path: Path) -> list[str]:
        try:
            with open_to_read(path) as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            return []
        except NotPlain as error:
            raise TargetError(f"the log cannot be read: {error}") from error
        self._offset += len(fresh)
        complete, newline, self._part = (self._part + fresh).rpartition(b"\n")
        # not splitlines(): a reply of a remote server may hold other line separators, U+2028 for one
        return _text(complete).split("\n") if newline else []


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


class EventLog(ABC):
    """A log from which events are read; `feed` is what is each relay's own.

    Attributes:
        events: All that were read so far, oldest first.
    """

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self.events: list[DeliveryEvent] = []

    def read(self) -> None:
        """Read what was written since last time and append it to `events`; half a line is left for later."""
        self.feed(self._tail.lines())

    @abstractmethod
    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first, and append to `events`."""
