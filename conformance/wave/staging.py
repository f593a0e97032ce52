"""Runs a wave: fakes armed, relays up, every message submitted in one go, courses played, record complete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from conformance.catalogue.course import SCHEDULES, Timing
from conformance.evidence.record import AlertListing, Entry, Header, Staged, Trouble
from conformance.lab.addresses import NAMESPACE, Lab, in_namespace, loopback
from conformance.schedules.scenarios import scenario_of
from conformance.target import AcceptedDomain, Capability, Target
from conformance.wave import request
from conformance.wave.adapter import Instance, TargetUnusable, running
from conformance.wave.batch import accepted_domains
from conformance.wave.crashed import Crash
from conformance.wave.directory import Directory
from conformance.wave.envelope import author_of, domain_of, envelope_of, sender_of
from conformance.wave.jumped import Jump
from conformance.wave.operated import play_operated
from conformance.wave.operator import AlertWatch, Operator, alert_watch
from conformance.wave.plan import Plan
from conformance.wave.player import Player
from conformance.wave.sequence import play_sequence
from conformance.wave.watch import LagMeter, Pressure, RelayWatch
from conformance.wave.world import World, connectors, sender_connector
from fake_servers import Event, Journal

Tell = Callable[[Entry], None]
Progress = Callable[[int, int], None]

# Messages handed over at the same time; more would test the relay's intake, which is not our business.
_SUBMISSIONS = 8


async def run(plan: Plan, target: Target, tell: Tell, progress: Progress) -> None:
    """Run a wave and tell every entry of its record, footer included.

    Args:
        plan: What to do.
        target: What to judge.
        tell: Takes the entries of the record, in order.
        progress: Called with the number of windows closed and of all windows.

    Raises:
        TargetUnusable: The target cannot be run on this machine at all.
    """
    lab = in_namespace() if plan.lab == NAMESPACE else loopback()
    await _Wave(plan, target, lab, tell, progress).run()


class _Wave:
    def __init__(self, plan: Plan, target: Target, lab: Lab, tell: Tell, progress: Progress) -> None:
        self._plan = plan
        self._target = target
        self._lab = lab
        self._progress = progress
        self._tell = tell
        self._journal = Journal()
        self._players = Directory()
        self._lag = LagMeter(self._journal)
        self._pressure = Pressure(self._journal)
        self._lines = 0
        self._journal.subscribe(self._noted)

    async def run(self) -> None:
        async with World(self._lab, self._journal) as world:
            header = request.header(self._plan, self._target, self._lab, world.resolver)
            self._entry(header)
            await self._stage(world, header)
            meters = [asyncio.create_task(meter.run()) for meter in (self._lag, self._pressure)]
            try:
                await self._with_relays(world)
            except* TargetUnusable as group:
                trouble = first_trouble(group)
                if trouble.installation:
                    raise trouble from None
                self._entry(_entry_of(trouble, self._journal.now()))
            finally:
                for task in meters:
                    task.cancel()
                world.stop_faults()
        finished = [self._finished(player) for player in self._players]
        for staged in finished:
            self._entry(staged)
        self._entry(request.footer(finished, self._lines + 1, self._journal.now(), self._pressure.share()))

    async def _stage(self, world: World, header: Header) -> None:
        for index, name in enumerate(self._plan.scenarios):
            scenario = scenario_of(name)
            sites = await world.stage(scenario, index, disarmed=self._plan.disarmed)
            envelope = envelope_of(scenario)
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
            )
            # on the steady clock the schedule that was asked for is stretched, and windows follow it
            stretch = 1.0 if self._plan.timing is Timing.STEADY else self._plan.stretch
            self._players.add(
                Player(scenario, index, envelope, staged, header, world, stretch, self._journal),
                self._journal,
            )

    async def _with_relays(self, world: World) -> None:
        async with AsyncExitStack() as stack:
            instances = await self._start(world, stack)
            watches = {
                instance: RelayWatch(instance, self._journal, self._entry, number)
                for number, instance in enumerate(dict.fromkeys(instances), 1)
            }
            relays = {p: watches[each] for p, each in zip(self._players, instances, strict=True)}
            for player, watch in relays.items():
                player.watch = watch
            alerts = self._alert_watches(instances)
            async with asyncio.TaskGroup() as group:
                looking = [group.create_task(watch.run()) for watch in watches.values()]
                looking += [group.create_task(watch.run()) for watch in alerts.values() if watch]
                await self._play_all(relays, alerts)
                for task in looking:
                    task.cancel()
            for watch in watches.values():
                await watch.ask()  # what was logged after the last time

    async def _start(self, world: World, stack: AsyncExitStack) -> list[Instance]:
        """Start one relay for all scenarios, or one for each if a relay has one connector only."""
        needed = [connectors(player.scenario, player.staged.sites) for player in self._players]
        accepted = [self._accepted(player) for player in self._players]
        if Capability.MANY_CONNECTORS in self._target.capabilities:
            groups = [[*(each for some in needed for each in some), sender_connector()]]
            accepted = [[domain for some in accepted for domain in some]]
        else:
            groups = needed
        anchors = Path(self._plan.work_directory) / "trust-anchors.pem"
        anchors.write_bytes(world.authority.trust_anchors())
        starts = []
        for number, group in enumerate(groups, 1):
            config = request.relay_config(
                self._plan, self._lab, world.resolver, anchors, f"relay-{number}", group, accepted[number - 1]
            )
            starts.append(stack.enter_async_context(running(self._target, config)))
        instances = await asyncio.gather(*starts)
        numbers = {instance: number for number, instance in enumerate(instances, 1)}
        if len(instances) == 1:
            instances *= len(self._players)
        for player, instance in zip(self._players, instances, strict=True):
            player.staged = replace(
                player.staged,
                granted=request.granted(instance.schedule, self._plan.asked),
                relay=numbers[instance],
            )
        return instances

    def _accepted(self, player: Player) -> list[AcceptedDomain]:
        """Return the domains of a scenario that are the relay's own, if it can have any."""
        able = Capability.ACCEPTED_DOMAINS in self._target.capabilities
        return accepted_domains(player.scenario) if able else []

    def _alert_watches(self, instances: Iterable[Instance]) -> dict[Instance, AlertWatch | None]:
        """Return who looks at the alerts of each relay, where an operator is played."""
        if self._plan.timing is not Timing.OPERATED:
            return {}
        capabilities = frozenset(self._target.capabilities)

        def tell(number: int) -> Callable[[AlertListing], None]:
            return lambda listing: self._entry(replace(listing, relay=number))

        return {
            instance: alert_watch(instance, capabilities, self._journal, tell(number))
            for number, instance in enumerate(dict.fromkeys(instances), 1)
        }

    async def _play_all(
        self,
        relays: Mapping[Player, RelayWatch],
        alerts: Mapping[Instance, AlertWatch | None],
    ) -> None:
        turn = asyncio.Semaphore(_SUBMISSIONS)
        done = 0

        def closed() -> None:
            nonlocal done
            done += 1
            self._progress(done, len(relays))

        async def play(player: Player, watch: RelayWatch) -> None:
            if player.scenario.timing is Timing.OPERATED:
                has_mailboxes = Capability.MAILBOXES in self._target.capabilities
                operator = Operator(watch.instance, self._journal, has_mailboxes)
                folder = Path(self._plan.work_directory)
                await play_operated(player, watch, operator, alerts[watch.instance], turn, folder)
            elif player.scenario.course in SCHEDULES:
                await play_sequence(player, watch, turn)
            else:
                await player.play(watch, turn)
            closed()

        self._progress(0, len(relays))
        if self._plan.timing in (Timing.JUMPED, Timing.RESTARTED):
            await Jump(self._plan.timing, relays, turn, closed, self._journal).play()
            return
        if self._plan.timing is Timing.CRASHED:
            await Crash(relays, turn, closed, armed=not self._plan.disarmed).play()
            return
        # what takes longest is begun first: the wave lasts as long as its longest window, and little more
        async with asyncio.TaskGroup() as group:
            for player in sorted(relays, key=Player.estimate, reverse=True):
                group.create_task(play(player, relays[player]))

    def _noted(self, event: Event) -> None:
        self._entry(event)
        player = self._players.concerned(event)
        if player is not None:
            player.note(event)

    def _entry(self, entry: Entry) -> None:
        self._lines += 1
        self._tell(entry)

    def _finished(self, player: Player) -> Staged:
        staged = player.staged
        end = staged.closed if staged.closed is not None else self._journal.now()
        begin = staged.submitted or 0.0
        return replace(staged, lag=self._lag.worst(begin, end), pressure=self._pressure.worst(begin, end))


def first_trouble(group: BaseExceptionGroup[TargetUnusable]) -> TargetUnusable:
    """Return the first of several troubles that came together."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, TargetUnusable)
    return error


def _entry_of(trouble: TargetUnusable, at: float) -> Trouble:
    return Trouble(at=at, fault=trouble.fault, message=str(trouble), hint=trouble.hint, log=trouble.log)
