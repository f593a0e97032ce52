"""The fake world goes before the relay: one of a hundred processes keeps no fake waiting for the processor.

What is late in the fake world spoils verdicts, and what is late in a relay that makes the machine busy is its own. Only
root may ask for that, and for nobody else anything is different. Processes that share a session share the processor as
one where the kernel groups them so (sched(7), autogroup); a relay has sessions of its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_AHEAD = 10  # of niceness: about ten times the share
_OF_SESSION = Path("/proc/self/autogroup")
_before: int | None = None


def go_ahead() -> None:
    """Have this process, and what it starts, go before others, as far as that is allowed."""
    global _before
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):  # it takes root, and a kernel that has such groups
        os.setpriority(os.PRIO_PROCESS, 0, niceness - _AHEAD)
        _before = niceness
        _OF_SESSION.write_text(str(-_AHEAD), encoding="ascii")


def have_fall_back(group: int) -> None:
    """Have a command that was just started, and what it has begun, go where they would be without that.

    Args:
        group: Its group of processes, which it leads: it was started in a session of its own.
    """
    if _before is not None:
        with suppress(ProcessLookupError):  # it is done
            os.setpriority(os.PRIO_PGRP, group, _before)


def fall_back() -> None:
    """Have this process go where it would be without that; for a relay that has just been forked."""
    if _before is not None:
        os.setpriority(os.PRIO_PROCESS, 0, _before)
