"""A full disk and a spool that cannot be written: intake answers 4yz, never 250, and recovers by itself."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.lab import namespace

from .lone_relay import lone_relay

_TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))
def test_a_full_disk_defers_at_intake_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*namespace.prefix(), sys.executable, str(_TESTS / "crash" / "full_disk_script.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{_TESTS}{os.pathsep}{_TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["before"].startswith("250 ")
    assert all(reply.startswith("452 4.3.1 ") for reply in (*seen["full"], seen["again"])), seen
    assert seen["after"].startswith("250 ")
    assert seen["arrived"] == ["r1@a.test", "r5@a.test"], "what was accepted, and nothing else"


@pytest.mark.parametrize("octets", [1_000, 1_000_000])
async def test_an_unwritable_spool_defers_at_intake_and_recovers(tmp_path: Path, octets: int) -> None:
    work_directory = tmp_path / "relay"
    work_directory.mkdir()
    async with lone_relay(tmp_path, work_directory) as lone:
        _, hard = resource.prlimit(lone.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(
            lone.pid, resource.RLIMIT_FSIZE, (0, hard)
        )  # every write to a file fails from now on
        refused = [await lone.submit(octets), await lone.submit(octets)]
        resource.prlimit(lone.pid, resource.RLIMIT_FSIZE, (hard, hard))
        accepted = await lone.submit(octets)
        await lone.arrives(lone.recipient)
        assert all(reply.startswith("4") for reply in refused), refused
        assert accepted.startswith("250 ")
        assert lone.arrived() == [lone.recipient]
        await lone.queue_is_empty()


async def test_a_spool_that_fails_in_mid_message_defers_and_keeps_what_it_had(tmp_path: Path) -> None:
    work_directory = tmp_path / "relay"
    work_directory.mkdir()
    async with lone_relay(tmp_path, work_directory) as lone:
        largest = max(path.stat().st_size for path in work_directory.iterdir())
        _, hard = resource.prlimit(lone.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(lone.pid, resource.RLIMIT_FSIZE, (largest + 200_000, hard))
        small = await lone.submit(1_000)
        await lone.arrives(lone.recipient)
        large = await lone.submit(1_000_000)
        await lone.relay.kill()
        await lone.relay.restart()
        assert small.startswith("250 ")
        assert large.startswith("4")
        await lone.queue_is_empty()
        assert lone.arrived() == ["r1@a.test"]
