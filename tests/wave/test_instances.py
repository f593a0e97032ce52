"""A target that serves one connector only: one relay for each scenario, each with a queue of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from stories.staging import ASKED, GRANTED

from conformance.catalogue.course import Timing
from conformance.evidence.queue import Presence
from conformance.evidence.record import Entry, Record, assemble
from conformance.evidence.view import Evidence
from conformance.target import Capability, Envelope, QueuedMessage, RelayConfig, TargetError
from conformance.wave import adapter, downfall, processor, watch
from conformance.wave import gate as gates
from conformance.wave import player as course
from conformance.wave import staging as run
from conformance.wave.envelope import SENDER_DOMAIN
from conformance.wave.plan import Plan
from conformance.wave.unusable import TargetUnusable
from fake_servers.events import SmtpSent

SCENARIOS = [
    "greeting_421.healed",
    "plain.healthy",
    "close_at_mail.healed",
    "close_at_rcpt.healed",
    "close_at_data.healed",
]


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


class DyingRelay(HoldingRelay):
    """Takes a message and is gone."""

    async def queue(self) -> list[QueuedMessage]:
        raise TargetError("the relay has ended")


class Target:
    name = "holding"
    capabilities = frozenset({Capability.SMART_HOST, Capability.ANY_PORT})

    def __init__(self) -> None:
        self.configs: list[RelayConfig] = []
        self.alive = self.most = 0
        self.cannot_start: dict[str, TargetError] = {}
        self.cannot_stop: tuple[str, ...] = ()
        self.dies: tuple[str, ...] = ()
        self.stands_alone = False
        self.takes = 0.0

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[HoldingRelay]:
        self.configs.append(config)
        scenario = config.connectors[0].domain.removesuffix(".test").replace("-", "_")
        if scenario in self.cannot_start:
            await asyncio.sleep(0.05)
            raise self.cannot_start[scenario]
        if self.stands_alone and self.alive:
            raise TargetError("one is running already")
        self.alive += 1
        await asyncio.sleep(self.takes)
        self.most = max(self.most, self.alive)
        try:
            yield DyingRelay() if scenario in self.dies else HoldingRelay()
        finally:
            self.alive -= 1
        if scenario in self.cannot_stop:
            raise TargetError("it lingers")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.05)
    monkeypatch.setattr(processor, "LOOK", 0.01)
    monkeypatch.setattr(course.Player, "until", lambda *_: asyncio.sleep(0.1))
    monkeypatch.setattr(course.Player, "rest", lambda *_: asyncio.sleep(0.1))


async def staged(
    target: Target, folder: Path, scenarios: list[str] = SCENARIOS, *, alone: bool = False
) -> Record:
    plan = Plan(
        target="x",
        import_path=[],
        lab="loopback",
        scenarios=scenarios,
        asked=ASKED,
        timing=Timing.STEADY,
        work_directory=str(folder),
        alone=alone,
    )
    entries: list[Entry] = []
    await run.run(plan, target, entries.append, lambda *_: None)
    record = assemble(entries, "record")
    assert record.footer is not None
    assert record.footer.lines == len(entries)
    assert target.alive == 0
    return record


@pytest.mark.parametrize("many", [False, True])
async def test_looks_at_a_queue_concern_the_scenarios_of_that_relay(many: bool, tmp_path: Path) -> None:
    target = Target()
    if many:
        target.capabilities = target.capabilities | {Capability.MANY_CONNECTORS}
    record = await staged(target, tmp_path)
    assert len(target.configs) == (1 if many else 5)
    numbers = [one.relay for one in record.staged.values()]
    assert numbers == ([1] * 5 if many else [1, 2, 3, 4, 5]), "in the order of the plan, whatever began first"
    for one in record.staged.values():
        assert Evidence(record, one).queue.throughout.presence is Presence.PRESENT


@pytest.mark.parametrize(("stands_alone", "takes"), [(False, 0.0), (True, 0.0), (True, 0.3)])
async def test_one_that_serves_many_serves_each_alone_if_that_is_asked_for(
    stands_alone: bool, takes: float, tmp_path: Path
) -> None:
    """Where starting took long, the next one was let in beside one that was started for the second time."""
    target = Target()
    target.takes = takes
    target.capabilities = target.capabilities | {Capability.MANY_CONNECTORS}
    target.stands_alone = stands_alone
    record = await staged(target, tmp_path, alone=True)
    assert record.header.alone
    assert record.troubles == []
    assert all(one.closed is not None for one in record.staged.values())
    assert sorted(one.relay for one in record.staged.values()) == [1, 2, 3, 4, 5]
    assert (target.most == 1) is stands_alone, "one by one where they cannot run side by side"


@pytest.mark.parametrize(("many", "suspects"), [(True, SCENARIOS[:1]), (False, ["close_at_mail.healed"])])
async def test_a_relay_that_is_gone_after_traffic_is_no_trouble(
    many: bool, suspects: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downfall, "_BETWEEN", 0.01)
    sent = SmtpSent(at=0.0, stage="mail", text="250 2.1.0 OK")
    monkeypatch.setattr(
        course.Player, "traffic", lambda player, *_: [sent] if player.scenario.id in suspects else []
    )
    target = Target()
    target.dies = ("close_at_mail.healed",)
    target.cannot_stop = target.dies
    if many:
        target.capabilities = target.capabilities | {Capability.MANY_CONNECTORS}
        target.dies = target.cannot_stop = ("greeting_421.healed",)  # of which its first connector is
    record = await staged(target, tmp_path)
    assert record.troubles == [], "nor that it cannot be stopped in good order"
    [gone] = record.stopped
    assert gone.suspects == suspects
    assert gone.scenarios == (SCENARIOS if many else suspects)
    open_ = {name for name, one in record.staged.items() if one.closed is None}
    assert open_ == {*gone.scenarios}


async def test_every_relay_is_told_the_way_back_to_the_senders(tmp_path: Path) -> None:
    target = Target()
    await staged(target, tmp_path)
    for config in target.configs:
        assert [connector.domain for connector in config.connectors][1:] == [SENDER_DOMAIN]


async def test_a_relay_with_one_route_is_told_of_one(tmp_path: Path) -> None:
    target = Target()
    target.capabilities = target.capabilities | {Capability.ONE_ROUTE}
    await staged(target, tmp_path)
    domains = [[connector.domain for connector in config.connectors] for config in target.configs]
    assert sorted(domains) == sorted([f"{name.replace('_', '-')}.test"] for name in SCENARIOS)


async def test_the_plainest_controls_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # with one processor one relay is started after the other, and not whichever thread is quicker
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    target = Target()
    await staged(target, tmp_path, [*SCENARIOS, "verified_tls.healthy"])
    first = [config.connectors[0].domain for config in target.configs][:2]
    assert first == ["plain.healthy.test", "verified-tls.healthy.test"]


async def test_a_relay_is_gone_before_the_next_one_starts_where_the_machine_can_carry_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.wave.staging.busy", lambda *_: True)
    monkeypatch.setattr(gates, "PATIENCE", 60.0)
    target = Target()
    record = await staged(target, tmp_path)
    assert target.most == 1
    windows = sorted((one.submitted or 0.0, one.closed or 0.0) for one in record.staged.values())
    assert len(windows) == 5
    assert all(before[1] < after[0] for before, after in pairwise(windows))


async def test_a_relay_that_cannot_be_started_spoils_its_own_scenario(tmp_path: Path) -> None:
    target = Target()
    target.cannot_start = {"close_at_mail.healed": TargetError("no room", log="no room")}
    record = await staged(target, tmp_path)
    [trouble] = record.troubles
    assert (trouble.scenario, trouble.message) == ("close_at_mail.healed", "no room")
    closed = {name for name, one in record.staged.items() if one.closed is not None}
    assert closed == {*SCENARIOS} - {"close_at_mail.healed"}


async def test_a_relay_that_dies_spoils_its_own_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.01)
    target = Target()
    target.dies = (
        "close_at_mail.healed",
        "close_at_rcpt.healed",
        "close_at_data.healed",
        "greeting_421.healed",
    )
    record = await staged(target, tmp_path)
    assert {trouble.scenario for trouble in record.troubles} == {*target.dies}
    assert record.staged["plain.healthy"].closed is not None


async def test_a_relay_that_cannot_be_stopped_is_told_of_its_own_scenario(tmp_path: Path) -> None:
    target = Target()
    target.cannot_stop = ("close_at_rcpt.healed",)
    record = await staged(target, tmp_path)
    assert [(trouble.scenario, trouble.message) for trouble in record.troubles] == [
        ("close_at_rcpt.healed", "it lingers")
    ]
    assert all(one.closed is not None for one in record.staged.values())


async def test_without_the_plainest_control_nothing_goes_on(tmp_path: Path) -> None:
    target = Target()
    target.cannot_start = {"plain.healthy": TargetError("no licence")}
    record = await staged(target, tmp_path)
    assert [(trouble.scenario, trouble.message) for trouble in record.troubles] == [("", "no licence")]


async def test_relays_none_of_which_can_be_started_are_not_tried_one_after_the_other(tmp_path: Path) -> None:
    target = Target()
    names = [f"{name}.{number}" for name in SCENARIOS for number in range(1, 10)]
    target.cannot_start = {name: TargetError("no licence") for name in names}
    record = await staged(target, tmp_path, names)
    assert [trouble.scenario for trouble in record.troubles].count("") == 1
    assert len(target.configs) < 10


async def test_what_the_machine_lacks_ends_the_wave(tmp_path: Path) -> None:
    target = Target()
    target.cannot_start = {"close_at_rcpt.healed": TargetError("not installed", installation=True)}
    with pytest.raises(TargetUnusable, match="not installed"):
        await staged(target, tmp_path)
    assert target.alive == 0


async def test_a_relay_that_stays_unstarted_is_not_waited_for_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "START_LIMIT", 0.3)

    class Hangs(Target):
        @asynccontextmanager
        async def running(self, config: RelayConfig) -> AsyncIterator[HoldingRelay]:
            if config.connectors[0].domain.startswith("close-at-mail"):
                await asyncio.Event().wait()
            async with super().running(config) as relay:
                yield relay

    record = await staged(Hangs(), tmp_path)
    [trouble] = record.troubles
    assert trouble.scenario == "close_at_mail.healed"
    assert "did not return within" in trouble.message
