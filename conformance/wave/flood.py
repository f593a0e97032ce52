"""Bounds what a relay or its adapter may write: to its log, to ours, and in one text of an answer.

A relay that writes without end fills a disk within minutes. What lies in its work directory as one file is its log,
whatever it is called, and one of more than `LOG_LIMIT` octets that goes on growing ends the relay: no relay in order
writes so much for a few hundred messages. Then the middle of it is left out, and the file says so. Room that is only
reserved, as databases do, counts for nothing, and neither does a large file that does not grow.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from conformance.evidence.record import Fault
from conformance.targets.plain_file import open_to_read
from conformance.targets.process import log_tail
from conformance.wave.unusable import Flooded

T = TypeVar("T")

LOG_LIMIT = 512 * 2**20  # octets of one file

# Octets that are kept at either end.
_KEPT = 2**20

# Characters of one text, as of an error in the queue; a reply line of SMTP has 512 octets (RFC 5321 section 4.5.3.1.5).
TEXT_LIMIT = 65_536

_LOOK = 0.5  # seconds
_GROWING = 2  # so many looks in a row at which it had grown show that it goes on
_MOST_PIECES = 10_000  # of a file, between holes, that are looked at
_OWN_LOG = 2  # what a wave prints, and all that it starts and gives no other output


class FloodWatch:
    """Looks at the files in one relay's work directory, and at what the wave's process prints.

    Args:
        folder: The work directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, tuple[int, int]] = {}  # octets, and looks in a row at which they were more

    async def run(self) -> None:
        """Look until cancelled.

        Raises:
            Flooded: One is too long.
        """
        while True:
            for file in self._growing():
                raise Flooded(
                    Fault.TARGET,
                    f"the relay wrote more than {_mebi(LOG_LIMIT)} to {file.name}, so it was ended",
                    hint=f"The first and the last {_mebi(_KEPT)} of the file are kept.",
                    log=log_tail(file),
                )
            if _on_disk(os.fstat(_OWN_LOG)) > LOG_LIMIT:
                raise Flooded(
                    Fault.ADAPTER,
                    f"the adapter, or a relay that it gave no output of its own, printed more than {_mebi(LOG_LIMIT)}, "
                    "so it was ended",
                    hint=f"The first {_mebi(_KEPT)} are kept in wave.log.",
                )
            await asyncio.sleep(_LOOK)

    def _growing(self) -> Iterator[Path]:
        for file, size in _too_long(self._folder):
            before, grown = self._sizes.get(file.name, (size, 0))
            self._sizes[file.name] = size, grown + 1 if size > before else 0
            if self._sizes[file.name][1] >= _GROWING:
                yield file


def cut(folder: Path) -> None:
    """Leave out the middle of files that are too long, once nobody writes them any more, and the end of our own log."""
    for path, _ in _too_long(folder):
        with _to_change(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(size - _KEPT)
            end = file.read()
            file.seek(_KEPT)
            file.write(f"\n[... {size - 2 * _KEPT} octets were left out here ...]\n".encode() + end)
            file.truncate()
    own = _OWN_LOG
    if _on_disk(os.fstat(own)) > LOG_LIMIT:
        os.ftruncate(own, _KEPT)
        os.lseek(own, 0, os.SEEK_END)
        os.write(own, b"\n[... the rest was left out ...]\n")


def shortened(item: T) -> T:
    """Return what an adapter returned with texts of bearable length; those that are not say what was left out."""
    if not is_dataclass(item) or isinstance(item, type):
        return item
    texts = {each.name: getattr(item, each.name) for each in fields(item)}
    long: dict[str, Any] = {
        name: f"{text[:TEXT_LIMIT]} [... {len(text) - TEXT_LIMIT} characters left out]"
        for name, text in texts.items()
        if type(text) is str and len(text) > TEXT_LIMIT
    }
    return replace(item, **long) if long else item


def _to_change(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC), "r+b")


def _too_long(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield the files of a folder that are too long, with their octets; no links, and nothing below it.

    A folder that cannot be read now, or is gone, has none.
    """
    try:
        entries = [*os.scandir(folder)]
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):  # it was removed meanwhile
            if (
                entry.is_file(follow_symlinks=False)
                and _on_disk(entry.stat(follow_symlinks=False)) > LOG_LIMIT
            ):
                size = _written(Path(entry.path))
                if size > LOG_LIMIT:
                    yield Path(entry.path), size


def _on_disk(status: os.stat_result) -> int:
    """Return the octets that a file takes on disk: of a pipe none, of one with holes what lies between them."""
    return status.st_blocks * 512  # stat(2): whatever the file system's own blocks are


def _written(path: Path) -> int:
    """Return the octets of a file that were written, as far as the file system knows them from reserved ones.

    lseek(2): what was reserved by fallocate(2) and never written may count as a hole.
    """
    with open_to_read(path) as file:
        descriptor, end, written = file.fileno(), 0, 0
        for _ in range(_MOST_PIECES):
            try:
                begin = os.lseek(descriptor, end, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole follows
                    return written
                raise
            end = os.lseek(descriptor, begin, os.SEEK_HOLE)
            written += end - begin
        return written


def _mebi(octets: int) -> str:
    return f"{octets // 2**20} MiB"
