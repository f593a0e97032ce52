"""Processes of waves that are there before their plans: taken, or ended and forgotten."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest

from conformance.session import ahead
from conformance.session.ahead import WORD, Ahead, log_in, plan_in, record_in, start

# Says that it has loaded everything, waits for the word, and writes what its plan says.
_CHILD = """
import pathlib, sys
plan, record = map(pathlib.Path, sys.argv[1:])
print(flush=True)
if sys.stdin.readline():
    record.write_text(plan.read_text())
"""


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ahead, "command", lambda plan, record, _lab: [sys.executable, "-c", _CHILD, str(plan), str(record)]
    )


class Folders:
    def __init__(self, place: Path) -> None:
        self._place = place
        self.made: list[Path] = []

    def __call__(self, count: int) -> list[Path]:
        new = [self._place / str(len(self.made) + number) for number in range(count)]
        for folder in new:
            folder.mkdir()
        self.made += new
        return new


def _wait_for(folder: Path) -> None:
    while not log_in(folder).exists():
        time.sleep(0.01)


@pytest.mark.usefixtures("child")
def test_one_that_waits_is_taken_and_does_what_its_plan_says(tmp_path: Path) -> None:
    make = Folders(tmp_path)
    early = Ahead(make)
    early.begin("loopback", make(2))
    _wait_for(make.made[1])  # the second is started when the first has loaded everything
    folders = early.folders(3)
    assert folders == make.made
    taken = [early.take(folder) for folder in folders]
    assert taken[2] is None
    for folder, process in zip(folders, taken[:2], strict=False):
        assert process is not None
        assert process.stdin is not None
        plan_in(folder).write_text(folder.name)
        process.communicate(WORD)
        assert record_in(folder).read_text() == folder.name
    early.close()
    assert [folder.exists() for folder in folders] == [True, True, True]


@pytest.mark.usefixtures("child")
def test_one_that_nobody_takes_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    make = Folders(tmp_path)
    early = Ahead(make)
    early.begin("loopback", make(3))
    _wait_for(make.made[0])
    [first] = early.folders(1)
    process = early.take(first)
    assert process is not None
    process.communicate()
    early.close()
    assert list(tmp_path.iterdir()) == [first]


def test_who_has_started_none_makes_folders(tmp_path: Path) -> None:
    early = Ahead(Folders(tmp_path))
    [folder] = early.folders(1)
    assert early.take(folder) is None
    early.close()
    assert folder.exists()


@pytest.mark.usefixtures("child")
def test_what_cannot_be_started_is_left_to_the_launch(tmp_path: Path) -> None:
    early = Ahead(Folders(tmp_path))
    early.begin("loopback", [tmp_path / "nowhere"])
    assert early.folders(1) == [tmp_path / "nowhere"]
    assert early.take(tmp_path / "nowhere") is None


def test_a_wave_that_can_get_no_word_any_more_is_ended_by_its_guard(tmp_path: Path) -> None:
    process = start(tmp_path, "loopback")
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert not record_in(tmp_path).exists()


def test_a_wave_loads_everything_and_then_reads_its_plan(tmp_path: Path) -> None:
    process = start(tmp_path, "loopback")
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n"
    plan_in(tmp_path).write_text(json.dumps({"lab": "loopback"}))
    assert process.stdin is not None
    process.stdin.write(WORD)
    assert process.wait() == 2
    process.communicate()
    assert "plan.json" in log_in(tmp_path).read_text()
