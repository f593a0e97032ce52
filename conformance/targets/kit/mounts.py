"""Mounts that one relay sees and nobody else, in the namespace lab: each instance has fixed paths to itself.

The thread of an adapter's loop gets a mount namespace of its own (unshare(2), CLONE_NEWNS). The processes that it
starts have it too, and what the adapter reads and writes by a path is what its relay sees there.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

from conformance.target import TargetError
from conformance.targets import patience

_CLONE_NEWNS = 0x00020000  # sched.h
_BURIAL = 20.0  # seconds for the killed to be gone; hundreds of them, on a crowded machine, take some
_POLL = 0.005
_LIBC = ctypes.CDLL(None, use_errno=True)


def leave_shared_mounts() -> None:
    """Have this thread, and what it starts from now on, see mounts of its own.

    Raises:
        TargetError: It may not.
    """
    if _LIBC.unshare(_CLONE_NEWNS) != 0:
        raise TargetError(f"no mounts of the relay's own: {os.strerror(ctypes.get_errno())}")


def processes() -> list[int]:
    """Return the processes that see the mounts of this thread, but for the one that it belongs to."""
    mine = os.readlink("/proc/thread-self/ns/mnt")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(
                FileNotFoundError, ProcessLookupError, PermissionError
            ):  # ended, or somebody else's
                if os.readlink(entry / "ns/mnt") == mine:
                    found.append(int(entry.name))
    return found


async def kill_all(but: frozenset[int] = frozenset()) -> None:
    """End every process that sees the mounts of this thread by SIGKILL, whoever started it; all are stopped first.

    Returns once they are gone, so that who starts the relay again meets none of them.

    Args:
        but: Process ids of those that are left alone.

    Raises:
        TargetError: Some are not, as where a file system holds them.
    """
    stopped: set[int] = set()
    while fresh := {*processes()} - stopped - but:  # who was not stopped yet may have started others
        for each in fresh:
            _send(each, signal.SIGSTOP)
        stopped |= fresh
    for each in stopped:
        _send(each, signal.SIGKILL)
    try:
        async with patience.timeout(_BURIAL):
            while stopped & {*processes()}:  # noqa: ASYNC110 (nobody tells that they are gone)
                await asyncio.sleep(_POLL)
    except TimeoutError as error:
        left = sorted(stopped & {*processes()})
        raise TargetError(f"processes that were killed do not end: {', '.join(map(str, left))}") from error


def _send(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)
