"""Reads a log while it is written: each look takes what is new, in whole lines, and makes events of it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

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
        try:
            with open_to_read(self.path) as file:
                seen = os.fstat(file.fileno())
                found: list[str] = []
                if self._file and seen.st_ino != self._file:
                    found = self._rest_of_renamed()
                    self._begin()
                elif seen.st_size < self._offset:
                    self._begin()
                self._file = seen.st_ino
                return found + self._read(file)
        except FileNotFoundError:
            return []  # nothing was said yet; or it is being replaced
        except OSError as error:
            why = error if isinstance(error, NotPlain) else error.strerror
            raise TargetError(f"the log cannot be read: {why}") from error

    def _begin(self) -> None:
        self._offset, self._part = 0, b""

    def _rest_of_renamed(self) -> list[str]:
        found: list[str] = []
        for path in self.path.parent.iterdir():
            # it may be taken away meanwhile
            with suppress(FileNotFoundError):
                if path.lstat().st_ino == self._file:
                    with open_to_read(path) as file:
                        found = self._read(file)
        return [*found, *([_text(self._part)] if self._part else [])]

    def _read(self, file: BinaryIO) -> list[str]:
        file.seek(self._offset)
        fresh = file.read()
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
