"""Shows that a wave is alive: the second line of defence, against code that holds the interpreter or the whole process.

What blocks in an adapter's own loop is given up after its limit, by us, in Python (`adapter.py`). Nothing in Python
helps against an extension that keeps the interpreter's lock, or a regular expression that never ends: then no thread of
ours runs. So a thread beats once a second, and each beat winds up a timer of the interpreter's own (`faulthandler`),
which needs no lock: when it runs out it writes where every thread stands to the wave's log, and ends the process. Each
beat is also an empty line on the wave's output; when none comes any more, not even the timer runs, as in a process that
was stopped, and pytest ends it.
"""

from __future__ import annotations

import faulthandler
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from conformance.evidence.record import Fault
from conformance.wave.stuck import is_library

BEAT = 1.0

# Seconds for which the interpreter may be held by whoever it is.
HELD_LIMIT = 30.0
# Seconds without a beat after which pytest looks in its log whether it was held: later than it has said so.
LOOK_LIMIT = HELD_LIMIT + 3.0
# Seconds without a beat after which pytest ends a wave that says nothing: a busy machine takes long to start one.
SILENCE_LIMIT = 60.0

_OURS = Path(__file__).parents[2]
# Below that, what comes with the suite but is an adapter's.
_ADAPTERS = _OURS / "conformance" / "targets"
_TOLD = "Timeout ("  # the word of faulthandler.dump_traceback_later()
_THREAD = re.compile(r"^(?:Current thread|Thread) 0x[0-9a-f]+.*$", re.MULTILINE)
_CALL = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)

# Lines that are shown of a thread.
_MOST = 20


def start(tell: Callable[[], None]) -> None:
    """Beat until the process ends.

    Args:
        tell: Called at each beat.
    """

    def beat() -> None:
        while True:  # until the process ends, or pytest has, and the guard is about to see to that
            faulthandler.dump_traceback_later(HELD_LIMIT, file=sys.__stderr__ or sys.stderr)
            try:
                tell()
            except BrokenPipeError:
                return
            time.sleep(BEAT)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


class Held(NamedTuple):
    """Why a wave did not beat any more: whose fault, in words, and where the thread stood that is to blame."""

    fault: Fault
    message: str
    log: str


def held(log: str) -> Held | None:
    """Read in what a wave's log says since its last beat that its interpreter is held, and by whom; None: it is not.

    The adapter's code is to blame where a thread stands in it; ours where none does.
    """
    told = log.rfind(_TOLD)
    if told < 0:
        return None
    threads = _THREAD.split(log[told:])[1:]
    for calls in threads:
        own = [call for call in _CALL.findall(calls) if _is_adapters(call[0])]
        if own and "heartbeat.py" not in calls:
            file, line, _ = own[0]
            where = f"it stands at {Path(file).name}, line {line}"
            return Held(
                Fault.ADAPTER,
                f"the adapter held the interpreter for {HELD_LIMIT:.0f} s, so that nothing else could run; {where}",
                "\n".join(calls.strip("\n").splitlines()[:_MOST]),
            )
    return Held(
        Fault.HARNESS, f"the interpreter was held for {HELD_LIMIT:.0f} s", "\n".join(log[told:].splitlines())
    )


def _is_adapters(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(_ADAPTERS) or not (is_library(file) or path.is_relative_to(_OURS))
