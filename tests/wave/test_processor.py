"""What the processes of a relay use, and whose they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.wave import processor
from conformance.wave.processor import Load, Owners, Process, Processor, Reading, Thread
from fake_servers import Journal

_SLEEPS = "import time; print('ready', flush=True); time.sleep(60)"
_SPINS = "print('ready', flush=True)\nwhile True: pass"
_BEARS = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], cwd='/');"
    "print('ready', flush=True); time.sleep(60)"
)


@contextmanager
def _process(program: str, folder: Path, *words: str) -> Iterator[int]:
    started = subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=folder, stdout=subprocess.PIPE, start_new_session=True
    )
    assert started.stdout is not None
    try:
        assert started.stdout.readline() == b"ready\n"
        yield started.pid
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        started.stdout.close()


def _pids(owners: Owners, folder: str) -> set[int]:
    return {reading.process.pid for reading in owners.of(folder)}


def test_a_process_belongs_to_the_relay_in_whose_folder_it_stands_or_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "relay-1").mkdir()
    owners = Owners(tmp_path)
    with (
        _process(_SLEEPS, tmp_path / "relay-1") as stands,
        _process(_SLEEPS, Path("/"), f"--config={tmp_path}/relay-2/x.toml") as names,
        _process(_SLEEPS, Path("/")) as neither,
    ):
        assert _pids(owners, "relay-1") == {stands}
        assert _pids(owners, "relay-2") == {names}
        assert _pids(owners, "relay-3") == set()
        assert {stands, names, neither} <= _pids(owners, "")
    assert _pids(owners, "relay-1") == set()


def test_a_child_belongs_where_its_parent_does(tmp_path: Path) -> None:
    (tmp_path / "relay-1").mkdir()
    with _process(_BEARS, tmp_path / "relay-1") as parent:
        found = _pids(Owners(tmp_path), "relay-1")
        assert parent in found
        assert len(found) == 2


class _Used:
    """A process whose thread runs and waits as it is told, in seconds for each second."""

    def __init__(self, journal: Journal, *shares: tuple[float, float], paused: int = 0) -> None:
        self._journal = journal
        self._shares = list(shares)
        self._ran = self._waited = 0.0
        self._paused, self._pauses = paused, 0
        self._last = journal.now()

    def __call__(self) -> Sequence[Reading]:
        now = self._journal.now()
        runs, waits = self._shares.pop(0) if len(self._shares) > 1 else self._shares[0]
        self._ran += runs * (now - self._last)
        self._waited += waits * (now - self._last)
        self._last = now
        self._pauses += self._paused
        return [Reading(Process(7, 1), 1, 7, {7: Thread(self._ran, self._waited, self._pauses)})]


class _Clock(Journal):
    """A clock that stands still but for what is slept."""

    def __init__(self) -> None:
        self.at = 0.0
        super().__init__()

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "LOOK", 0.02)
    monkeypatch.setattr(processor, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(processor, "_PATIENCE", 0.4)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(processor, "asyncio", SimpleNamespace(sleep=clock.sleep))
    return clock


async def _at_rest(
    clock: _Clock,
    *shares: tuple[float, float],
    quiet: Callable[[float], bool] = lambda _: True,
    watched: bool = False,
) -> tuple[Load, float]:
    meter = Processor(clock, _Used(clock, *shares), quiet)
    for _ in range(5 if watched else 0):
        meter.look()
        await clock.sleep(0.02)
    begin = clock.now()
    return await meter.at_rest(), clock.now() - begin


async def test_an_idle_relay_is_looked_at_once(clock: _Clock) -> None:
    load, took = await _at_rest(clock, (0.0, 0.0))
    assert load.cores == 0.0
    assert took == pytest.approx(0.02)


async def test_one_that_was_watched_all_the_time_costs_nothing_more(clock: _Clock) -> None:
    load, took = await _at_rest(clock, (0.1, 0.0), watched=True)
    assert load.cores == pytest.approx(0.1, rel=0.01)
    assert took == 0.0


async def test_one_that_goes_on_and_on_is_told_with_its_beginning(clock: _Clock) -> None:
    load, _ = await _at_rest(clock, (0.0, 0.0), (0.0, 0.0), (0.8, 0.0), watched=True)
    assert load.cores == pytest.approx(0.8, rel=0.01)
    assert load.seconds >= 0.2
    assert 0.0 < load.since < 0.1


async def test_one_that_comes_to_an_end_in_time_is_told_by_its_end(clock: _Clock) -> None:
    load, _ = await _at_rest(clock, (0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0))
    assert (load.cores, load.seconds < 0.2) == (0.0, True)


async def test_one_that_has_something_to_do_is_told_nothing_of(clock: _Clock) -> None:
    load, took = await _at_rest(clock, (1.0, 0.0), quiet=lambda _: False)
    assert (load.seconds, load.cores) == (0.0, 0.0)
    assert took >= 0.4


@pytest.mark.parametrize(("runs", "waits", "cores"), [(0.3, 0.65, 0.95), (0.3, 0.9, 1.0), (0.3, 0.4, 0.3)])
async def test_on_a_crowded_machine_always_wanting_to_run_is_as_good_as_running(
    clock: _Clock, runs: float, waits: float, cores: float
) -> None:
    meter = Processor(clock, _Used(clock, (runs, waits)), lambda _: True)
    meter.look()
    await clock.sleep(0.05)
    meter.look()
    assert meter._loads[-1].cores == pytest.approx(cores, rel=0.01)


async def test_a_process_that_spins_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "LOOK", 1.0)
    owners = Owners(tmp_path)
    with _process(_SPINS, Path("/"), f"{tmp_path}/relay-1/") as _:
        meter = Processor(Journal(), lambda: owners.of("relay-1"), lambda _: True)
        load = await meter.at_rest()
    assert load.cores > 0.9
    assert load.spun > 0.0


async def test_one_that_has_much_to_do_and_waits_in_between_has_not_spun(clock: _Clock) -> None:
    """However crowded the machine is: who waits shows that by having waited."""
    for paused, spun in ((0, 0.3), (1, 0.0)):
        used = _Used(clock, (0.3, 0.7), paused=paused)
        meter = Processor(clock, used, lambda _: True)
        load = await meter.at_rest()
        assert (load.cores, load.spun) == (pytest.approx(1.0), pytest.approx(spun))


async def test_what_counts_is_the_look_at_which_it_spun_least(clock: _Clock) -> None:
    load, _ = await _at_rest(clock, (1.0, 0.0), (1.0, 0.0), (0.6, 0.0), (1.0, 0.0))
    assert (load.cores > 0.9, load.spun) == (True, 0.0)
