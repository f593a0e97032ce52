"""Whether the disk is full: then a relay that takes no mail and an adapter that raises are not to blame for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from conformance.evidence.record import Fault
from conformance.wave.unusable import TargetUnusable

# Octets; with less left nothing can be taken in or noted that is worth it.
_NOTHING = 65_536

# What a write raises if there is no room: on the file system, or for this user (write(2)).
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_HINT = "Make room, or name a folder on another file system: --basetemp=DIR."


def full(folder: Path) -> str:
    """Say that nothing can be written below a folder for want of room; empty if there is some."""
    try:
        seen = os.statvfs(folder)
    except OSError:
        return ""  # the folder is gone, and with it whatever it would have said
    blocks = seen.f_bfree if os.geteuid() == 0 else seen.f_bavail
    left = blocks * seen.f_frsize
    if left < _NOTHING:
        return f"the disk is full: {left} octets are left on the file system of {folder}"
    if seen.f_files and not seen.f_favail:
        return f"the disk is full: the file system of {folder} takes no further file"
    return ""


def excused(trouble: TargetUnusable, folder: Path) -> TargetUnusable:
    """Return trouble that a relay or an adapter made; where there was no room to write it is this machine's fault.

    Args:
        trouble: What broke.
        folder: Below which the relay works; of other places an error of its adapter's may tell.
    """
    if trouble.fault is Fault.HARNESS or trouble.installation:
        return trouble
    words = full(folder) or _said(trouble)
    if not words:
        return trouble
    return TargetUnusable(Fault.HARNESS, f"{words} ({trouble})", hint=_HINT, log=trouble.log)


def no_room(staged_refusal: str, folder: Path) -> TargetUnusable | None:
    """Return why a relay refused a message, if the disk is full; None if it is not, or if it did not refuse."""
    words = full(folder) if staged_refusal else ""
    return TargetUnusable(Fault.HARNESS, words, hint=_HINT) if words else None


def _said(trouble: TargetUnusable) -> str:
    """Return what an error behind trouble says of a disk on which there is no room."""
    error: BaseException | None = trouble
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return f"the disk is full: {error.filename or 'nobody says which'}"
        error = error.__cause__ or error.__context__
    return ""
