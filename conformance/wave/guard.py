"""Keeps watch over a wave: nothing of it outlives pytest, and nothing of it outlives the wave.

What a relay leaves behind when it turns into a daemon, or forks for each delivery, is buried as soon as it has ended: a
system has numbers for so many processes only, and a relay that gets none any more would be blamed.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# The variable that tells a wave the number of its guard, below which all of its processes are.
GUARD = "CONFORMANCE_GUARD"

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37

# Seconds that an adapter has to stop its relay when a run is broken off.
GRACE = 5.0

_libc = ctypes.CDLL(None, use_errno=True)


def guard(command: Sequence[str], grace: float = GRACE) -> int:
    """Run a command, end it and all its descendants when our standard input closes, return its exit status.

    What comes on our standard input is passed on to it.
    With grace the command first gets SIGTERM and so many seconds; without, it is killed at once.

    Descendants that outlive their parents become our children (a subreaper's), so that relays that turn into
    daemons are found too. If we are killed ourselves, the kernel kills the command at once.
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended, end = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.write(end, b"x"))
    environment = {**os.environ, GUARD: str(os.getpid())}
    child = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, preexec_fn=_die_with_parent, env=environment
    )
    watched = os.pidfd_open(child.pid)
    signal.signal(signal.SIGCHLD, lambda *_: _bury(but=child.pid))
    try:
        if not _ended_by_itself(child, watched, ended):
            if grace:
                child.terminate()  # lets the adapter stop its relay
                select.select([watched], [], [], grace)
            child.kill()
        status = child.wait()
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(watched)
        _end_descendants()
    return status if status >= 0 else 128 - status


def below_a_guard_of_its_own() -> None:
    """As process 1 of a namespace: become its guard, and return in a child that does the work.

    All orphans there are left to process 1. When it ends the kernel ends everybody.
    """
    child = os.fork()
    if not child:
        os.environ[GUARD] = str(os.getppid())
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """In the parent of a guard: end what the guard would have ended, should it be killed itself.

    Meanwhile orphans below us become our children. Those of a wave are the ones that appeared since, in another
    session than ours; children that somebody else started in this process are left alone.
    """
    set_before = ctypes.c_int()
    _libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(set_before), 0, 0, 0)
    before = set(_children())
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _end_descendants(lambda pid: pid not in before and os.getsid(pid) != os.getsid(0))
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, set_before.value, 0, 0, 0)


def _ended_by_itself(child: subprocess.Popen[bytes], watched: int, ended: int) -> bool:
    """Wait for the command's end, a signal, or the end of standard input; tell whether it was the first."""
    assert child.stdin is not None
    while True:
        ready, _, _ = select.select([watched, sys.stdin.fileno(), ended], [], [])
        if watched in ready:
            return True
        if ended in ready or not (said := os.read(sys.stdin.fileno(), 1024)):
            return False
        with suppress(BrokenPipeError):  # it is about to end
            child.stdin.write(said)


def _bury(but: int) -> None:
    """Take note of the ends of all children but one, of which somebody else will."""
    with suppress(ChildProcessError):  # none is left
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if ended.si_pid == but:
                return
            os.waitpid(ended.si_pid, 0)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _end_descendants(ours: Callable[[int], bool] = lambda pid: True) -> None:
    """Kill whatever is left below us, generation by generation."""
    while True:
        left = [pid for pid in _children() if ours(pid)]
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            os.waitpid(pid, 0)


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(pid) for pid in listed.split()]
