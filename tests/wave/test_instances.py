"""A target that serves one connector only: one relay for each scenario, each with a queue of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from stories.staging import ASKED, GRANTED

from conformance.catalogue.course import Timing
from conformance.evidence.queue import Presence
from conformance.evidence.record import Entry, assemble
from conformance.evidence.view import Evidence
from conformance.target import Capability, Envelope, QueuedMessage, RelayConfig
from conformance.wave import player as course
from conformance.wave import staging as run
from conformance.wave import watch
from conformance.wave.plan import Plan


class HoldingRelay:
    """Keeps every message for ever."""

    submission = None
    schedule = GRANTED

    def __init__(self) -> None:
        self.held: list[Envelope] = []

    async def submit(self, envelope: Envelope) -> None:
        self.held.append(envelope)

    async def queue(self) -> list[QueuedMessage]:
        return [QueuedMessage(sender=e.sender, recipient=e.recipients[0]) for e in self.held]


class Target:
    name = "holding"
    capabilities = frozenset({Capability.SMART_HOST, Capability.ANY_PORT})

    def __init__(self) -> None:
        self.configs: list[RelayConfig] = []

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[HoldingRelay]:
        self.configs.append(config)
        yield HoldingRelay()


@pytest.mark.parametrize("many", [False, True])
async def test_looks_at_a_queue_concern_the_scenarios_of_that_relay(
    many: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.05)
    monkeypatch.setattr(course.Player, "until", lambda *_: asyncio.sleep(0.1))
    target = Target()
    if many:
        target.capabilities = target.capabilities | {Capability.MANY_CONNECTORS}
    scenarios = ["plain.healthy", "greeting_421.healed"]
    plan = Plan(
        target="x",
        import_path=[],
        lab="loopback",
        scenarios=scenarios,
        asked=ASKED,
        timing=Timing.STEADY,
        work_directory=str(tmp_path),
    )
    entries: list[Entry] = []
    await run.run(plan, target, entries.append, lambda *_: None)  # type: ignore[arg-type]
    record = assemble(entries, "record")
    assert len(target.configs) == (1 if many else 2)
    assert [staged.relay for staged in record.staged.values()] == ([1, 1] if many else [1, 2])
    for staged in record.staged.values():
        assert Evidence(record, staged).queue.throughout.presence is Presence.PRESENT
