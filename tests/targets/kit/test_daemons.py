"""A relay's processes, and the relay that is made of them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.target import Address, Outcome, QueuedMessage, Schedule, TargetError
from conformance.targets.kit import Daemons, Line, PatternLog, ProcessRelay, free_port, queued, run

SERVER = """
import os, socket, sys
print("listening soon", file=sys.stderr, flush=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    client.sendall(b"220 relay.test\\r\\n")
    client.close()
"""


def _address() -> Address:
    return Address("127.0.0.1", free_port("127.0.0.1"))


async def test_they_are_started_watched_and_ended(tmp_path: Path) -> None:
    daemons, address = Daemons(tmp_path), _address()
    server = await daemons.start(sys.executable, "-c", SERVER, str(address.port), greets=address)
    runner = await daemons.start("sleep", "1000")
    passing = await daemons.start("true", lasts=False)
    await passing.wait_ready(_yes, 10) if passing.alive else None
    daemons.check()
    await daemons.kill()
    assert (server.returncode, runner.returncode) == (-9, -9)
    daemons.check()
    again = await daemons.start("sleep", "1000")
    await daemons.stop()
    assert again.returncode == -15


async def _yes() -> bool:
    return True


async def test_all_are_stopped_before_one_is_killed(tmp_path: Path) -> None:
    """One that sees another one die tells."""
    daemons = Daemons(tmp_path)
    first = await daemons.start("sleep", "1000")
    watching = f"while kill -0 {first.pid} 2>/dev/null; do :; done; echo seen > seen"
    await daemons.start("sh", "-c", watching)
    await daemons.kill()
    assert not (tmp_path / "seen").exists()


async def test_nobody_misses_one_that_is_being_ended(tmp_path: Path) -> None:
    """Nor after the end was broken off; who ends them again ends those that are left."""
    daemons = Daemons(tmp_path)
    slow = await daemons.start("sh", "-c", "trap : TERM; while :; do sleep 1000; done")
    quick = await daemons.start("sleep", "1000")
    stopping = asyncio.create_task(daemons.stop())
    async with asyncio.timeout(10):
        await quick._process.wait()
    daemons.check()
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
    daemons.check()
    assert slow.alive
    await daemons.kill()
    assert not slow.alive


async def test_one_that_ends_is_missed_with_its_words_and_further_logs(tmp_path: Path) -> None:
    (tmp_path / "panic").write_text("no space\n")
    daemons = Daemons(tmp_path, logs=[tmp_path / "panic", tmp_path / "none"])
    ended = await daemons.start("sh", "-c", "echo bad config >&2; exit 3")
    await ended._process.wait()
    with pytest.raises(TargetError, match="ended with exit status 3") as caught:
        daemons.check()
    assert caught.value.log == "bad config\npanic:\nno space"
    await daemons.stop()


async def test_one_that_is_never_ready_is_told_with_its_words(tmp_path: Path) -> None:
    daemons = Daemons(tmp_path)
    with pytest.raises(TargetError, match="ended with exit status 2 before it was ready") as caught:
        await daemons.start("sh", "-c", "echo no such option >&2; exit 2", greets=_address())
    assert "no such option" in caught.value.log
    with pytest.raises(TargetError, match="not ready after"):
        await daemons.start("sleep", "1000", greets=_address(), within=0.2)
    await daemons.kill()


async def test_its_environment_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_USER", "1")
    daemons = Daemons(tmp_path, env={"OF_THE_RELAY": "2"})
    said = await daemons.run("env")
    assert "OF_THE_USER" not in said
    assert {"OF_THE_RELAY=2", "TZ=UTC", "LANG=C"} <= set(said.split("\n"))
    assert await daemons.run("pwd") == f"{tmp_path}\n"
    assert await daemons.run("cat", stdin=b"x") == "x"


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("last words\n")
    with pytest.raises(TargetError, match=r"sh -c .*: no such queue") as caught:
        await run("sh", "-c", "echo no such queue >&2; exit 1", log=tmp_path / "log")
    assert caught.value.log == "last words"
    with pytest.raises(TargetError, match="false: exit status 1"):
        await run("false")
    with pytest.raises(TargetError, match="cannot start /nonexistent") as caught:
        await run("/nonexistent")
    assert caught.value.installation
    with pytest.raises(TargetError, match=r"sleep 1000: not done after 0\.2 s"):
        await run("sleep", "1000", limit=0.2)


class _Relay(ProcessRelay):
    flushed = 0

    async def start(self) -> None:
        server = (sys.executable, "-c", SERVER, str(self.submission.port))
        await self.daemons.start(*server, greets=self.submission)

    async def waiting(self) -> Sequence[QueuedMessage]:
        return queued(await self.daemons.run("cat", "queue"), r"(?P<sender>\S+) (?P<recipient>\S+)")

    async def flush(self) -> None:
        self.flushed += 1


class _Clock:
    offset = 0.0

    def advance(self, seconds: float) -> None:
        self.offset += seconds


async def test_a_relay_of_processes(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("a@s.test b@c.test\n")
    log = PatternLog(tmp_path / "log", Line(r"(?P<recipient>\S+) sent", Outcome.DELIVERED))
    schedule = Schedule(retry_interval=1, max_retry_interval=1, queue_lifetime=9, granularity=1)
    clock = _Clock()
    async with _Relay(_address(), schedule, Daemons(tmp_path), log=log, clock=clock) as relay:  # type: ignore[arg-type]
        assert [each.recipient for each in await relay.queue()] == ["b@c.test"]
        (tmp_path / "log").write_text("b@c.test sent\n")
        assert [each.recipient for each in await relay.events()] == ["b@c.test"]
        await relay.move_clock(60)
        assert (clock.offset, relay.flushed) == (60, 1)
        await relay.kill()
        await relay.restart()
        [server] = relay.daemons._lasting
        os.kill(server.pid, 9)
        await server._process.wait()
        with pytest.raises(TargetError, match="ended with exit status -9"):
            await relay.queue()


async def test_the_greeting_of_another_one_passes_for_nobodys(tmp_path: Path) -> None:
    """Two of one fixed port were taken for running, and then one of them had ended by itself."""
    schedule = Schedule(retry_interval=1, max_retry_interval=1, queue_lifetime=9, granularity=1)
    address = _address()
    second = _Relay(address, schedule, Daemons(tmp_path))
    async with _Relay(address, schedule, Daemons(tmp_path)) as relay:
        with pytest.raises(TargetError, match=f"a relay listens at {address.host}:{address.port} already"):
            await second.__aenter__()
        relay.daemons.check()
    async with second:
        second.daemons.check()


class _NeverReady(_Relay):
    async def start(self) -> None:
        await self.daemons.start("sleep", "1000", greets=self.submission, within=0.2)


async def test_a_relay_that_does_not_start_leaves_nothing(tmp_path: Path) -> None:
    schedule = Schedule(retry_interval=1, max_retry_interval=1, queue_lifetime=9, granularity=1)
    relay = _NeverReady(_address(), schedule, Daemons(tmp_path))
    with pytest.raises(TargetError, match="not ready after"):
        await relay.__aenter__()
    assert relay.daemons._lasting == []
    with pytest.raises(TargetError, match="without libfaketime") as caught:
        await relay.move_clock(1)
    assert caught.value.installation
