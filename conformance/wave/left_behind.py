"""Names the processes that are left when all relays were stopped: they left their group, and their parent is gone.

The guard ends them with the wave. A direct child of the wave is none of them: it may be a helper of the adapter's
Python. A process that is about to end has a moment for it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from conformance.wave.guard import GUARD

_MOMENT = 0.3  # seconds
_PROC = Path("/proc")
_SHOWN = 10  # processes that are named


async def left_behind() -> list[str]:
    """Return the orphans that there are, and are still there a moment later: command and number of each."""
    if not (before := _orphans()):
        return []
    await asyncio.sleep(_MOMENT)
    return [f"{_name(pid)} (process {pid})" for pid in sorted(before & _orphans())[:_SHOWN]]


def _orphans() -> set[int]:
    """Return the processes that were left to whom orphans are left to, in another session than ours."""
    own, guard = os.getpid(), os.getppid()
    if os.environ.get(GUARD) != str(guard):
        return set()
    found = set()
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == own:
            continue
        try:
            state, parent, _, session, *_ = (
                (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            )
        except (OSError, ValueError):
            continue  # it has ended
        if int(parent) == guard and int(session) != os.getsid(0) and state != "Z":
            found.add(int(entry.name))
    return found


def _name(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "one that has ended meanwhile"
