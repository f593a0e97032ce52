"""A disk that takes its time holds up what must be on it, and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reference_world import eventually
from test_reference_called_off import config_in

from conformance.reference import relay as relay_module
from conformance.reference.clock import Clock
from conformance.reference.config import RetrySchedule
from conformance.reference.errors import Failure
from conformance.reference.events import EventLog
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from conformance.reference.transaction import Delivered, Results

LATER = Failure(code="451", status="4.7.1", text="later")


LIFETIME = 900.0  # seconds


class Disk:
    """The relay with a disk that can be made to hang, and servers that deliver to `good` only.

    Attributes:
        attempts: The addresses of each attempt, reports left out.
        reports: How many reports were delivered.
        works: Whether anything gets onto the disk.
        hangs_at_first_attempt: Whether it hangs as soon as a message is tried.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.attempts: list[list[str]] = []
        self.reports = 0
        self.works = threading.Event()
        self.works.set()
        self.hangs_at_first_attempt = False
        commit, outer = Spool._commit, self

        def slow(spool: Spool, operations: Any) -> Any:
            assert outer.works.wait(60)
            return commit(spool, operations)

        class Server:
            def __init__(self, *_: Any) -> None:
                pass

            async def run(
                self, message: Message, _content: bytes, recipients: Sequence[Recipient]
            ) -> Results:
                if not message.sender:
                    outer.reports += 1
                    return dict.fromkeys(recipients, Delivered("mx.test", "250 OK"))
                if outer.hangs_at_first_attempt and not outer.attempts:
                    outer.works.clear()
                outer.attempts.append([each.address for each in recipients])
                return {each: _answer(each) for each in recipients}

        monkeypatch.setattr(Spool, "_commit", slow)
        monkeypatch.setattr(relay_module, "Delivery", Server)
        schedule = RetrySchedule(
            retry_interval=0.02, max_retry_interval=0.02, quick_retries=1, queue_lifetime=LIFETIME
        )
        self.config = replace(config_in(folder), schedule=schedule)
        self.spool, self.clock = Spool(self.config.spool), Clock()
        self.events = EventLog(self.config.event_log)
        self.relay = Relay(self.config, self.clock, self.spool, self.events)

    async def accept(self, *addresses: str) -> None:
        now = self.clock.now()
        recipients = [Recipient(number=n, address=each, next_retry=now) for n, each in enumerate(addresses)]
        message = Message(sender="a@sender.test", accepted_at=now, recipients=recipients)
        await self.relay.accept(message, b"Subject: hello\r\n\r\nhello\r\n")

    async def tries_on(self) -> None:
        """Wait for five attempts more."""
        seen = len(self.attempts)
        await eventually(lambda: len(self.attempts) >= seen + 5)

    def on_disk(self) -> list[int]:
        """Return how many attempts each recipient in the spool had."""
        with closing(sqlite3.connect(self.config.spool)) as database:
            return [attempts for (attempts,) in database.execute("SELECT attempts FROM recipient")]

    def told(self, outcome: str) -> int:
        return self.config.event_log.read_text().count(f'"event": "{outcome}"')


def _answer(recipient: Recipient) -> Delivered | Failure:
    return Delivered("mx.test", "250 OK") if recipient.address == "good@a.test" else LATER


@pytest.fixture
async def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Disk]:
    disk = Disk(tmp_path, monkeypatch)
    running = asyncio.create_task(disk.relay.run())
    try:
        yield disk
    finally:
        disk.works.set()
        running.cancel()
        await disk.relay.abandon()
        await disk.spool.close()
        disk.events.close()


async def test_what_waits_is_tried_in_time(disk: Disk) -> None:
    """Before, all that was due was late by as much as the disk took: half a second is nothing unusual."""
    await disk.accept("b@a.test")
    disk.works.clear()
    await disk.tries_on()
    seen = disk.told("deferred")
    assert seen >= 4
    disk.works.set()
    await eventually(lambda: disk.on_disk()[0] >= seen)


async def test_what_was_delivered_is_told_when_it_is_on_disk_and_not_tried_again(disk: Disk) -> None:
    disk.hangs_at_first_attempt = True
    await disk.accept("good@a.test", "b@a.test")
    await eventually(lambda: disk.attempts)
    await disk.tries_on()
    assert disk.attempts[0] == ["good@a.test", "b@a.test"]
    assert all(each == ["b@a.test"] for each in disk.attempts[1:])
    assert disk.told("delivered") == 0
    assert [recipient.address for _, recipient in disk.relay.queue()] == ["good@a.test", "b@a.test"]
    disk.works.set()
    await eventually(lambda: disk.told("delivered"))
    await eventually(lambda: len(disk.on_disk()) == 1)
    assert disk.told("delivered") == 1


async def test_what_expires_while_the_disk_hangs_is_returned_once(disk: Disk) -> None:
    """An attempt whose outcome is still to be recorded is not called off by the end of another recipient."""
    disk.hangs_at_first_attempt = True
    await disk.accept("good@a.test", "b@a.test")
    await eventually(lambda: disk.attempts)
    await disk.tries_on()
    disk.clock._offset += LIFETIME
    await asyncio.sleep(0.1)  # whatever it does now, it cannot be told before it is on disk
    assert (disk.told("expired"), disk.reports) == (0, 0)
    disk.works.set()
    await eventually(lambda: disk.told("expired") and disk.reports)
    await eventually(lambda: not disk.relay.queue())
    assert disk.on_disk() == []
    assert (disk.told("delivered"), disk.told("expired"), disk.reports) == (2, 1, 1)  # one of them the report


async def test_an_outcome_that_cannot_be_recorded_keeps_nobody_waiting(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await disk.accept("b@a.test")
    tries: list[int] = []

    async def full(*_: Any, **_outcome: Any) -> None:
        tries.append(len(disk.attempts))
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(disk.spool, "settle", full)
        await disk.tries_on()
    assert len(set(tries)) == len(tries) >= 4  # each attempt tries once to record what came of it
    await eventually(lambda: disk.on_disk()[0] >= 5)
