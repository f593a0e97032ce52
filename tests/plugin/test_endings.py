"""However a run ends, soon nothing of it is left but what was asked for, and that says what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from user_shell import PYTEST, SELECTION, Shell, environment, fill

Choose = Callable[[int, Path], int]

# Seconds that a machine with much else to do may take to start a run, and to take one down. Where nothing hangs both
# take a few; what hangs does so for the 300 s of the relay's daemon.
_PATIENCE = 240.0


@dataclass(frozen=True)
class Fall:
    """What came of a run that was struck in the middle of its wave."""

    status: int
    text: str
    left: Mapping[int, str]
    elsewhere: set[str]
    rows: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == kind]


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


def _relay(pid: int, folder: Path) -> int:
    """The first of the relay's two processes, of which the daemon is the other."""
    return min(n for n, line in _processes(folder).items() if " linger " in line)


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
    output, temporary = folder / "output", folder / "temporary"
    temporary.mkdir()
    there = {*folder.iterdir()}
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(), "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            # as from a terminal: what a shell starts in the background is to ignore Ctrl-C
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    log = folder / "tmp" / "conformance0" / "work" / "relay-1" / "relay.log"

    def has_mail() -> bool:
        relays = [line for line in _processes(folder).values() if " linger " in line]
        return len(relays) == 2 and log.exists() and "message" in log.read_text(encoding="utf-8")

    assert _until(has_mail, _PATIENCE), output.read_text(encoding="utf-8")
    os.kill(whom(process.pid, folder), number)
    status = process.wait(_PATIENCE)
    _until(lambda: not _processes(folder), _PATIENCE / 4)
    asked_for = {folder / name for name in ("output", "tmp", "rep", ".pytest_cache", "__pycache__")}
    lines = (folder / "rep" / "report.jsonl").read_text(encoding="utf-8").splitlines()
    return Fall(
        status,
        output.read_text(encoding="utf-8"),
        _processes(folder),
        {each.name for each in {*folder.iterdir(), *temporary.iterdir()} - there - asked_for},
        [json.loads(line) for line in lines],
    )


CASES: dict[str, tuple[signal.Signals, Choose]] = {
    "Ctrl-C": (signal.SIGINT, _pytest),
    "SIGTERM": (signal.SIGTERM, _pytest),
    "pytest killed": (signal.SIGKILL, _pytest),
    "guard killed": (signal.SIGKILL, _guard),
    "wave killed": (signal.SIGKILL, _wave),
    "relay killed": (signal.SIGKILL, _relay),
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
    assert falls[name].elsewhere == set()


@pytest.mark.parametrize(("name", "by"), [("Ctrl-C", "KeyboardInterrupt"), ("SIGTERM", "SIGTERM")])
def test_an_interrupted_run_says_so(falls: dict[str, Fall], name: str, by: str) -> None:
    """Before, there was no report of it, and SIGTERM left no word at all."""
    ended = falls[name]
    assert ended.status == 2
    assert by in ended.text
    [header], [interrupted] = ended.of("header"), ended.of("interrupted")
    assert header["target"] == "reference"
    assert [wave["seconds"] for wave in header["waves"]] == [None], "it did not come to its end"
    assert by in interrupted["by"]
    assert "\nrecord: " in ended.text
    assert not ended.of("footer")


def test_who_cannot_say_how_it_ended_has_said_what_it_was(falls: dict[str, Fall]) -> None:
    ended = falls["pytest killed"]
    [header] = ended.rows
    assert (header["kind"], header["target"]) == ("header", "reference")


@pytest.mark.parametrize("name", ["guard killed", "wave killed"])
def test_a_wave_that_was_killed_is_not_blamed_on_the_relay(falls: dict[str, Fall], name: str) -> None:
    """Before, there was no test in any report, and no word of it."""
    ended = falls[name]
    assert ended.status == 3
    assert "at fault: this suite or this machine" in ended.text
    assert "killed by SIGKILL" in ended.text
    [header], [footer] = ended.of("header"), ended.of("footer")
    assert "killed by SIGKILL" in header["troubles"][0]["message"]
    assert {row["verdict"] for row in ended.of("verdict")} == {"error"}
    assert (footer["exit_status"], footer["verdicts"]) == (3, footer["selected"])


def test_a_relay_that_was_killed_is_gone(falls: dict[str, Fall]) -> None:
    ended = falls["relay killed"]
    assert ended.status in (1, 3), "it had traffic shortly before, or it had not"
    [footer] = ended.of("footer")
    assert footer["exit_status"] == ended.status
    assert ended.of("header")[0]["troubles"] or ended.of("header")[0]["stopped"]
