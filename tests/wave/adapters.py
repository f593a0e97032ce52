"""Adapters of both sorts, synchronous and not, with which nothing is wrong; and a watch that nobody waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from stories.staging import GRANTED

from conformance.evidence.record import QueueListing
from conformance.target import (
    Address,
    Capability,
    Connector,
    DeliveryEvent,
    Envelope,
    Outcome,
    QueuedMessage,
    RelayConfig,
)
from conformance.wave.adapter import running
from conformance.wave.unusable import TargetUnusable

WAITING = QueuedMessage(sender="a@b", recipient="c@d")
EVENT = DeliveryEvent(recipient="c@d", outcome=Outcome.DEFERRED, text="x")
ENVELOPE = Envelope(sender="a@b", recipients=("c@d",), content=b"A: 1\r\n\r\n")
CONFIG = RelayConfig(
    work_directory=Path("/nowhere"),
    hostname="relay.test",
    listen=Address("127.0.0.1", 0),
    resolver=Address("127.0.0.1", 53),
    next_hop_port=25,
    connectors=(Connector(domain="c.test"),),
    trust_anchors=Path("/nowhere"),
    retry_interval=2,
    max_retry_interval=2,
    queue_lifetime=9,
    connect_timeout=2,
    command_timeout=2,
    dns_timeout=2,
)


class AsyncRelay:
    submission: Any = None
    schedule: Any = GRANTED

    async def queue(self) -> Any:
        return [WAITING]

    async def events(self) -> Any:
        return (EVENT,)

    async def submit(self, envelope: Envelope) -> None:
        self.taken = envelope


class PlainRelay:
    submission: Any = None
    schedule: Any = GRANTED

    def queue(self) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        return [WAITING]

    def events(self) -> Any:
        return (EVENT,)

    def submit(self, envelope: Envelope) -> None:
        self.taken = envelope


class AsyncTarget:
    name = "async"
    capabilities = frozenset({Capability.EVENTS})

    def __init__(self, relay: Any) -> None:
        self.relay = relay
        self.left = False

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        yield self.relay
        self.left = True


class PlainTarget(AsyncTarget):
    @contextmanager
    def running(self, config: RelayConfig) -> Iterator[Any]:  # type: ignore[override]
        yield self.relay
        self.left = True


class Restarted(PlainRelay):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def queue(self) -> Any:
        self.log.append("queue")
        return []

    def kill(self) -> None:
        self.log.append("kill")
        time.sleep(0.02)

    def restart(self) -> None:
        time.sleep(0.02)
        self.log.append("restart")

    def move_clock(self, seconds: float) -> None:
        self.log.append(seconds)


class Unwatched:
    """A relay that nobody asks for its queue; a window is closed as if it had just been listed."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.listings: list[QueueListing] = []

    async def next_listing(self) -> None:
        """Return at once."""


async def trouble_of(target: Any, call: str = "") -> TargetUnusable:
    with pytest.raises(TargetUnusable) as trouble:
        async with running(target, CONFIG) as instance:
            await getattr(instance, call)()
    return trouble.value
