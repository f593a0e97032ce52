"""A window closes with a listing of the queue that is later than everything that was waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jumping_clock import ExactJournal, in_jumping_time
from stories.sequences import SequenceStory
from stories.staging import header, scenario_of, staged
from stories.wire import message

from conformance.catalogue.course import Course, Timing
from conformance.catalogue.scenario import Scenario
from conformance.evidence.queue import Presence, QueueReading, read_queue
from conformance.evidence.record import Fault, QueueListing, Reported, Staged
from conformance.target import Envelope, QueuedMessage
from conformance.wave.crashed import Crash
from conformance.wave.envelope import envelope_of
from conformance.wave.jumped import Jump
from conformance.wave.operated import play_operated
from conformance.wave.operator import Operator
from conformance.wave.player import Player
from conformance.wave.sequence import play_sequence
from conformance.wave.turns import Turns
from conformance.wave.unusable import TargetUnusable
from conformance.wave.watch import RelayWatch
from fake_servers import Journal
from fake_servers.events import RelayKilled

TURN = 4
LONGEST = 5.0  # seconds that a window may wait for a listing


class World:
    async def repair(self, scenario: object, index: int) -> None:
        pass

    async def step(self, scenario: object, number: int) -> None:
        pass


class Relay:
    """Delivers what it takes after a tenth of a second; a listing takes as long.

    Args:
        journal: The clock.
        sites: The server for each recipient.
    """

    submission = None

    def __init__(self, journal: Journal, sites: dict[str, str]) -> None:
        self.journal, self.sites = journal, sites
        self.held: list[Envelope] = []
        self.asked: list[float] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        accepted()
        self.held.append(envelope)
        self.tasks.append(asyncio.create_task(self._deliver(envelope)))

    async def _deliver(self, envelope: Envelope) -> None:
        await asyncio.sleep(0.1)
        self.held.remove(envelope)
        [recipient] = envelope.recipients
        self.journal.note(
            message(recipient, envelope.content, server=self.sites[recipient.partition("@")[2]])
        )

    async def queue(self) -> list[QueuedMessage]:
        self.asked.append(self.journal.now())
        held = [QueuedMessage(sender=each.sender, recipient=each.recipients[0]) for each in self.held]
        await asyncio.sleep(0.1)
        return held

    async def events(self) -> list[Any]:
        return []

    async def move_clock(self, seconds: float) -> None:
        pass

    async def kill_and_restart(
        self, journal: Journal, moment: str, meanwhile: Callable[[], Awaitable[None]], *, relay: int
    ) -> None:
        asked = journal.now()
        await asyncio.sleep(0.1)
        journal.note(RelayKilled(moment=moment, relay=relay, asked=asked))
        await meanwhile()


class Wave:
    """Players of one relay, which is watched as in every wave."""

    def __init__(self, *scenarios: Scenario, timing: Timing = Timing.STEADY) -> None:
        self.journal = ExactJournal()
        self.timing = timing
        self.listings: list[QueueListing] = []
        self.players = [self._player(scenario, number) for number, scenario in enumerate(scenarios, 1)]
        sites = {player.staged.domain: player.staged.sites[0].server for player in self.players}
        self.relay = Relay(self.journal, sites)
        self.watch = RelayWatch(self.relay, self.journal, self._tell)  # type: ignore[arg-type]

    def _player(self, scenario: Scenario, number: int) -> Player:
        unsubmitted: dict[str, Any] = {"submitted": None, "repaired": None, "closed": None}
        if scenario.course is Course.SCHEDULE:
            plain = replace(SequenceStory(scenario.failure_mode.name).staged, **unsubmitted)
        else:
            plain = staged(scenario.failure_mode.name, number, scenario.course, **unsubmitted)
        world: Any = World()
        top = header(timing=self.timing)
        player = Player(scenario, number, envelope_of(scenario), plain, top, world, 1.0, self.journal)
        servers = {site.server for site in plain.sites}
        self.journal.subscribe(lambda event: player.note(event) if event.server in servers else None)
        return player

    def _tell(self, entry: QueueListing | Reported) -> None:
        if isinstance(entry, QueueListing):
            self.listings.append(entry)

    @asynccontextmanager
    async def watched(self) -> Any:
        """Have the relay watched; what breaks the watch is raised at the end."""
        watching = asyncio.create_task(self.watch.run())
        try:
            async with asyncio.timeout(500):
                yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    def queue(self, done: Staged) -> QueueReading:
        return read_queue(self.listings, done, done.recipient)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> dict[Player, float]:
    """For each player, when its last wait was over."""
    ends: dict[Player, float] = {}

    def noting(name: str) -> None:
        wait = getattr(Player, name)

        async def noted(player: Player, *arguments: Any, **named: Any) -> Any:
            answer = await wait(player, *arguments, **named)
            ends[player] = player.journal.now()
            return answer

        monkeypatch.setattr(Player, name, noted)

    noting("until")
    noting("rest")
    return ends


async def _healthy() -> Wave:
    wave = Wave(scenario_of("plain"))
    async with wave.watched():
        await wave.players[0].play(wave.watch, Turns(TURN))
    return wave


async def _sequence() -> Wave:
    wave = Wave(SequenceStory("close_at_mail+healthy").scenario)
    async with wave.watched():
        await play_sequence(wave.players[0], wave.watch, Turns(TURN))
    return wave


async def _jumped() -> Wave:
    courses = [("close_at_greeting", Course.EXPIRES), ("moved_clock", Course.AFTER_JUMP)]
    wave = Wave(*(scenario_of(mode, course) for mode, course in courses), timing=Timing.JUMPED)
    async with wave.watched():
        relays = dict.fromkeys(wave.players, wave.watch)
        await Jump(wave.timing, relays, Turns(TURN), lambda: None, wave.journal).play()
    return wave


async def _crashed() -> Wave:
    wave = Wave(scenario_of("killed_after_delivery"), scenario_of("plain"), timing=Timing.CRASHED)
    async with wave.watched():
        relays = dict.fromkeys(wave.players, wave.watch)
        await Crash(relays, Turns(TURN), lambda: None, armed=True).play()
    assert len([*wave.journal.of(RelayKilled)]) == 1
    return wave


async def _operated() -> Wave:
    wave = Wave(scenario_of("greeting_421", Course.CORRECTED), timing=Timing.OPERATED)
    async with wave.watched():
        [player], operator = wave.players, Operator(wave.relay, wave.journal)  # type: ignore[arg-type]
        await play_operated(player, wave.watch, operator, None, Turns(TURN), Path("/nowhere"))
    return wave


@pytest.mark.parametrize("play", [_healthy, _sequence, _jumped, _crashed, _operated])
def test_the_last_listing_is_within_the_window_and_after_the_last_wait(
    play: Callable[[], Any], waits: dict[Player, float]
) -> None:
    waves: list[Wave] = []

    async def go() -> None:
        waves.append(await play())

    in_jumping_time(go)()
    [wave] = waves
    for player in wave.players:
        done = player.staged
        last = wave.queue(done).listings[-1]
        assert done.closed is not None
        assert waits[player] < last.asked <= last.at <= done.closed
        # a listing is begun one second after the last one at the latest, and takes a tenth
        assert done.closed - waits[player] < 1.0 + 4 * 0.1
        assert wave.queue(done).last.presence is Presence.ABSENT


@pytest.mark.parametrize("after", [0.0, 0.35, 0.95])
@in_jumping_time
async def test_windows_that_close_together_share_one_listing(after: float) -> None:
    many = Wave(*(scenario_of(mode) for mode in ("plain", "slow", "verified_tls")))
    async with many.watched():
        await asyncio.sleep(3.0 + after)
        before, begun = len(many.relay.asked), many.journal.now()
        await asyncio.gather(*(player.close(many.watch) for player in many.players for _ in range(20)))
        assert many.journal.now() - begun <= 1.0 + 2 * 0.1
    # the one that may have been under way does not count: nobody knows of when it is
    assert len([asked for asked in many.relay.asked[before:] if asked > begun]) == 1
    gaps = [later - earlier for earlier, later in zip(many.relay.asked, many.relay.asked[1:], strict=False)]
    assert min(gaps) >= 1.0


@in_jumping_time
async def test_what_is_listed_again_at_once_lies_within_the_window() -> None:
    wave = Wave(scenario_of("plain"))
    [player] = wave.players
    async with wave.watched():
        await wave.relay.submit(player.envelope, player._accepted)  # gone when the next listing is made
        await asyncio.sleep(0.15)
        await player.close(wave.watch)
    assert wave.queue(player.staged).proves_gone
    assert [bool(listing.waiting) for listing in wave.listings] == [True, False, False]


def _hangs() -> Iterator[Any]:
    while True:
        yield asyncio.Event().wait()


def _stumbles() -> Iterator[Any]:
    """Twice in a row a watch puts up with."""
    while True:
        yield TargetUnusable(Fault.ADAPTER, "no")
        yield TargetUnusable(Fault.ADAPTER, "no")
        yield []


@pytest.mark.parametrize(("answers", "listed"), [(_hangs, False), (_stumbles, True)])
@in_jumping_time
async def test_a_relay_that_cannot_be_asked_delays_no_window_for_ever(
    answers: Callable[[], Iterator[Any]], listed: bool
) -> None:
    wave = Wave(scenario_of("plain"))
    given = answers()

    async def queue() -> Any:
        answer = next(given)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, list) else await answer

    wave.relay.queue = queue  # type: ignore[method-assign]
    async with wave.watched():
        begun = wave.journal.now()
        await wave.players[0].play(wave.watch, Turns(TURN))
        [player] = wave.players
        rested = begun + 0.1 + player.longest_wait()
        assert player.staged.closed is not None
        assert player.staged.closed - rested <= LONGEST + 0.5
        assert bool(wave.queue(player.staged).listings) is listed


@in_jumping_time
async def test_a_relay_that_is_dead_meanwhile_is_asked_when_it_lives_again() -> None:
    wave = Wave(scenario_of("plain"))
    [player] = wave.players
    async with wave.watched():
        async with wave.watch._turn:  # as during a kill, when nobody asks it anything
            closing = asyncio.create_task(player.close(wave.watch))
            await asyncio.sleep(3.0)
            assert not closing.done()
        await closing
    assert player.staged.closed == pytest.approx(3.1, abs=0.05)
