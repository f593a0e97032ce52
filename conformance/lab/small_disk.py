"""A file system of a relay's own, in the namespace lab: it can be made full, and given room again.

It is a tmpfs, whose size can be changed while it is used (tmpfs(5)). So hardly anything has to be written to fill it,
and no process that writes at the same time gets in between.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Collection
from pathlib import Path

_ROOM = "50%"  # of the memory: what a tmpfs has by itself
_TRIES = 100  # blocks that may be given back while it is filled; and sizes that are tried, while others write
_OURS = ".nothing-left"  # the file that takes what is left
_AT_ONCE = 1 << 20  # octets of a file that are looked at together


class SmallDisk:
    """The file system at a folder.

    Args:
        folder: Where to mount it; empty, and nothing must work there yet.

    Raises:
        OSError: It cannot be mounted; the text says why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mode = f"mode={folder.stat().st_mode & 0o777:o}"
        _run("mount", "-t", "tmpfs", "-o", f"{mode},size={_ROOM}", "tmpfs", str(folder))

    @property
    def used(self) -> int:
        """How many octets are taken on it, in whole blocks."""
        seen = os.statvfs(self.folder)
        return (seen.f_blocks - seen.f_bfree) * seen.f_frsize

    def holding(self, lines: Collection[bytes]) -> Path | None:
        """Return a file on it that has one of some lines in it, or None; what is mounted below is not on it."""
        device = self.folder.stat().st_dev
        for folder, below, names in os.walk(self.folder):
            below[:] = [name for name in below if _is_on(device, Path(folder, name))]
            for file in (Path(folder, name) for name in names):
                if _is_on(device, file) and _has_any(file, lines):
                    return file
        return None

    def fill(self) -> None:
        """Leave no room: what is there stays, and no further block can be had.

        A size of 0 would be no limit (tmpfs(5)). So where nothing is taken one block stays, and whatever is left, or
        was given back meanwhile, goes to a file of ours.

        Raises:
            OSError: It cannot be done, or there is room all the same.
        """
        for left in reversed(range(_TRIES)):
            try:
                self._resize(str(max(self.used, os.statvfs(self.folder).f_frsize)))
                break
            except OSError:  # refused if more has been taken meanwhile
                if not left:
                    raise
        self._take_what_is_left()
        if os.statvfs(self.folder).f_bavail:
            raise OSError(errno.EAGAIN, f"there is room on {self.folder}, although it was filled")

    def make_room(self) -> None:
        """Give it as much room as it had.

        Raises:
            OSError: It cannot be done.
        """
        self._resize(_ROOM)
        (self.folder / _OURS).unlink(missing_ok=True)

    def _take_what_is_left(self) -> None:
        """Write until there is no room.

        Raises:
            OSError: A write fails for another reason, or none does though there should be no room.
        """
        block = bytes(os.statvfs(self.folder).f_frsize)
        try:
            with (self.folder / _OURS).open("xb", buffering=0) as file:
                for _ in range(_TRIES):
                    file.write(block)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return
            raise
        raise OSError(errno.EAGAIN, f"{self.folder} takes what is written, although it was filled")

    def unmount(self) -> None:
        """Take it away and leave what is on it in the folder, as far as it can be copied.

        Raises:
            OSError: It cannot be unmounted.
        """
        kept = self.folder.with_name(f"{self.folder.name}.kept")
        kept.mkdir()
        # what cannot be copied is not worth more than the rest: a socket, say
        subprocess.run(("cp", "-a", f"{self.folder}/.", str(kept)), capture_output=True, check=False)
        _run("umount", "--lazy", str(self.folder))
        shutil.copystat(kept, self.folder)
        kept.replace(self.folder)

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.folder))


def _is_on(device: int, path: Path) -> bool:
    """Tell whether a folder or a plain file is on a device, and is still there."""
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return False  # a relay moves its files about
    return seen.st_dev == device and (stat.S_ISDIR(seen.st_mode) or stat.S_ISREG(seen.st_mode))


def _has_any(file: Path, lines: Collection[bytes]) -> bool:
    """Tell whether one of some lines is in a file; one that cannot be read has none."""
    overlap = max(map(len, lines), default=0)
    kept = b""
    try:
        with file.open("rb") as octets:
            while more := octets.read(_AT_ONCE):
                kept = kept[-overlap:] + more
                if any(line in kept for line in lines):
                    return True
    except OSError:
        return False
    return False


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or f'exit status {done.returncode}'}")
