"""An attempt that was called off hands nothing over, even if a library swallowed its cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from conformance.reference import relay as relay_module
from conformance.reference.clock import Clock
from conformance.reference.config import Address, AlertRule, Config, RetrySchedule, Timeouts
from conformance.reference.events import EventLog
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.spool import Spool
from conformance.reference.transaction import Delivered, Results

_LIFETIME = 0.2  # seconds
_NEVER = Address("127.0.0.1", 9)


def config_in(folder: Path) -> Config:
    return Config(
        hostname="relay.test",
        listen=_NEVER,
        control=_NEVER,
        resolver=_NEVER,
        next_hop_port=25,
        spool=folder / "spool",
        event_log=folder / "events",
        mailboxes=folder / "mailboxes",
        trust_anchors="",
        clock_offset_file=None,
        schedule=RetrySchedule(
            retry_interval=60, max_retry_interval=60, quick_retries=1, queue_lifetime=_LIFETIME
        ),
        timeouts=Timeouts(connect=1, command=1, data_done=1, dns=1),
        alert=AlertRule(messages=2000, age=3600),
        connectors=(),
        accepted_domains=(),
    )


@pytest.mark.parametrize("hands_over", [True, False])
async def test_a_swallowed_cancellation_does_not_deliver_what_was_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hands_over: bool
) -> None:
    handed_over: list[str] = []

    class Stubborn:
        """As `asyncio.wait_for` of Python 3.11 does when the reply and the cancellation come together."""

        def __init__(self, *arguments: Any) -> None:
            self._hand_over: Callable[[], None] = arguments[-1]

        async def run(self, message: Message, _content: bytes, recipients: Sequence[Recipient]) -> Results:
            if not message.sender:
                return dict.fromkeys(recipients, Delivered("mx.test", "250 OK"))
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            if hands_over:
                self._hand_over()
            handed_over.append(message.queue_id)
            return dict.fromkeys(recipients, Delivered("mx.test", "250 OK"))

    monkeypatch.setattr(relay_module, "Delivery", Stubborn)
    config = config_in(tmp_path)
    spool, clock, events = Spool(config.spool), Clock(), EventLog(config.event_log)
    relay = Relay(config, clock, spool, events)
    now = clock.now()
    running = asyncio.create_task(relay.run())
    try:
        message = Message(
            sender="a@sender.test",
            accepted_at=now,
            recipients=[Recipient(number=0, address="b@a.test", next_retry=now)],
        )
        await relay.accept(message, b"Subject: hello\r\n\r\nhello\r\n")
        async with asyncio.timeout(45):
            while relay.queue():  # noqa: ASYNC110 (the relay has no event for that)
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await relay.abandon()
        await spool.close()
        events.close()
    told = config.event_log.read_text()
    assert told.count('"recipient": "b@a.test", "event": "expired"') == 1
    assert told.count('"recipient": "b@a.test", "event": "delivered"') == 0
    assert bool(handed_over) is not hands_over
