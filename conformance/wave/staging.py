"""Runs a wave: fakes armed, relays up, messages submitted, courses played, record complete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from conformance.catalogue.course import Timing
from conformance.evidence.record import Entry, Header, Reported, Staged, Trouble
from conformance.lab.addresses import NAMESPACE, Lab, in_namespace, loopback
from conformance.schedules.scenarios import scenario_of
from conformance.target import Capability, Target
from conformance.wave import request
from conformance.wave.adapter import running
from conformance.wave.directory import Directory
from conformance.wave.disk import excused, no_room
from conformance.wave.downfall import trouble_of
from conformance.wave.envelope import author_of, domain_of, envelope_of, sender_of
from conformance.wave.flood import cut
from conformance.wave.full_disk import disk_for
from conformance.wave.gate import MOST_LAG, MOST_PRESSURE, Gate, busy
from conformance.wave.group import Group, Stage, TroubleScope, groups_of
from conformance.wave.left_behind import left_behind
from conformance.wave.names import alias_of
from conformance.wave.pace import Pace
from conformance.wave.plan import Plan
from conformance.wave.player import Player
from conformance.wave.reach import Reach
from conformance.wave.reactions import Reactions, unattended
from conformance.wave.remaining import Remaining
from conformance.wave.unreached import Unreached
from conformance.wave.unusable import TargetUnusable
from conformance.wave.watch import LagMeter, Pressure
from conformance.wave.world import World
from fake_servers import Event, Journal, Records

Tell = Callable[[Entry], None]
Progress = Callable[[int, int, list[str], float | None], None]
Lasting = Callable[[dict[str, float]], None]
Reaches = Callable[[Reach], None]

# So many scenarios are few enough to be named.
_FEW = 4


async def run(
    plan: Plan,
    target: Target,
    tell: Tell,
    progress: Progress,
    lasting: Lasting = lambda _: None,
    reaches: Reaches = lambda _: None,
) -> None:
    """Run a wave and tell every entry of its record, footer included.

    Args:
        plan: What to do.
        target: What to judge.
        tell: Takes the entries of the record, in order.
        progress: Called with the number of windows closed and of all windows, with the scenarios that are left if
            they are few, and for how many seconds about windows will be open, if that is known.
        lasting: Called with the scenarios whose windows will be open for long, and for how many seconds about.
        reaches: Called with how far mail has come, whenever that changes.

    Raises:
        TargetUnusable: The target cannot be run on this machine at all.
    """
    lab = in_namespace() if plan.lab == NAMESPACE else loopback()
    await _Wave(plan, target, lab, tell, progress, lasting, reaches).run()


class _Wave:
    def __init__(
        self,
        plan: Plan,
        target: Target,
        lab: Lab,
        tell: Tell,
        progress: Progress,
        lasting: Lasting,
        reaches: Reaches,
    ) -> None:
        self._plan = plan
        self._target = target
        self._lab = lab
        self._progress = progress
        self._lasting = lasting
        self._tell = tell
        self._journal = Journal()
        self._players = Directory()
        self._open: list[Player] = []  # of these the window is open, or will be
        self._pace = Pace()
        self._lag = LagMeter(self._journal)
        self._pressure = Pressure(self._journal)
        self._reactions = Reactions(plan.slack)
        self._unreached = Unreached(
            self._players, self._journal, self._was_crowded, Path(plan.work_directory), reaches
        )
        self._work = Path(plan.work_directory)
        self._staged: dict[str, Staged] = {}
        self._remaining = Remaining(self._players, self._journal.now)
        self._hosts: dict[int, str] = {}  # of relays that have an address of their own, by their numbers
        self._lines = 0
        self._done = 0
        self._journal.subscribe(self._noted)

    async def run(self) -> None:
        one_route = Capability.ONE_ROUTE in self._target.capabilities
        async with World(self._lab, self._journal, one_route=one_route) as world:
            network = request.network(self._lab, world.resolver)
            header = request.header(self._plan, self._target, network)
            self._entry(header)
            await self._stage(world, header)
            looks = (self._lag, self._pressure, self._unreached)
            looking = [asyncio.create_task(look.run()) for look in looks]
            looking.append(asyncio.create_task(self._remaining.run(self._show)))
            try:
                trouble = await trouble_of(self._with_relays(world))
            finally:
                for task in looking:
                    task.cancel()
                world.stop_faults()
        if trouble is not None and trouble.installation:
            raise trouble
        if trouble is not None:
            self._note_trouble(trouble)
        left = await left_behind()
        finished = [self._finished(player) for player in self._players]
        for staged in finished:
            if self._staged.get(staged.scenario) != staged:
                self._entry(staged)
        footer = request.footer(finished, self._lines + 1, self._journal.now(), self._pressure.share())
        self._entry(replace(footer, left_behind=left))

    async def _stage(self, world: World, header: Header) -> None:
        for index, name in enumerate(self._plan.scenarios):
            scenario = scenario_of(name).as_staged_for(frozenset(self._target.capabilities))
            mx = scenario.failure_mode.mx
            sites = await world.stage(scenario, index, disarmed=self._plan.disarmed)
            way_back = await world.stage_way_back(scenario, index, disarmed=self._plan.disarmed)
            envelope = envelope_of(scenario, sites[0].host)
            staged = Staged(
                scenario=scenario.id,
                failure_mode=scenario.failure_mode.name,
                course=scenario.course,
                domain=domain_of(scenario),
                sender=sender_of(scenario),
                author=author_of(scenario),
                recipient=envelope.recipients[0],
                others=list(envelope.recipients[1:]),
                sites=sites,
                content=envelope.content,
                granted=self._plan.asked,
                stretched=self._plan.stretch > 1,
                null_path=scenario.failure_mode.message.special is not None and not envelope.sender,
                way_back=way_back,
                alias_of=alias_of(scenario),
                by_mx=mx is not None and mx.stands_in,
            )
            # on the steady clock the schedule that was asked for is stretched, and windows follow it
            stretch = 1.0 if self._plan.timing is Timing.STEADY else self._plan.stretch
            player = Player(
                scenario, index, envelope, staged, header, world, stretch, self._journal, self._pace
            )
            self._open.append(player)
            self._players.add(player, self._journal)

    async def _with_relays(self, world: World) -> None:
        """Play every group on a relay of its own, as many at a time as the machine carries."""
        anchors = self._work / "trust-anchors.pem"
        anchors.write_bytes(world.authority.trust_anchors())
        capabilities = frozenset(self._target.capabilities)
        groups = groups_of(list(self._players), capabilities, alone=self._plan.alone)
        if not groups:
            return  # nothing that is asked for can be staged
        self._gate = Gate(partial(busy, self._journal, self._pressure, self._lag), self._journal.now)
        self._scope = TroubleScope(groups)
        self._one_by_one = asyncio.Lock()
        self._apart = False
        if self._plan.alone and self._lab.name == NAMESPACE:
            # one that serves many need have no other port than 25; it knows itself by any of these
            self._hosts = {group.number: self._lab.instance_host(group.number) for group in groups}
            world.zone.set(request.RELAY_NAME, "A", Records(*dict.fromkeys(self._hosts.values())))
        stage = Stage(
            plan=self._plan,
            capabilities=capabilities,
            journal=self._journal,
            tell=self._entry,
            closed=self._closed,
            only_group=len(groups) == 1,
        )
        self._progress(0, len(self._players), [], None)
        async with asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(self._play(group, stage, world, anchors))

    async def _play(self, group: Group, stage: Stage, world: World, anchors: Path) -> None:
        """Start the relay of one group once there is room, play the group, and stop the relay.

        Raises:
            TargetUnusable: What broke concerns every group; else it is noted as this one's.
        """
        trouble = await trouble_of(self._with_relay(group, stage, world, anchors))
        if self._plan.alone and not self._scope.has_started(group) and (trouble is not None or self._apart):
            # a relay that serves many need not be one that can run beside another one: from now on none begins so
            self._apart = True
            async with self._one_by_one:
                await self._gate.empty()
                group.again = True
                trouble = await trouble_of(self._with_relay(group, stage, world, anchors))
        if trouble is None or group.gone:
            return  # a relay that is gone may not be stopped in good order
        if trouble.installation or self._scope.is_general(group):
            raise trouble
        self._note_trouble(trouble, group.scenario)

    async def _with_relay(self, group: Group, stage: Stage, world: World, anchors: Path) -> None:
        async with self._gate.admitted() as started:
            if self._apart and not group.again:
                return
            config = request.relay_config(
                self._plan,
                self._lab,
                world.resolver,
                anchors,
                group.folder,
                group.connectors,
                group.accepted,
                self._hosts.get(group.number, ""),
            )
            async with disk_for(group.players, config.work_directory):
                try:
                    async with running(self._target, config) as instance:
                        started()
                        self._scope.started(group)
                        group.grant(instance, self._plan)
                        if long := group.long_windows:
                            self._lasting(long)
                        await stage.play(group, instance)
                finally:
                    await asyncio.to_thread(cut, config.work_directory)

    def _closed(self) -> None:
        self._done += 1
        closed = [player for player in self._open if player.staged.closed is not None]
        for player in closed:
            self._open.remove(player)
            self._note_closed(player)
        self._show()

    def _show(self) -> None:
        left = len(self._players) - self._done
        names = [p.staged.scenario for p in self._players if p.staged.closed is None] if left <= _FEW else []
        self._progress(self._done, len(self._players), names, self._remaining.seconds())

    def _note_closed(self, player: Player) -> None:
        """Write a scenario to the record as soon as its window is closed: a wave may end before its time."""
        refused = no_room(player.staged.refusal, self._work)
        if refused is not None:
            self._note_trouble(refused, player.scenario.id, player.staged.closed)
        staged = self._staged[player.scenario.id] = self._finished(player)
        self._entry(staged)

    def _note_trouble(self, trouble: TargetUnusable, scenario: str = "", at: float | None = None) -> None:
        told = excused(trouble, self._work)
        entry = Trouble(
            at=self._journal.now() if at is None else at,
            fault=told.fault,
            message=str(told),
            hint=told.hint,
            log=told.log,
            scenario=scenario,
        )
        self._entry(entry)

    def _noted(self, event: Event) -> None:
        self._entry(event)
        player = self._players.concerned(event)
        self._unreached.note(event, concerned=player is not None)
        if player is not None:
            player.note(event)
            self._reactions.note(event, player.staged.relay)

    def _was_crowded(self, begin: float, end: float) -> bool:
        return self._pressure.worst(begin, end) > MOST_PRESSURE or self._lag.worst(begin, end) > MOST_LAG

    def _entry(self, entry: Entry) -> None:
        if isinstance(entry, Reported):
            self._unreached.reported(entry)
        self._lines += 1
        self._tell(entry)

    def _finished(self, player: Player) -> Staged:
        staged = player.staged
        end = staged.closed if staged.closed is not None else self._journal.now()
        begin = staged.submitted or 0.0
        alone = unattended(player.traffic(begin, end), begin, end, staged.granted.granularity)

        def harmless(since: float, at: float) -> bool:
            return since >= alone and self._reactions.were_prompt(staged.relay, since, at)

        return replace(
            staged,
            lag=self._lag.worst(begin, end),
            pressure=self._pressure.worst(begin, end, harmless=harmless),
            calm=self._pressure.calm(end, MOST_PRESSURE),
            peace=self._pressure.peace(begin if staged.repaired is None else staged.repaired, end),
        )
