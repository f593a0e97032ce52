"""What falls into an attempt: each thing is done while the attempt hangs, and the message is then waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jumping_clock import ExactJournal, in_jumping_time
from stories.reports import ndr
from stories.staging import header, scenario_of, staged
from stories.wire import SINK, accepted, answer, closed, fault, message

from conformance.catalogue.course import Timing
from conformance.catalogue.failure_modes import ALL
from conformance.evidence.record import QueueListing, Site
from conformance.target import Connector, Envelope, QueuedMessage
from conformance.wave.crashed import Crash
from conformance.wave.directory import Directory
from conformance.wave.envelope import envelope_of
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import slow_for
from conformance.witness.amid import BY_OPERATOR, Amid, acts, hangs
from fake_servers import Journal
from fake_servers.events import RelayClockMoved, RelayKilled

# a full disk, and what an operator does while others go on, have files of their own
MODES = [mode.name for mode in ALL.values() if mode.amid not in (None, Amid.FULL, *BY_OPERATOR)]


class World:
    sink_turn = asyncio.Lock()

    async def repair(self, scenario: object, index: int) -> None:
        pass


class Relay:
    """Hangs with what it accepts; what it is told then has it deliver, or return, some time later.

    Args:
        after: Seconds from what it is told to the end of the message.
        waits_for: How far its clock must have been moved in all before it does anything.
        lets_go: After how many seconds more it closes the connection that hung.
    """

    submission = None

    def __init__(
        self, journal: Journal, *, after: float, waits_for: float = -1e9, lets_go: float = 1e9
    ) -> None:
        self.journal, self.after, self.waits_for, self.lets_go = journal, after, waits_for, lets_go
        self.player: Player
        self.told: list[str] = []
        self.moved = 0.0
        self.waits = False
        self.tasks: list[asyncio.Task[None]] = []

    async def submit(self, envelope: Envelope, took: Callable[[], None]) -> None:
        took()
        self.waits = True
        self.tasks.append(asyncio.create_task(self._hang()))

    async def _hang(self) -> None:
        await asyncio.sleep(0.1)
        site = self.player.staged.sites[0]
        self.number = self.journal.new_connection()
        if self.player.scenario.failure_mode.hosts[0].rules:
            self.journal.note(accepted(server=site.server, connection=self.number))
            how = "stall" if self.player.scenario.failure_mode.stalls else "slow"
            self.journal.note(fault(how, server=site.server, connection=self.number))
        else:
            self.journal.note(answer(site.name, "silence"))

    async def _end(self) -> None:
        await asyncio.sleep(self.after)
        site, player = self.player.staged.sites[0], self.player
        if player.scenario.failure_mode.amid is Amid.EXPIRY:
            self.journal.note(message(player.staged.sender, ndr(player.staged), server=SINK, connection=0))
        else:
            number = self.journal.new_connection()
            self.journal.note(accepted(server=site.server, connection=number))
            content = player.envelope.content
            self.journal.note(
                message(player.staged.recipient, content, server=site.server, connection=number)
            )
            self.journal.note(closed(server=site.server, connection=number))
        self.waits = False
        await asyncio.sleep(self.lets_go)
        self.journal.note(closed(server=site.server, connection=self.number))

    def _tell(self, what: str) -> None:
        self.told.append(what)
        if self.moved >= self.waits_for and self.waits:
            self.tasks.append(asyncio.create_task(self._end()))

    async def queue(self) -> list[QueuedMessage]:
        await asyncio.sleep(0.05)
        staged = self.player.staged
        return [QueuedMessage(sender=staged.sender, recipient=staged.recipient)] * self.waits

    async def events(self) -> list[Any]:
        return []

    async def move_clock(self, seconds: float) -> None:
        self.moved += seconds
        self._tell(f"clock {seconds:+.0f}")

    async def call(self, name: str, *arguments: object, **named: object) -> None:
        if name == "edit_connector":
            assert isinstance(arguments[0], Connector)
            assert arguments[0].smart_hosts[0] != self.player.staged.sites[0].name
        self._tell(name)

    async def kill_and_restart(
        self, journal: Journal, moment: str, meanwhile: Callable[[], Awaitable[None]], *, relay: int, by: str
    ) -> None:
        asked = journal.now()
        await asyncio.sleep(0.1)
        journal.note(RelayKilled(moment=moment, relay=relay, asked=asked, how="stopped"))
        await meanwhile()
        self._tell(by)


async def _play(mode: str, *, armed: bool = True, **how: float) -> tuple[Relay, Player]:
    journal, directory, listings = ExactJournal(), Directory(), list[QueueListing]()
    journal.subscribe(lambda event: player.note(event) if (player := directory.concerned(event)) else None)
    scenario = scenario_of(mode)
    plain = staged(mode, 1, submitted=None, repaired=None, closed=None)
    plain.sites.append(Site(name=f"spare.{plain.domain}", host="127.1.1.9", port=25))
    top, world = header(timing=Timing.INTERRUPTED), World()
    player = Player(scenario, 1, envelope_of(scenario), plain, top, world, 1.0, journal)  # type: ignore[arg-type]
    directory.add(player, journal)
    relay = Relay(journal, after=how.pop("after", 0.5), **how)
    relay.player = player
    watch = RelayWatch(relay, journal, lambda entry: listings.append(entry))  # type: ignore[arg-type]
    watching = asyncio.create_task(watch.run())
    async with asyncio.timeout(500):
        await Crash({player: watch}, Turns(8), lambda: None, armed=armed).play()
    watching.cancel()
    for event in journal.of(RelayClockMoved):
        player.note(event)
    for event in journal.of(RelayKilled):
        player.note(event)
    return relay, player


TOLD = {
    Amid.EXPIRY: "clock +87300",
    Amid.EDIT: "edit_connector",
    Amid.FLUSH: "clock +1",
    Amid.STOP: "stop",
    Amid.SECOND: "start_second",
    Amid.SET_BACK: "clock -3600",
}


@pytest.mark.parametrize("mode", MODES)
@in_jumping_time
async def test_it_happens_while_the_attempt_hangs(mode: str) -> None:
    relay, player = await _play(mode)
    what = player.scenario.failure_mode.amid
    assert what is not None
    assert relay.told == [TOLD[what]]
    [act] = acts(player.evidence())
    assert hangs(player.evidence(), act.asked)
    assert player.staged.closed is not None
    mode = player.scenario.failure_mode
    assert (player.staged.repaired is None) is (what is Amid.EXPIRY or bool(slow_for(mode)))
    ends = [*player.evidence().messages, *player.evidence().returned]
    # long enough for a second one, and for a connection on which nobody answers to end
    most = 2 * player.staged.granted.retry_interval if player.scenario.failure_mode.stalls else 3.0
    assert player.staged.closed - ends[0].at > most


@pytest.mark.parametrize(
    ("mode", "lets_go", "least", "most"),
    [
        ("flushed_in_attempt", 0.0, 3.0, 4.5),
        ("flushed_in_attempt", 2.0, 5.0, 6.5),  # what comes of it then would come with the next retry
        ("flushed_in_attempt", 1e9, 7.0, 8.5),
        ("expired_in_look_up", 0.0, 7.0, 8.5),  # nothing shows the end of that
    ],
)
@in_jumping_time
async def test_who_holds_no_connection_any_more_is_waited_for_no_longer(
    mode: str, lets_go: float, least: float, most: float
) -> None:
    _, player = await _play(mode, lets_go=lets_go)
    ends = [*player.evidence().messages, *player.evidence().returned]
    assert player.staged.closed is not None
    assert least <= player.staged.closed - ends[0].at < most


@in_jumping_time
async def test_a_clock_that_was_set_back_is_moved_forward_only_if_nothing_came() -> None:
    relay, player = await _play("clock_set_back_in_attempt", waits_for=0.0)
    assert relay.told == ["clock -3600", "clock +3601"]
    assert len(player.evidence().messages) == 1


@in_jumping_time
async def test_a_relay_is_made_to_look_again_at_what_has_expired() -> None:
    relay, player = await _play("expired_in_attempt", waits_for=87301.0)
    assert relay.told == ["clock +87300", "clock +2"]
    assert len(player.evidence().returned) == 1


@in_jumping_time
async def test_the_window_of_what_never_ends_is_closed_before_the_next_thing_happens() -> None:
    _, player = await _play("edited_in_attempt", after=100.0)
    assert player.staged.closed is not None
    assert player.staged.closed < 20.0
    assert not player.evidence().messages


@in_jumping_time
async def test_in_an_anti_run_nothing_happens() -> None:
    relay, player = await _play("flushed_in_attempt", armed=False)
    assert relay.told == []
    assert player.staged.closed is not None
