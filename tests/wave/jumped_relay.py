"""A relay that counts in its own time, and a wave that moves its clock: what tests of a moved clock play."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jumping_clock import ExactJournal
from stories.reports import delay_notice, ndr
from stories.staging import header, scenario_of, staged
from stories.wire import accepted, closed, fault, message

from conformance.catalogue.course import DAY, Course, Timing
from conformance.catalogue.profile import load
from conformance.evidence.record import QueueListing, Staged
from conformance.judging.aspect import Case
from conformance.target import Envelope, QueuedMessage
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.directory import Directory
from conformance.wave.envelope import envelope_of
from conformance.wave.jumped import Jump
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from fake_servers import Journal
from fake_servers.events import Event, RelayKilled

Attempts = Callable[["Relay", Player], None]


class World:
    def __init__(self) -> None:
        self.repaired: list[str] = []

    async def repair(self, scenario: Any, index: int, rules: Any = ()) -> None:
        self.repaired.append(scenario.id)


class Relay:
    """Tries everything at each jump, takes its time for it, and gives up after so many seconds of its own clock.

    Args:
        journal: The clock of the fakes.
        takes: How long an attempt takes, in seconds.
        reports_after: How long a report takes after that.
        lifetime: Age at which it gives up.
        notifies_at: Age at which it sends a notice of delay.
        sleeps: How late it looks at its queue after a jump.
        wants_attempt: Whether it gives up only after one more attempt.
        counts_seconds: Whether it looks at the age of a message once more when an attempt has ended, and counts the
            real seconds that have passed.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        takes: float = 0.1,
        reports_after: float = 0.2,
        lifetime: float = DAY,
        notifies_at: float = float("inf"),
        sleeps: float = 0.0,
        wants_attempt: bool = True,
        counts_seconds: bool = False,
    ) -> None:
        self.journal = journal
        self.takes, self.reports_after, self.lifetime = takes, reports_after, lifetime
        self.notifies_at, self.sleeps, self.wants_attempt = notifies_at, sleeps, wants_attempt
        self.counts_seconds = counts_seconds
        self.age = 0.0
        self.held: list[Player] = []
        self.players: dict[str, Player] = {}
        self.moves: list[float] = []
        self.killed: list[float] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def submit(self, envelope: Envelope, accepted: Callable[[], None]) -> None:
        if envelope.sender.startswith("greeting_554"):
            raise SubmissionRefused("554 no")
        player = self.players[envelope.recipients[0]]
        self.held.append(player)
        accepted()
        self._spawn(player)

    async def queue(self) -> list[QueuedMessage]:
        return [
            QueuedMessage(sender=p.staged.sender, recipient=p.staged.recipient, error="x") for p in self.held
        ]

    async def events(self) -> list[Any]:
        return []

    async def move_clock(self, seconds: float) -> None:
        self.moves.append(seconds)
        self.age += seconds
        for player in list(self.held):
            self._spawn(player)

    async def kill_and_restart(self, journal: Journal, moment: str, *, relay: int) -> None:
        self.killed.append(self.age)
        journal.note(RelayKilled(moment=moment, relay=relay, asked=journal.now()))

    def _spawn(self, player: Player) -> None:
        task = asyncio.create_task(self._attempt(player))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _attempt(self, player: Player) -> None:
        expired = self.age >= self.lifetime
        await asyncio.sleep(self.sleeps)
        if player not in self.held:
            return
        if not expired or self.wants_attempt:
            number = self.journal.new_connection()
            where: dict[str, Any] = {"server": player.staged.sites[0].server, "connection": number}
            self.journal.note(accepted(**where))
            if player.staged.repaired is not None or player.scenario.course is Course.AFTER_JUMP:
                self._mail(player.staged.sites[0].server, player.staged.recipient, b"", number)
                self.held.remove(player)
            else:
                self.journal.note(fault(**where))
            await asyncio.sleep(self.takes)
            self.journal.note(closed(**where))
        passed = self.journal.now() - (player.staged.submitted or 0.0)
        expired |= self.counts_seconds and self.age + passed >= self.lifetime
        if player in self.held and self.notifies_at <= self.age < self.lifetime:
            self._mail("sink", player.staged.sender, delay_notice(player.staged))
            self.notifies_at = float("inf")
        if player in self.held and expired:
            await asyncio.sleep(self.reports_after)
            self.held.remove(player)
            if player.envelope.sender:
                self._mail("sink", player.staged.sender, ndr(player.staged))

    def _mail(self, server: str, to: str, content: bytes, connection: int = 0) -> None:
        self.journal.note(message(to, content, server=server, connection=connection))


class Watch(RelayWatch):
    """Lists the queue only where the jump itself wants it: what is seen of it is the same each time."""

    async def next_listing(self) -> None:
        await self.ask()


class Wave:
    """A jump with its players and its relay."""

    def __init__(
        self, *courses: Course, timing: Timing = Timing.JUMPED, mode: str = "close_at_greeting"
    ) -> None:
        self.journal = ExactJournal()
        self.world = World()
        self.timing = timing
        self.directory = Directory()
        self.journal.subscribe(self._noted)
        self.players = [self._player(mode, course, number) for number, course in enumerate(courses, 1)]
        self.closed = 0
        self.listings: list[QueueListing] = []

    def _player(self, mode: str, course: Course, number: int) -> Player:
        mode = "moved_clock" if course is Course.AFTER_JUMP else mode
        scenario = scenario_of(mode, course)
        plain = staged(mode, number, course, submitted=None, repaired=None, closed=None)
        player = Player(
            scenario, number, envelope_of(scenario), plain, header(timing=self.timing), self.world,  # type: ignore[arg-type]
            1.0, self.journal,
        )  # fmt: skip
        self.directory.add(player, self.journal)
        return player

    def _noted(self, event: Event) -> None:
        player = self.directory.concerned(event)
        if player is not None:
            player.note(event)

    async def play(self, *relays: Relay) -> list[Staged]:
        for relay in relays:
            relay.players = {p.staged.recipient: p for p in self.players}
        watches = [
            Watch(relay, self.journal, lambda entry: self.listings.append(entry))  # type: ignore[arg-type]
            for relay in relays
        ]
        serving = {
            player: watches[min(number, len(relays) - 1)] for number, player in enumerate(self.players)
        }
        jump = Jump(self.timing, serving, Turns(2), self._closed, self.journal)
        async with asyncio.timeout(5000):
            await jump.play()
        return [player.staged for player in self.players]

    def _closed(self) -> None:
        self.closed += 1

    def case(self, number: int = 0) -> Case:
        player = self.players[number]
        return Case(player.scenario.failure_mode, player.evidence(), load("eop"), {})
