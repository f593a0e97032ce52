"""Bounds what a relay or its adapter may write: to its log, to ours, and in one text of an answer.

A relay that writes without end fills a disk within minutes. What lies in its work directory as one file is its log,
whatever it is called, and one of more than `LOG_LIMIT` octets ends the relay: no relay in order writes so much for a
few hundred messages. Then the middle of it is left out, and the file says so.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from conformance.evidence.record import Fault
from conformance.targets.process import log_tail
from conformance.wave.unusable import Flooded

T = TypeVar("T")

LOG_LIMIT = 512 * 2**20  # octets of one file

# Octets that are kept at either end.
_KEPT = 2**20

# Characters of one text, as of an error in the queue; a reply line of SMTP has 512 octets (RFC 5321 section 4.5.3.1.5).
TEXT_LIMIT = 65_536

_LOOK = 0.5  # seconds
_OWN_LOG = 2  # what a wave prints, and all that it starts and gives no other output


class FloodWatch:
    """Looks at the files in one relay's work directory, and at what the wave's process prints.

    Args:
        folder: The work directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def run(self) -> None:
        """Look until cancelled.

        Raises:
            Flooded: One is too long.
        """
        while True:
            for file in _too_long(self._folder):
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


def cut(folder: Path) -> None:
    """Leave out the middle of files that are too long, once nobody writes them any more, and the end of our own log."""
    for path in _too_long(folder):
        with path.open("r+b") as file:
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


def _too_long(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are too long; no links, and nothing below it."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False) and _on_disk(entry.stat()) > LOG_LIMIT:
                    yield Path(entry.path)
            except FileNotFoundError:
                continue  # it was removed meanwhile


def _on_disk(status: os.stat_result) -> int:
    """Return the octets that a file takes on disk: of a pipe none, of one with holes what lies between them."""
    return status.st_blocks * 512  # stat(2): whatever the file system's own blocks are


def _mebi(octets: int) -> str:
    return f"{octets // 2**20} MiB"
