import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fake_servers.journal import Journal
from fake_servers.tcp import PacketWatch

SCRIPT = Path(__file__).with_name("packet_watch_script.py")
ROOT = Path(__file__).parents[2]
DEADLINE = 120.0  # seconds, for what takes about two
UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the watch noted in a namespace of its own, where all outcomes were brought about."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare on this machine")
    trial = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        pytest.skip(f"this machine gives no network namespace: {trial.stderr.strip()}")
    command = [*UNSHARE, sys.executable, "-W", "error", str(SCRIPT)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=DEADLINE, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def by_client(seen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    syns = [event for event in seen["events"] if event["kind"] == "syn"]
    found = {seen["names"][event["fields"]["peer"]]: event for event in syns}
    assert len(found) == len(syns), "each attempt is noted once"
    return found


def test_each_attempt_is_noted_once_with_its_outcome(seen: dict[str, Any]) -> None:
    outcomes = {
        name: (event["server"], event["fields"]["outcome"]) for name, event in by_client(seen).items()
    }
    assert outcomes == {
        "refused": ("10.77.1.1:2525", "refused"),
        "retransmitted": ("10.77.1.1:2526", "dropped"),
        "given_up": ("10.77.1.1:2526", "dropped"),
        "at_the_end": ("10.77.1.1:2526", "dropped"),
    }


def test_a_retransmission_tells_how_long_the_first_syn_went_unanswered(seen: dict[str, Any]) -> None:
    seconds = {name: event["fields"]["seconds"] for name, event in by_client(seen).items()}
    # how long after it that was seen is the machine's business; who did not see it says 0
    assert seconds["retransmitted"] > 0
    assert seconds["given_up"] == seconds["at_the_end"] == 0
    assert seconds["refused"] >= 0


def test_a_stray_packet_is_noted_once_for_each_address(seen: dict[str, Any]) -> None:
    assert seen["stray"] == ["203.0.113.5"]
    [stray] = [event for event in seen["events"] if event["kind"] == "stray"]
    assert stray["fields"] == {
        "peer": "203.0.113.5",
        "destination": "203.0.113.5",
        "protocol": 17,
        "port": 53,
    }


def test_nothing_broke(seen: dict[str, Any]) -> None:
    assert [event for event in seen["events"] if event["kind"] == "broke"] == []


async def test_an_interface_that_does_not_exist_is_an_error() -> None:
    watch = PacketWatch(Journal(), interface="nowhere0")
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on privileges
        await watch.start()
    await asyncio.wait_for(watch.stop(), 1)
