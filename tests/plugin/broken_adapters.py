"""Adapters and relays that are broken in one way each; users bring such things.

This file and its neighbours are copied into an empty folder and named on a command line from there.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocking_adapters import (
    HoldsTheInterpreter,
    QueueBlocksTheLoop,
    QueueExits,
    QueueTakesItsTime,
    TaskFails,
)
from broken_relays import (
    Asks,
    CrashesOnThirdMessage,
    DiesOfAReset,
    DiesOfAResetAlone,
    DiesOfTwoThings,
    ExitsAtStart,
    LeavesAtData,
    Lingers,
    RefusesMail,
    Synchronous,
    WritesWithoutEnd,
)

from conformance.target import (
    Address,
    Capability,
    RelayConfig,
)
from conformance.targets.reference import ReferenceRelay, ReferenceTarget

__all__ = [
    "Asks",
    "CrashesOnThirdMessage",
    "DiesOfAReset",
    "DiesOfAResetAlone",
    "DiesOfTwoThings",
    "ExitsAtStart",
    "HoldsTheInterpreter",
    "LeavesAtData",
    "Lingers",
    "QueueBlocksTheLoop",
    "QueueExits",
    "QueueTakesItsTime",
    "RefusesMail",
    "Synchronous",
    "TaskFails",
    "WritesWithoutEnd",
]


class Empty:
    """A class without members."""


class RunningRaises(ReferenceTarget):
    def running(self, config: RelayConfig) -> Any:
        raise RuntimeError("the author forgot something")


class RunningRaisesInside(ReferenceTarget):
    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        raise LookupError("no such relay")
        yield


class RunningIsNoContextManager(ReferenceTarget):
    def running(self, config: RelayConfig) -> Any:
        return [config]


class RunningIsACoroutine(ReferenceTarget):
    async def running(self, config: RelayConfig) -> Any:  # type: ignore[override]
        return config


class NotInstalled(ReferenceTarget):
    def command(self, config_file: Path) -> list[str]:
        return ["no-such-relay", str(config_file)]


class _Wrapped(ReferenceTarget):
    """The reference relay with another face."""

    def wrap(self, relay: ReferenceRelay) -> Any:
        raise NotImplementedError

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        async with super().running(config) as relay:
            yield self.wrap(relay)


class QueueReturnsRubbish(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        async def queue() -> Any:
            return "one message"

        relay.queue = queue  # type: ignore[method-assign]
        return relay


class QueueHangs(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        async def queue() -> Any:
            await asyncio.Event().wait()

        relay.queue = queue  # type: ignore[method-assign]
        return relay


class QueueBlocks(_Wrapped):
    """A plain function that never returns: nobody can take its thread away."""

    def wrap(self, relay: ReferenceRelay) -> Any:
        def queue() -> Any:
            threading.Event().wait()

        relay.queue = queue  # type: ignore[method-assign]
        return relay


class QueueRaisesLater(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        calls = 0

        async def queue() -> Any:
            nonlocal calls
            calls += 1
            if calls > 2:
                raise KeyError("recipient")
            return []

        relay.queue = queue  # type: ignore[method-assign]
        return relay


class EventsReturnRubbish(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.events = lambda: [{"at": 1}]  # type: ignore[list-item,method-assign]
        return relay


class EventsStumble(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        calls = 0

        async def events() -> Any:
            nonlocal calls
            calls += 1
            return [] if calls != 2 else len(None)  # type: ignore[arg-type]

        relay.events = events  # type: ignore[method-assign]
        return relay


class EventsClaimed(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        class Poorer:
            submission, schedule, queue = relay.submission, relay.schedule, relay.queue

        return Poorer()


class NoSchedule(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.schedule = 2.0  # type: ignore[assignment]
        return relay


class NoSubmission(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.submission = "localhost"  # type: ignore[assignment]
        return relay


class NegativeInterval(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.schedule = replace(relay.schedule, retry_interval=-1.0)
        return relay


class ZeroInterval(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.schedule = replace(relay.schedule, retry_interval=0.0, max_retry_interval=0.0)
        return relay


class NanInterval(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.schedule = replace(relay.schedule, max_retry_interval=math.nan)
        return relay


class RetriesOnceADay(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.schedule = replace(relay.schedule, max_retry_interval=86400.0)
        return relay


class PortNeverOpen(_Wrapped):
    def wrap(self, relay: ReferenceRelay) -> Any:
        relay.submission = Address(relay.submission.host, 1)
        return relay


class StopRaises(ReferenceTarget):
    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        async with super().running(config) as relay:
            yield relay
        raise OSError("cannot remove the spool")


class NeverRetries(ReferenceTarget):
    """Tries once, and says that it would do more."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        async with super().running(replace(config, retry_interval=600.0, max_retry_interval=600.0)) as relay:
            relay.schedule = replace(
                relay.schedule,
                retry_interval=config.retry_interval,
                max_retry_interval=config.max_retry_interval,
            )
            yield relay


class _Misquoted(_Wrapped):
    """The reference relay, a piece of whose error text is exchanged wherever it shows it."""

    right, wrong = "", ""

    def wrap(self, relay: ReferenceRelay) -> Any:
        events, queue = relay.events, relay.queue

        async def misquoted() -> Any:
            return [replace(m, error=m.error.replace(self.right, self.wrong)) for m in await queue()]

        relay.events = lambda: [  # type: ignore[method-assign]
            replace(event, text=event.text.replace(self.right, self.wrong)) for event in events()
        ]
        relay.queue = misquoted  # type: ignore[method-assign]
        return relay


class WrongCode(_Misquoted):
    version = "7.1"
    right, wrong = "450 4.4.316", "451 4.4.316"


class WrongSubject(_Misquoted):
    right, wrong = "450 4.4.316", "450 4.7.316"


class WrongPort(ReferenceTarget):
    """Connects to another port than it was told."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        async with super().running(replace(config, next_hop_port=1)) as relay:
            yield relay


class OneConnector(ReferenceTarget):
    """Serves one connector only: one instance for each."""

    capabilities = ReferenceTarget.capabilities - {Capability.MANY_CONNECTORS}


class NothingApplies(ReferenceTarget):
    """Cannot do anything that is asked for."""

    capabilities = frozenset({Capability.ANY_PORT})
