"""A message is handed over once, also to a relay that is started anew meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from adapters import CONFIG, ENVELOPE, AsyncTarget
from stories.staging import GRANTED

from conformance.target import Address, QueuedMessage
from conformance.targets.process import free_port
from conformance.wave import adapter
from conformance.wave.adapter import SubmissionRefused, running
from conformance.wave.unusable import TargetUnusable


class _Intake:
    """Takes mail by SMTP; its first connection it drops at a word, if there is one."""

    def __init__(self, falls_at: str = "") -> None:
        self.falls_at = falls_at
        self.connections = 0
        self.taken = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        falls_at = self.falls_at if self.connections == 1 else ""
        in_content = False
        if falls_at != "greeting":
            writer.write(b"220 intake\r\n")
            async for line in reader:
                if in_content and line != b".\r\n":
                    continue
                word = "dot" if in_content else line[:4].decode().lower()
                if word == falls_at:
                    break
                in_content = word == "data"
                self.taken += word == "dot"
                writer.write(b"354 go on\r\n" if in_content else b"250 ok\r\n")
        writer.close()


class _Relay:
    schedule = GRANTED

    def __init__(self, submission: Address) -> None:
        self.submission = submission

    async def queue(self) -> list[QueuedMessage]:
        return []


@asynccontextmanager
async def _listening(intake: _Intake, address: Address, after: float = 0.0) -> AsyncIterator[None]:
    async def serve() -> None:
        await asyncio.sleep(after)
        server = await asyncio.start_server(intake.talk, *address)
        async with server:
            await server.serve_forever()

    task = asyncio.create_task(serve())
    await asyncio.sleep(0.0 if after else 0.05)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _hand_over(intake: _Intake, *, after: float = 0.0) -> int:
    """Hand a message over and return how often it was said to be accepted."""
    address = Address("127.0.0.1", free_port("127.0.0.1"))
    target = AsyncTarget(_Relay(address))
    target.capabilities = frozenset()
    accepted: list[bool] = []
    async with _listening(intake, address, after), running(target, CONFIG) as instance:
        await instance.submit(ENVELOPE, lambda: accepted.append(True))
    return len(accepted)


async def test_a_relay_that_is_there_takes_it_at_once() -> None:
    intake = _Intake()
    assert await _hand_over(intake) == 1
    assert (intake.connections, intake.taken) == (1, 1)


async def test_one_that_is_back_in_time_takes_it_then() -> None:
    assert await _hand_over(intake := _Intake(), after=0.4) == 1
    assert intake.taken == 1


@pytest.mark.parametrize("word", ["greeting", "ehlo", "mail", "rcpt"])
async def test_one_that_had_nothing_of_it_gets_it_again(word: str) -> None:
    assert await _hand_over(intake := _Intake(word)) == 1
    assert (intake.connections, intake.taken) == (2, 1)


@pytest.mark.parametrize("word", ["data", "dot"])
async def test_one_that_may_have_it_does_not(word: str) -> None:
    """It is there, so that it has lost a worker and not itself: that concerns this message, and no other one."""
    intake = _Intake(word)
    with pytest.raises(SubmissionRefused, match="ended without a reply") as refused:
        await _hand_over(intake)
    assert refused.value.unanswered
    assert (intake.connections, intake.taken) == (2, 0), "the second only looks whether it is there"


async def test_one_that_does_not_come_back_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "COMES_BACK", 0.2)
    with pytest.raises(TargetUnusable, match="does not take mail at"):
        await _hand_over(_Intake(), after=60.0)
