"""Adapters that hold something up, each in one way; see `broken_adapters`, which names them too."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from conformance.target import RelayConfig
from conformance.targets.reference import ReferenceRelay, ReferenceTarget

# Longer than any test waits.
_FOR_EVER = 3600


class _Wrapped(ReferenceTarget):
    """The reference relay, asked for its queue in another way."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        async with super().running(config) as relay:
            ask, calls = relay.queue, 0

            async def queue() -> Any:
                nonlocal calls
                calls += 1
                self.before(calls)
                return await ask()

            relay.queue = queue  # type: ignore[method-assign]
            yield relay

    def before(self, calls: int) -> None:
        """Do something before the relay is asked for its queue for the so manieth time."""
        raise NotImplementedError


class QueueBlocksTheLoop(_Wrapped):
    def before(self, calls: int) -> None:
        time.sleep(_FOR_EVER)


class QueueTakesItsTime(_Wrapped):
    """Blocks for less than it may."""

    def before(self, calls: int) -> None:
        time.sleep(1.5)


class HoldsTheInterpreter(_Wrapped):
    """As an extension that does not give the interpreter's lock away, or a regular expression that explodes."""

    def before(self, calls: int) -> None:
        if calls > 2:
            ctypes.PyDLL(None).sleep(_FOR_EVER)


class QueueExits(_Wrapped):
    def before(self, calls: int) -> None:
        sys.exit("the author thought this was a program")


class TaskFails(ReferenceTarget):
    """Follows a log in a task, which fails."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        async def follow() -> None:
            await asyncio.sleep(1)
            raise LookupError("the log has moved")

        async with super().running(config) as relay, asyncio.TaskGroup() as group:
            group.create_task(follow())
            yield relay
