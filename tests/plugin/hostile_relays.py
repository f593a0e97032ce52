"""Relays that attack the fakes, the wave or the machine beside delivering mail as they should; see `hostile_acts`."""

from __future__ import annotations

import resource
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hostile_acts

from conformance.target import QueuedMessage, RelayConfig
from conformance.targets.reference import ReferenceTarget


class _Hostile(ReferenceTarget):
    acts: Sequence[str] = ()

    def command(self, config_file: Path) -> list[str]:
        acts = ",".join(self.acts)
        return [sys.executable, hostile_acts.__file__, acts, "serve", "--config", str(config_file)]


class Babbles(_Hostile):
    acts = ("garbage",)


class Squats(_Hostile):
    """Opens connections by the thousand, while the wave may have few descriptors."""

    acts = ("half_open",)

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with super().running(config) as relay:
            resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
            yield relay


class Sneaks(_Hostile):
    """Everything that concerns nobody in particular."""

    acts = ("strays", "dns_flood", "escape", "demolish")


class Floods(_Hostile):
    acts = ("question_flood",)


class Links(_Hostile):
    acts = ("links",)


class ListsWithoutEnd(_Hostile):
    """Its queue has a hundred thousand entries that nobody submitted."""

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Any]:
        made = [QueuedMessage(sender="a@b.test", recipient=f"{n}@c.test") for n in range(100_000)]
        async with super().running(config) as relay:
            relay.queue = lambda: made
            yield relay
