"""Players to be played against a relay and a world that do nothing by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from adapters import Unwatched
from jumping_clock import LoopJournal
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.scenario import Course, Scenario
from conformance.target import Envelope, Schedule
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.envelope import envelope_of
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from fake_servers import Journal

GRANTED = Schedule(
    retry_interval=0.2,
    max_retry_interval=0.2,
    queue_lifetime=9.0,
    granularity=0.0,
    connect_timeout=0.3,
    command_timeout=0.3,
    dns_timeout=0.3,
)
SLACK = 0.1


class World:
    def __init__(self) -> None:
        self.repaired: list[float] = []

    async def repair(self, scenario: Scenario, index: int) -> None:
        self.repaired.append(self.journal.now())

    journal: Journal


class Relay:
    """Takes a message, or says why not; what it does then is up to the test."""

    submission = None

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.taken: list[Envelope] = []

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        if self.refusal:
            raise SubmissionRefused(self.refusal)
        self.taken.append(envelope)
        accepted()


def player_of(
    mode: str, *, stretch: float = 1.0, granted: Schedule = GRANTED, course: Course | None = None
) -> Player:
    world = World()
    world.journal = LoopJournal()
    plain = staged(mode, course=course, granted=granted, submitted=None, repaired=None, closed=None)
    scenario = scenario_of(mode, course)
    player = Player(
        scenario, 0, envelope_of(scenario), plain, header(slack=SLACK), world, stretch, world.journal  # type: ignore[arg-type]
    )  # fmt: skip
    world.journal.subscribe(player.note)
    return player


def attempts(player: Player, number: int, *, over: bool = True) -> None:
    where: dict[str, Any] = {"server": player.staged.sites[0].server, "connection": number}
    player.journal.note(accepted(**where))
    player.journal.note(fault(**where))
    if over:
        player.journal.note(closed(**where))


def arrives(player: Player, recipient: str = "") -> None:
    server = player.staged.sites[0].server
    player.journal.note(message(recipient or player.staged.recipient, server=server, connection=99))


async def play(player: Player, relay: Relay | None = None) -> None:
    async with asyncio.timeout(100):
        await player.play(Unwatched(relay or Relay()), Turns(1))  # type: ignore[arg-type]
