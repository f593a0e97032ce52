"""Mounts by the calls themselves: no program has to be started for one, which takes seconds on a crowded machine."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from conformance.target import TargetError

# linux/mount.h; what statvfs(3) tells of a mount has the same numbers
_NOSUID, _REMOUNT, _BIND, _REC = 2, 32, 4096, 16384
_KEPT = os.ST_RDONLY | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
_DETACH = 2  # MNT_DETACH, umount2(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


def memory(where: Path) -> None:
    """Mount an empty file system in memory.

    Raises:
        TargetError: It cannot be done, as with what follows.
    """
    _mount("tmpfs", where, "tmpfs", options="mode=755")


def bind(what: Path, where: Path) -> None:
    """Show a folder, without what is mounted below it, at another place."""
    _mount(what, where, flags=_BIND)


def bind_all(what: Path, where: Path) -> None:
    """Show a folder, with what is mounted below it, at another place."""
    _mount(what, where, flags=_BIND | _REC)


def lend_nobody(where: Path) -> None:
    """Have programs of what is mounted there run with the rights of who starts them; all else stays as it is."""
    _mount("none", where, flags=_REMOUNT | _BIND | _NOSUID | os.statvfs(where).f_flag & _KEPT)


def layers(where: Path, *lower: Path, upper: Path, work: Path) -> None:
    """Lay a folder that can be written to over others, the first of which is on top."""
    below = ":".join(map(str, lower))
    _mount("overlay", where, "overlay", options=f"lowerdir={below},upperdir={upper},workdir={work}")


def reading_layers(where: Path, *lower: Path) -> None:
    """Lay folders over each other, to be read, and programs of theirs lend nobody's rights."""
    _mount("overlay", where, "overlay", flags=_NOSUID, options=f"lowerdir={':'.join(map(str, lower))}")


def unmount(where: Path) -> None:
    """Take away what is mounted at a place, even if it is in use."""
    if _LIBC.umount2(os.fsencode(where), _DETACH) != 0:
        raise TargetError(f"cannot unmount {where}: {os.strerror(ctypes.get_errno())}")


def _mount(what: str | Path, where: Path, kind: str = "none", *, flags: int = 0, options: str = "") -> None:
    words = os.fsencode(what), os.fsencode(where), kind.encode(), ctypes.c_ulong(flags), os.fsencode(options)
    if _LIBC.mount(*words) != 0:
        raise TargetError(f"cannot mount {what} at {where}: {os.strerror(ctypes.get_errno())}")
