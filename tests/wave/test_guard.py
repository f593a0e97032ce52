"""The guard ends with its command, and nothing outlives it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from conformance.lab import namespace

# Seconds that anything may take to end on a machine with much else to do; what does not end sleeps for longer.
_PATIENCE = 120

_GUARD = "import sys; from conformance.wave.guard import guard; sys.exit(guard(sys.argv[1:]))"
_LINGER = "import time; print('ready', flush=True); time.sleep(600)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _LINGER
# Something left behind by a parent that is gone, which ends; the number is free again once somebody took note of that.
_LEAVES_ORPHANS = (
    "import os, select, time\n"
    "from pathlib import Path\n"
    "reading, writing = os.pipe()\n"
    "child = os.fork()\n"
    "if child == 0:\n"
    "    orphan = os.fork()\n"
    "    if orphan:\n"
    "        os.write(writing, str(orphan).encode())\n"
    "    os._exit(0)\n"
    "orphan = int(os.read(reading, 20))\n"
    "os.waitpid(child, 0)\n"
    "while Path(f'/proc/{orphan}').exists():\n"
    "    time.sleep(0.01)\n"
    "print('buried', flush=True)\n"
)
# A daemon as relays do it: a session of its own, its parent gone.
_DAEMON = (
    "import os, sys, time\n"
    "told, tell = os.pipe()\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        print(os.getpid(), flush=True)\n"
    "        os.write(tell, b'.')\n"
    "        time.sleep(600)\n"
    "    os.read(told, 1)\n"
    "    os._exit(0)\n"
    "os.wait()\n"
)

Popen = subprocess.Popen[str]


def _guarded(code: str) -> Popen:
    return subprocess.Popen(
        [sys.executable, "-c", _GUARD, sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def started() -> Iterator[list[Popen]]:
    processes: list[Popen] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def _first_line(process: Popen) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _ends(pid: int, seconds: float) -> bool:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3)])
def test_the_commands_exit_status_is_the_guards(code: str, status: int, started: list[Popen]) -> None:
    started.append(_guarded(code))
    assert started[0].wait(_PATIENCE) == status


def test_a_command_that_was_killed_shows_the_signal(started: list[Popen]) -> None:
    started.append(_guarded("import os; os.kill(os.getpid(), 9)"))
    assert started[0].wait(_PATIENCE) == 128 + signal.SIGKILL


def test_when_its_input_closes_everything_ends(started: list[Popen]) -> None:
    started.append(_guarded(_LINGER))
    assert _first_line(started[0]) == "ready"
    assert started[0].stdin is not None
    started[0].stdin.close()
    started[0].stdin = None
    assert started[0].wait(_PATIENCE) == 128 + signal.SIGTERM


def test_a_signal_ends_everything(started: list[Popen]) -> None:
    started.append(_guarded(_LINGER))
    assert _first_line(started[0]) == "ready"
    started[0].send_signal(signal.SIGTERM)
    assert started[0].wait(_PATIENCE) == 128 + signal.SIGTERM


def test_daemons_do_not_outlive_the_command(started: list[Popen]) -> None:
    started.append(_guarded(_DAEMON))
    daemon = int(_first_line(started[0]))
    assert started[0].wait(_PATIENCE) == 0
    assert _ends(daemon, _PATIENCE)


def test_orphans_that_have_ended_are_buried_while_the_command_goes_on(started: list[Popen]) -> None:
    started.append(_guarded(_LEAVES_ORPHANS))
    assert _first_line(started[0]) == "buried"
    assert started[0].wait(_PATIENCE) == 0


@pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))
@pytest.mark.parametrize(
    ("code", "status"),
    [
        (_LEAVES_ORPHANS, 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL),
    ],
)
def test_process_1_of_a_namespace_is_a_guard_itself(code: str, status: int) -> None:
    below = "from conformance.wave.guard import below_a_guard_of_its_own as below; below()\n" + code
    done = subprocess.run(
        [*namespace.prefix(), sys.executable, "-c", below], timeout=_PATIENCE, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout == ("buried\n" if code is _LEAVES_ORPHANS else "")


def test_a_guard_that_is_killed_takes_its_command_with_it(started: list[Popen]) -> None:
    started.append(_guarded("import os, time; print(os.getpid(), flush=True); time.sleep(600)"))
    command = int(_first_line(started[0]))
    started[0].kill()
    assert _ends(command, _PATIENCE)


def test_whoever_ignores_the_signal_is_killed_in_the_end(started: list[Popen]) -> None:
    code = _GUARD.replace("sys.exit(", "import conformance.wave.guard as g; g.GRACE = 0.3; sys.exit(")
    started.append(
        subprocess.Popen(
            [sys.executable, "-c", code, sys.executable, "-c", _STUBBORN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    assert _first_line(started[0]) == "ready"
    started[0].send_signal(signal.SIGTERM)
    assert started[0].wait(_PATIENCE) == 128 + signal.SIGKILL
