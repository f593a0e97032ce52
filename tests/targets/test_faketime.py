"""libfaketime moves the time of day of real processes, and nothing else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.target import TargetError
from conformance.targets import faketime

HOUR = 3600.0
DAY = 24 * HOUR

# Says the time of day, the monotonic clock and the age of a file each time it is asked.
SCRIPT = """
import os, sys, time
open(sys.argv[1], "w").close()
for line in sys.stdin:
    print(time.time(), time.monotonic(), time.time() - os.stat(sys.argv[1]).st_mtime, flush=True)
"""


@pytest.fixture
def clock(tmp_path: Path) -> faketime.Clock:
    if not faketime.available():
        pytest.skip("libfaketime is not installed")
    return faketime.Clock(tmp_path / "clock")


@pytest.fixture
def process(clock: faketime.Clock, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path / "a file"],
        env={**os.environ, **clock.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running  # its input is closed then, which ends it; killed, it would leave shared memory behind


def _asked(process: subprocess.Popen[str]) -> tuple[float, float, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    wall, monotonic, age = process.stdout.readline().split()
    return float(wall), float(monotonic), float(age)


def test_the_time_of_day_moves_while_a_process_runs(
    clock: faketime.Clock, process: subprocess.Popen[str]
) -> None:
    for offset in (0.0, HOUR, DAY):
        clock.advance(offset - clock.offset)
        before = time.time()
        wall, _, _ = _asked(process)
        assert before + offset - 0.01 <= wall <= time.time() + offset + 0.01


def test_the_monotonic_clock_stays_real(clock: faketime.Clock, process: subprocess.Popen[str]) -> None:
    clock.advance(DAY)
    before = time.monotonic()
    _, monotonic, _ = _asked(process)
    assert before <= monotonic <= time.monotonic()


def test_files_grow_old(clock: faketime.Clock, process: subprocess.Popen[str]) -> None:
    _asked(process)
    clock.advance(DAY)
    _, _, age = _asked(process)
    assert age >= DAY


def test_a_date_process_sees_it_and_a_pause_takes_real_time(clock: faketime.Clock) -> None:
    clock.advance(30 * HOUR)

    def output(*command: str) -> str:
        environment = {**os.environ, **clock.environment}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stderr == ""
        return done.stdout

    before = int(time.time())
    stamp = int(output("date", "+%s"))
    assert before + 30 * HOUR <= stamp <= time.time() + 30 * HOUR
    began = time.monotonic()
    output("sleep", "0.2")
    assert time.monotonic() - began >= 0.2


def test_the_file_is_replaced_whole_and_readable_by_everybody(tmp_path: Path) -> None:
    if not faketime.available():
        pytest.skip("libfaketime is not installed")
    before = os.umask(0o077)
    try:
        clock = faketime.Clock(tmp_path / "clock")
        with (tmp_path / "clock").open() as old:
            clock.advance(0.5)
            clock.advance(HOUR)
            assert float(old.read()) == 0
    finally:
        os.umask(before)
    assert float((tmp_path / "clock").read_text()) == HOUR + 0.5
    assert (tmp_path / "clock").stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["clock"]


def test_without_the_library_the_hint_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faketime, "_FOLDERS", (str(tmp_path),))
    assert not faketime.available()
    with pytest.raises(TargetError, match="libfaketime is not installed") as caught:
        faketime.Clock(tmp_path / "clock")
    assert caught.value.installation
    assert "apt-get install libfaketime" in caught.value.hint


def test_there_is_a_variant_for_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libfaketime.so.1").touch()
    (tmp_path / "libfaketimeMT.so.1").touch()
    monkeypatch.setattr(faketime, "_FOLDERS", (str(tmp_path / "nothing here"), str(tmp_path)))
    assert faketime.library() == tmp_path / "libfaketime.so.1"
    clock = faketime.Clock(tmp_path / "clock", threads=True)
    assert clock.environment["LD_PRELOAD"] == str(tmp_path / "libfaketimeMT.so.1")
