"""However a run ends, soon nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from user_shell import PYTEST, SELECTION, Shell, environment, fill

Choose = Callable[[int, Path], int]


@dataclass(frozen=True)
class Fall:
    """What came of a run that was struck in the middle of its wave."""

    status: int
    text: str
    seconds: float
    left: Mapping[int, str]
    report: str


def _processes(folder: Path) -> dict[int, str]:
    """Every process whose command line names a folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _pytest(pid: int, folder: Path) -> int:
    return pid


def _guard(pid: int, folder: Path) -> int:
    return next(n for n, line in _processes(folder).items() if "plan.json" in line and "--inside" not in line)


def _wave(pid: int, folder: Path) -> int:
    return next(n for n, line in _processes(folder).items() if "--inside" in line)


def fall(shell: Shell, number: signal.Signals, whom: Choose) -> Fall:
    """Start a run with a relay that ignores SIGTERM and has a daemon, and strike once it has its mail."""
    folder = shell.folder()
    fill(folder, {})
    command = [
        str(PYTEST),
        "--target=adapters:Lingers",
        "-k",
        SELECTION,
        "--basetemp=tmp",
        "--conformance-report=rep",
    ]
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    log = folder / "tmp" / "conformance0" / "work" / "relay-1" / "relay.log"

    def has_mail() -> bool:
        relays = [line for line in _processes(folder).values() if " linger " in line]
        return len(relays) == 2 and log.exists() and "message" in log.read_text(encoding="utf-8")

    assert _until(has_mail, 30.0), output.read_text(encoding="utf-8")
    begin = time.monotonic()
    os.kill(whom(process.pid, folder), number)
    status = process.wait(60)
    seconds = time.monotonic() - begin
    _until(lambda: not _processes(folder), 20.0)
    report = folder / "rep" / "report.jsonl"
    return Fall(
        status,
        output.read_text(encoding="utf-8"),
        seconds,
        _processes(folder),
        report.read_text(encoding="utf-8") if report.exists() else "",
    )


CASES: dict[str, tuple[signal.Signals, Choose]] = {
    "Ctrl-C": (signal.SIGINT, _pytest),
    "pytest killed": (signal.SIGKILL, _pytest),
    "guard killed": (signal.SIGKILL, _guard),
    "wave killed": (signal.SIGKILL, _wave),
}


def start_early(shell: Shell) -> dict[str, Future[Fall]]:
    return {
        name: shell.once(name, partial(fall, shell, number, whom)) for name, (number, whom) in CASES.items()
    }


@pytest.fixture
def falls(shell: Shell) -> dict[str, Fall]:
    return {name: future.result() for name, future in start_early(shell).items()}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left(falls: dict[str, Fall], name: str) -> None:
    assert falls[name].left == {}
    assert falls[name].seconds < 15


def test_an_interrupted_run_says_so(falls: dict[str, Fall]) -> None:
    assert falls["Ctrl-C"].status == 2
    assert "KeyboardInterrupt" in falls["Ctrl-C"].text
    assert "footer" not in falls["Ctrl-C"].report


@pytest.mark.parametrize("name", ["guard killed", "wave killed"])
def test_a_wave_that_was_killed_is_not_blamed_on_the_relay(falls: dict[str, Fall], name: str) -> None:
    assert falls[name].status == 3
    assert "at fault: this suite or this machine" in falls[name].text
    assert "killed by SIGKILL" in falls[name].text
    assert "footer" not in falls[name].report
