"""A group: one instance of the relay with the scenarios that are played on it, from submission to closing.

All scenarios of a wave are one group if the relay has `MANY_CONNECTORS`; else each is a group of its own. Nothing that
happens to one group concerns another one: each has its own queue, its own clock and its own kills.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from conformance.catalogue.course import SCHEDULES, Course, Timing
from conformance.catalogue.failure_modes import control_of
from conformance.evidence.record import AlertListing, Entry
from conformance.evidence.relays import Idling
from conformance.target import AcceptedDomain, Capability, Connector
from conformance.wave.adapter import Instance
from conformance.wave.batch import accepted_domains
from conformance.wave.batched import play_batch
from conformance.wave.circling import play_circling
from conformance.wave.connectors import connectors, sender_connector
from conformance.wave.crashed import Crash
from conformance.wave.downfall import BEFORE, Presence, stopped, trouble_of
from conformance.wave.earlier import outlive
from conformance.wave.flood import FloodWatch
from conformance.wave.gone import open_when_gone
from conformance.wave.granted import granted
from conformance.wave.jumped import Jump
from conformance.wave.killed_schedules import KilledSchedules
from conformance.wave.operated import play_operated
from conformance.wave.operator import AlertWatch, Operator, alert_watch
from conformance.wave.plan import Plan
from conformance.wave.player import Player, arrived
from conformance.wave.processor import LOOK, Load, Owners, Processor, Reading
from conformance.wave.reported import play_reported
from conformance.wave.sequence import play_sequence
from conformance.wave.turns import Turns
from conformance.wave.unplayed import why_unplayed
from conformance.wave.unusable import TargetUnusable
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import LONG_WINDOW
from fake_servers import Journal

# Messages handed over to one relay at the same time; more would test its intake, which is not our business.
_SUBMISSIONS = 8

# A relay takes longest over its first message, and where half a second is an hour that would be too late: a day begins
# when it has delivered something, or after so many seconds.
_FIRST_DELIVERY = 3.0

# On these clocks a relay is killed or told to stop, and is not there for a while.
_STOPPED = (Timing.RESTARTED, Timing.CRASHED, Timing.INTERRUPTED)

# On these it is looked at once it has nothing left to do: mail was delivered and refused, or has grown old.
_MEASURED = (Timing.STEADY, Timing.COMPRESSED)

# So many relays in a row that cannot be started show that none can.
_FAILED_STARTS = 3


@dataclass(eq=False, kw_only=True)
class Group:
    """One instance of the relay and its scenarios.

    Attributes:
        number: The number of the instance, counted from 1.
        players: The scenarios.
        connectors: What the relay is told of destinations.
        accepted: What it is told of domains of its own.
        gone: Whether its relay was gone before it had been stopped.
        again: Whether its relay is started for the second time, because it could not be beside others.
    """

    number: int
    players: Sequence[Player]
    connectors: Sequence[Connector]
    accepted: Sequence[AcceptedDomain] = ()
    gone: bool = False
    again: bool = False

    @property
    def folder(self) -> str:
        """The name of the folder in which the relay works."""
        return f"relay-{self.number}" + "-again" * self.again

    @property
    def scenario(self) -> str:
        """The scenario that it was made for; empty if it serves many."""
        return self.players[0].scenario.id if len(self.players) == 1 else ""

    def grant(self, instance: Instance, plan: Plan) -> None:
        """Note in every scenario which relay it is played on, what that granted, and whether it applies to that."""
        schedule = granted(instance.schedule, plan.asked)
        for player in self.players:
            why = player.staged.not_played
            why = why or why_unplayed(player.scenario, instance, schedule, player.header)
            player.staged = replace(player.staged, granted=schedule, relay=self.number, not_played=why)

    @property
    def long_windows(self) -> dict[str, float]:
        """The scenarios whose windows will be open for so long that it must be said, and for how many seconds."""
        estimates = {player.scenario.id: player.estimate() for player in self.played}
        return {scenario: seconds for scenario, seconds in estimates.items() if seconds > LONG_WINDOW}

    @property
    def played(self) -> list[Player]:
        """The scenarios that apply to the relay."""
        return [player for player in self.players if not player.staged.not_played]


def groups_of(
    players: Sequence[Player], capabilities: frozenset[Capability], *, alone: bool = False
) -> list[Group]:
    """Return the groups of a wave, those first that must come first: controls, then what takes longest.

    Args:
        players: The scenarios.
        capabilities: What the target is capable of.
        alone: Whether each scenario is to have a relay of its own in any case.
    """
    able = Capability.ACCEPTED_DOMAINS in capabilities
    accepted = [accepted_domains(player.scenario) if able else [] for player in players]
    needed = [connectors(player.scenario, player.staged.sites) for player in players]
    if Capability.MANY_CONNECTORS in capabilities and not alone:
        return [
            Group(
                number=1,
                players=players,
                connectors=[*(each for some in needed for each in some), sender_connector()],
                accepted=[domain for some in accepted for domain in some],
            )
        ]
    only = Capability.ONE_ROUTE in capabilities
    groups = [
        Group(
            number=number,
            players=[player],
            connectors=needed[number - 1] if only else [*needed[number - 1], sender_connector()],
            accepted=accepted[number - 1],
        )
        for number, player in enumerate(players, 1)
    ]
    return sorted(groups, key=_precedence)


def _precedence(group: Group) -> tuple[bool, bool, int, float]:
    """Return what groups are sorted by: what a control shows is part of what others show, the plainest most of all."""
    [player] = group.players
    mode = player.scenario.failure_mode
    return not mode.is_control, control_of(mode) is not mode, len(mode.needs), -player.estimate()


class TroubleScope:
    """Whom it concerns that a relay cannot be used: its own scenario, or all of them.

    All, if there is no other relay; if the first of all positive controls was to be played on it, without which nothing
    is proven; or if so many relays in a row could not be started that the next one will not either, and each may take a
    minute to show it.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        first = groups[0]
        alone = len(groups) == 1
        self._decisive = first if alone or first.players[0].scenario.failure_mode.is_control else None
        self._started: set[Group] = set()
        self._failed_in_a_row = 0

    def started(self, group: Group) -> None:
        """Take notice that the relay of a group was started."""
        self._started.add(group)
        self._failed_in_a_row = 0

    def has_started(self, group: Group) -> bool:
        """Tell whether the relay of a group was started."""
        return group in self._started

    def is_general(self, group: Group) -> bool:
        """Tell whether it concerns all scenarios that the relay of this group could not be started, or broke."""
        if group not in self._started:
            self._failed_in_a_row += 1
        return group is self._decisive or self._failed_in_a_row >= _FAILED_STARTS


@dataclass(kw_only=True)
class Stage:
    """Where groups are played.

    Attributes:
        plan: The plan of the wave.
        capabilities: What the target is capable of.
        journal: The clock.
        tell: Takes what becomes known, for the record.
        closed: Called when a window is closed.
        only_group: Whether there is one relay only, so that every process is its.
    """

    plan: Plan
    capabilities: frozenset[Capability]
    journal: Journal
    tell: Callable[[Entry], None]
    closed: Callable[[], None]
    only_group: bool

    def __post_init__(self) -> None:
        self.owners = Owners(Path(self.plan.work_directory))

    async def play(self, group: Group, instance: Instance) -> None:
        """Play all scenarios of a group on its relay.

        A relay that is gone is noted, and no trouble.

        Raises:
            TargetUnusable: The relay or its adapter broke.
        """
        for player in group.players:
            if player.staged.not_played:
                player.staged = replace(player.staged, closed=self.journal.now())
                self.closed()
        if not group.played:
            return
        watch = RelayWatch(instance, self.journal, self.tell, group.number)
        for player in group.players:
            player.watch = watch
        trouble = await trouble_of(self._play(group, watch))
        if trouble is None:
            return
        gone = await stopped(trouble, watch, group.played)
        if isinstance(gone, TargetUnusable):
            raise gone
        group.gone = True
        self.tell(gone)

    async def _play(self, group: Group, watch: RelayWatch) -> None:
        alerts = self._alert_watch(group, watch.instance)
        processor = self._processor(group)
        flood = FloodWatch(Path(self.plan.work_directory) / group.folder)
        looks: list[RelayWatch | AlertWatch | Processor | Presence | FloodWatch | None] = [
            watch,
            alerts,
            flood,
        ]
        if len(group.players) > 1:
            looks.append(processor)
        if len(group.players) > 1 and self.plan.timing not in _STOPPED:
            looks.append(Presence(watch.instance, self.journal, self._processes(group)))
        async with asyncio.TaskGroup() as tasks:
            looking = [tasks.create_task(each.run()) for each in looks if each is not None]
            looking += [tasks.create_task(open_when_gone(player, watch)) for player in group.played]
            await _Play(self, group.played, watch, alerts).play()
            for task in looking:
                task.cancel()
        await watch.ask()  # what was logged after the last time
        if processor is not None:
            self.tell(_idling(group, await processor.at_rest(), self.journal.now()))

    def _processor(self, group: Group) -> Processor | None:
        """Return who measures what the relay uses of the processors, on the clocks on which that is judged."""
        if self.plan.timing not in _MEASURED:
            return None

        def quiet(since: float) -> bool:
            return not any(player.traffic(since, math.inf) for player in group.players)

        return Processor(self.journal, self._processes(group), quiet)

    def _processes(self, group: Group) -> Callable[[], Iterable[Reading]]:
        """Return what finds the processes of a group's relay."""
        return partial(self.owners.of, "" if self.only_group else group.folder)

    def _alert_watch(self, group: Group, instance: Instance) -> AlertWatch | None:
        """Return who looks at the relay's alerts, where some are to be judged."""
        if not self.plan.asks_for_alerts:
            return None

        def tell(listing: AlertListing) -> None:
            self.tell(replace(listing, relay=group.number))

        return alert_watch(instance, self.capabilities, self.journal, tell)


def _idling(group: Group, load: Load, at: float) -> Idling:
    """Return what the relay of a group used at last, and who can have brought it to that, if it was too much."""
    idling = Idling(
        at=at,
        seconds=load.seconds,
        cores=load.cores,
        since=load.since,
        spun=load.spun,
        relay=group.number,
        scenarios=[player.scenario.id for player in group.players],
    )
    begin, end = load.since - BEFORE, load.since + LOOK
    suspects = [player.scenario.id for player in group.players if player.traffic(begin, end)]
    return replace(idling, suspects=suspects) if idling.is_busy else idling


@dataclass
class _Play:
    """The playing of one group."""

    stage: Stage
    players: Iterable[Player]
    watch: RelayWatch
    alerts: AlertWatch | None
    turn: Turns = field(default_factory=lambda: Turns(_SUBMISSIONS))

    async def play(self) -> None:
        """Play every scenario, by the clock of the wave."""
        plan, closed = self.stage.plan, self.stage.closed
        relays = dict.fromkeys(self.players, self.watch)
        if plan.timing in (Timing.JUMPED, Timing.RESTARTED):
            await Jump(plan.timing, relays, self.turn, closed, self.stage.journal, self.alerts).play()
            return
        schedules = {p: each for p, each in relays.items() if p.scenario.failure_mode.killed_amid_steps}
        if schedules:
            relays = {p: each for p, each in relays.items() if p not in schedules}
            killing = KilledSchedules(self.watch, list(schedules), self.turn, closed, armed=not plan.disarmed)
            controls = Crash(relays, self.turn, closed, armed=False)
            if all(player.scenario.course is Course.HEALTHY for player in relays):
                await killing.play(controls.play)
                return
            await killing.play()
        if plan.timing in (Timing.CRASHED, Timing.INTERRUPTED):
            await Crash(relays, self.turn, closed, armed=not plan.disarmed).play()
            return
        # what takes longest is begun first: the wave lasts as long as its longest window, and little more
        async with asyncio.TaskGroup() as group:
            waiting = sorted(self.players, key=Player.estimate, reverse=True)
            if plan.timing is Timing.COMPRESSED:
                first = [player for player in waiting if player.scenario.course is Course.HEALTHY]
                waiting = [player for player in waiting if player not in first]
                for player in first:
                    group.create_task(self._play_one(player))
                await asyncio.gather(*(player.until(arrived, _FIRST_DELIVERY) for player in first))
            for player in waiting:
                group.create_task(self._play_one(player))

    async def _play_one(self, player: Player) -> None:
        if player.scenario.timing is Timing.OPERATED:
            has_mailboxes = Capability.MAILBOXES in self.stage.capabilities
            operator = Operator(self.watch.instance, self.stage.journal, has_mailboxes)
            folder = Path(self.stage.plan.work_directory)
            await play_operated(player, self.watch, operator, self.alerts, self.turn, folder)
        elif player.scenario.course in SCHEDULES:
            await play_sequence(player, self.watch, self.turn)
        elif player.scenario.course is Course.REPORTED:
            await play_reported(player, self.watch, self.turn)
        elif player.scenario.failure_mode.message.comes_back:
            await play_circling(player, self.watch, self.turn)
        elif player.scenario.course is Course.BATCH:
            await play_batch(player, self.watch, self.turn)
        elif player.scenario.course is not Course.LONG_DEAD or await outlive(player, self.watch):
            await player.play(self.watch, self.turn)
        self.stage.closed()
