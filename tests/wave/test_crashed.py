"""Kills whose clock is moved, beside others: no message is aged but the one that is to expire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from jumping_clock import ExactJournal, in_jumping_time
from stories.reports import ndr
from stories.staging import header, scenario_of, staged
from stories.wire import SINK, accepted, closed, fault, message

from conformance.catalogue.course import Timing
from conformance.evidence.record import QueueListing
from conformance.target import Envelope, QueuedMessage
from conformance.wave.crashed import Crash
from conformance.wave.directory import Directory
from conformance.wave.envelope import envelope_of
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from fake_servers import Journal
from fake_servers.events import RelayKilled


class Sink:
    def repair(self, script: object = None) -> None:
        pass


class World:
    def __init__(self) -> None:
        self.sink, self.sink_turn = Sink(), asyncio.Lock()

    async def repair(self, scenario: object, index: int) -> None:
        pass


class Relay:
    """Fails once with what it accepts, delivers it (or returns what is too old) some time after a restart.

    Args:
        journal: The clock.
        after: Seconds from a restart to the next attempt.
        lists_for: Seconds for which its queue lists what it has delivered.
    """

    submission = None

    def __init__(self, journal: Journal, *, after: float, lists_for: float = 0.0) -> None:
        self.journal, self.after, self.lists_for = journal, after, lists_for
        self.players: dict[str, Player] = {}
        self.held: list[Player] = []
        self.aged: list[tuple[str, list[str]]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def submit(self, envelope: Envelope, took: Callable[[], None]) -> None:
        player = self.players[envelope.recipients[0]]
        took()
        self.held.append(player)
        healthy = player.scenario.failure_mode.is_control
        self.tasks.append(asyncio.create_task(self._attempt(player, 0.1, healthy=healthy)))

    async def _attempt(self, player: Player, wait: float, *, healthy: bool) -> None:
        await asyncio.sleep(wait)
        server, number = player.staged.sites[0].server, self.journal.new_connection()
        if healthy and any(name == player.scenario.failure_mode.name for name, _ in self.aged):
            self._mail(SINK, player.staged.sender, ndr(player.staged), 0)
        else:
            self.journal.note(accepted(server=server, connection=number))
            if healthy:
                self._mail(server, player.staged.recipient, player.envelope.content, number)
            else:
                self.journal.note(fault(server=server, connection=number))
            self.journal.note(closed(server=server, connection=number))
        if healthy:
            await asyncio.sleep(self.lists_for)
            self.held.remove(player)

    def _mail(self, server: str, to: str, content: bytes, connection: int) -> None:
        self.journal.note(message(to, content, server=server, connection=connection))

    async def queue(self) -> list[QueuedMessage]:
        await asyncio.sleep(0.05)
        return [QueuedMessage(sender=p.staged.sender, recipient=p.staged.recipient) for p in self.held]

    async def events(self) -> list[Any]:
        return []

    async def move_clock(self, seconds: float) -> None:
        names = [player.scenario.failure_mode.name for player in self.held]
        self.aged.append((names[-1], names))

    async def kill_and_restart(
        self, journal: Journal, moment: str, meanwhile: Callable[[], Awaitable[None]], *, relay: int
    ) -> None:
        asked = journal.now()
        await asyncio.sleep(0.1)
        journal.note(RelayKilled(moment=moment, relay=relay, asked=asked))
        await meanwhile()
        for player in self.held:
            self.tasks.append(asyncio.create_task(self._attempt(player, self.after, healthy=True)))


async def _play(modes: Iterable[str], **how: float) -> tuple[Relay, list[Player]]:
    journal = ExactJournal()
    directory, world, listings = Directory(), World(), list[QueueListing]()
    players = []
    journal.subscribe(lambda event: player.note(event) if (player := directory.concerned(event)) else None)
    for number, mode in enumerate(modes, 1):
        scenario = scenario_of(mode)
        plain = staged(mode, number, submitted=None, repaired=None, closed=None)
        top = header(timing=Timing.CRASHED)
        player = Player(
            scenario,
            number,
            envelope_of(scenario),
            plain,
            top,
            world,  # type: ignore[arg-type]
            1.0,
            journal,
        )
        directory.add(player, journal)
        players.append(player)
    relay = Relay(journal, **how)
    relay.players = {player.envelope.recipients[0]: player for player in players}
    watch = RelayWatch(relay, journal, lambda entry: listings.append(entry))  # type: ignore[arg-type]
    watching = asyncio.create_task(watch.run())
    async with asyncio.timeout(500):
        relays = dict.fromkeys(players, watch)
        await Crash(relays, Turns(8), lambda: None, armed=True).play()
    watching.cancel()
    return relay, players


@pytest.mark.parametrize(
    "how",
    [{"after": 0.2}, {"after": 3.0}, {"after": 0.2, "lists_for": 3.0}, {"after": 30.0}],
    ids=str,
)
@in_jumping_time
async def test_no_other_message_is_in_the_queue_when_the_clock_is_moved_or_its_window_is_closed(
    how: dict[str, float],
) -> None:
    modes = ("plain", "killed_at_expiry", "killed_while_reporting", "killed_between_attempts")
    relay, players = await _play(modes, **how)
    moved = [expiring for expiring, _ in relay.aged]
    assert moved == ["killed_at_expiry", "killed_while_reporting"]
    assert all(player.staged.closed is not None for player in players)
    if how["after"] < 30.0:
        assert [names for _, names in relay.aged] == [[expiring] for expiring in moved]
        return
    # what is later than any retry that is in order is judged as it was when its window was closed
    late = players[-1]
    [killed] = [e.at for e in late.journal.of(RelayKilled) if e.moment == "killed_at_expiry"]
    assert late.staged.closed is not None
    assert late.staged.closed < killed


@in_jumping_time
async def test_the_controls_come_before_the_clock_is_moved() -> None:
    relay, [control, expiring] = await _play(("plain", "killed_at_expiry"), after=0.2)
    [killed] = [event.at for event in expiring.journal.of(RelayKilled)]
    assert control.staged.submitted is not None
    assert control.evidence().messages[0].at < killed
    assert relay.aged == [("killed_at_expiry", ["killed_at_expiry"])]
    assert len(expiring.evidence().returned) == 1
