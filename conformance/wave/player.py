"""Plays the course of one scenario: submit, wait for what must happen, repair, watch, close the window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from conformance.catalogue.course import Course
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario
from conformance.evidence.notices import CLEARING
from conformance.evidence.queue import Presence
from conformance.evidence.record import Header, QueueListing, Record, Staged
from conformance.evidence.slack import slack_for
from conformance.evidence.view import Evidence
from conformance.lab.small_disk import SmallDisk
from conformance.target import Envelope
from conformance.wave.adapter import Instance, SubmissionRefused
from conformance.wave.dragging import drags_on
from conformance.wave.envelope import backlog_of
from conformance.wave.pace import Pace
from conformance.wave.repair import (
    attempts_over,
    longest_wait_for_quiet,
    quiet_pause,
    seconds_to_quiet,
)
from conformance.wave.special import NotTakenHere, hand_over
from conformance.wave.turns import Turns
from conformance.wave.watch import QUEUE_INTERVAL, RelayWatch
from conformance.wave.way_back import is_broken, only_reports
from conformance.wave.windows import (
    ATTEMPTS_BEFORE_REPAIR,
    KEPT_OPEN,
    TRANSFER,
    attempt_time,
    expected_window,
    leave_time,
    longest_wait,
    slow_for,
)
from conformance.wave.world import World
from conformance.witness.attempts import Attempt
from fake_servers import Event, Journal
from fake_servers.events import TcpClosed, TcpHanging, TcpProbe, TcpRefusing, TcpUnreachable

# How often to look again although nothing was noted, because time alone can end an attempt, in seconds; and how many
# times as long to wait where the relay's interval is so many seconds or more, for hundreds of players look.
_LOOK_AGAIN = 0.2
_SELDOM, _LONG_INTERVAL = 2.5, 3.0

# And how soon after something was, in seconds, and as a part of the interval: an attempt leaves some twenty events.
_TOGETHER = 0.05
_PART_OF_INTERVAL = 1 / 40

# A delivery has some twenty events. From so many on it is a flood: nobody learns from connections any more, and after
# each look at all that was noted the player pauses so many times as long as it took, so as not to hold up others.
_FLOOD = 1_000
_PAUSE = 9.0


@dataclass(eq=False)
class Player:
    """Plays one scenario.

    Attributes:
        scenario: What to play.
        index: Its place in the address plan.
        envelope: What to submit and to judge.
        staged: What is known of it so far; grows.
        header: The record's header.
        world: Where to repair.
        stretch: Factor on every deadline.
        journal: The clock.
        pace: What is known of the relay's pauses, shared with all players of the wave.
        watch: Who asks its relay for the queue, once there is one.
        disk: Where its relay works, if that can be made full; None: it cannot, or need not.
    """

    scenario: Scenario
    index: int
    envelope: Envelope
    staged: Staged
    header: Header
    world: World
    stretch: float
    journal: Journal
    pace: Pace = field(default_factory=Pace)
    watch: RelayWatch | None = None
    disk: SmallDisk | None = None
    _events: list[Event] = field(default_factory=list)
    _noted: asyncio.Event = field(default_factory=asyncio.Event)
    _mending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _evidence: Evidence | None = None
    _known: tuple[int, Staged, list[QueueListing]] | None = None  # of which that is

    def note(self, event: Event) -> None:
        """Take notice of an event of this scenario."""
        self._events.append(event)
        self._noted.set()
        mode = self.scenario.failure_mode
        delivered = isinstance(event, TcpClosed) and len(self._events) <= _FLOOD
        if delivered and mode.kind in (Kind.CONTROL, Kind.HARMLESS):
            self.pace.learn(mode, self.evidence())

    def traffic(self, begin: float, end: float) -> list[Event]:
        """Return what happened of this scenario between two times; what we did by ourselves is nothing."""
        return [
            event
            for event in self._events
            if begin <= event.at <= end
            and not isinstance(event, (TcpProbe, TcpRefusing, TcpHanging, TcpUnreachable))
        ]

    async def play(self, watch: RelayWatch, turn: Turns) -> None:
        """Play a course that needs no moving of clocks on the relay that is watched, submitting when it is its turn."""
        if not await self.submit(watch.instance, turn):
            return
        match self.scenario.course:
            case Course.HEALED | Course.MIXED | Course.LONG_DEAD:
                await self.until(
                    lambda seen: (
                        self._enough_attempts(seen)
                        or self._returned(seen)
                        or self._delivered(seen)
                        or self._drags_on(seen)
                    ),
                    self.time_for_attempts(ATTEMPTS_BEFORE_REPAIR),
                )
                if self.scenario.course is Course.LONG_DEAD:
                    await watch.next_listing()  # its interval is shorter than the time between two of them
                # not in the middle of an attempt, which would then meet both
                await self._calm()
                await self.repair()
            case Course.REJECTED:
                await self.until(ended, self.longest_wait() + self.attempt_time() + TRANSFER)
            case Course.DAY:
                lifetime = self.staged.granted.queue_lifetime
                due = lifetime + 2 * self.longest_wait() + TRANSFER
                await self.until(self._returned, due + self.time_for_report())
        if self.scenario.course not in (Course.REJECTED, Course.DAY):
            await self.until(lambda seen: ended(seen) or self._drags_on(seen), self._time_to_settle())
        # a second copy, a second report or another attempt would come with the next retry
        await self.rest(max(self.longest_wait(), self._leave_taking()))
        await self.close(watch)

    async def submit(self, instance: Instance, turn: Turns) -> bool:
        """Hand the message to the relay, after its backlog; tell whether it was accepted."""
        try:
            await self._submit_backlog(instance)
            async with turn:
                self.staged = replace(self.staged, offered=self.journal.now())
                await self._hand_over(instance)
        except SubmissionRefused as error:
            self.refuse(error)
            return False
        except NotTakenHere as error:
            self.staged = replace(self.staged, not_played=str(error), closed=self.journal.now())
            return False
        return True

    async def _hand_over(self, instance: Instance) -> None:
        special = self.scenario.failure_mode.message.special
        address = None if special is None else instance.submission
        if special is None or address is None:
            await instance.submit(self.envelope, self._accepted)
        else:
            await hand_over(address, self.envelope, special, self.journal, self._accepted)

    def refuse(self, error: SubmissionRefused) -> None:
        """Note that the relay did not take the message, so that the window is closed."""
        self.staged = replace(
            self.staged,
            refusal=str(error),
            refused_for_now=error.temporary,
            unanswered=error.unanswered,
            closed=self.journal.now(),
        )

    def _accepted(self) -> None:
        self.staged = replace(self.staged, submitted=self.journal.now())

    async def _submit_backlog(self, instance: Instance) -> None:
        """Hand over what is to wait for a dead destination, and wait until the relay has gone there."""
        backlog = backlog_of(self.scenario)
        for envelope in backlog:
            await instance.submit(envelope, lambda: None)
        if backlog:
            await self.until(lambda seen: any(each.faults for each in seen.connections), self.longest_wait())

    async def repair(self) -> None:
        """Take the fault away."""
        async with self._mending:
            # noted before the repair itself: an attempt in between may meet either
            self.staged = replace(self.staged, repaired=self.journal.now())
            await self.world.repair(self.scenario, self.index)

    def mend_way_back(self) -> None:
        """Take away what is wrong with the server to which reports go, where that is the scenario's own."""
        self.staged = replace(self.staged, way_back_mended=self.journal.now())
        self.world.mend_way_back(self.scenario)

    async def let_reports_pass(self) -> None:
        """Take the fault away for reports only, unless it is gone already; see `way_back.py`."""
        async with self._mending:
            if self.staged.fault_ended is None:
                self.staged = replace(self.staged, reports_pass=self.journal.now())
                await self.world.repair(self.scenario, self.index, only_reports(self.scenario))

    def reach(self, stop: str, ahead: float | None = None) -> None:
        """Note that the relay's clock was moved to a stop, so far ahead of ours if that is not what the stop says."""
        milestones = {**self.staged.milestones, stop: self.journal.now()}
        self.staged = replace(self.staged, milestones=milestones)
        if ahead is not None:
            self.staged = replace(self.staged, ahead={**self.staged.ahead, stop: ahead})

    async def close(self, watch: RelayWatch) -> None:
        """Close the window, once the relay was asked for its queue after everything that was waited for.

        So the last listing is later than the last thing that is judged. It is waited for as long as it may take, and
        if the relay cannot be asked, the window is closed without.
        """
        await watch.next_listing()
        self.staged = replace(self.staged, closed=self.journal.now())

    async def until(
        self, reached: Callable[[Evidence], bool], seconds: float, *, at_once: bool = False
    ) -> bool:
        """Wait until something is to be seen, or until a stretch of time has passed.

        Args:
            reached: Tells whether it is.
            seconds: How long to wait at most.
            at_once: Whether to look at every single event, since the relay may come back at once.
        """
        deadline = self.journal.now() + seconds * self.stretch
        interval = self.staged.granted.retry_interval
        look_again = _LOOK_AGAIN * (1 if at_once or interval < _LONG_INTERVAL else _SELDOM)
        while True:
            begun, known = time.thread_time(), len(self._events)
            self._noted.clear()
            if reached(self.evidence()):
                return True
            left = deadline - self.journal.now()
            if left <= 0:
                return False
            if len(self._events) > _FLOOD:
                pause = min(left, _PAUSE * (time.thread_time() - begun))
                await asyncio.sleep(pause)
                left -= pause
            # or look again: an attempt may have ended by the clock alone
            again = asyncio.get_running_loop().call_later(min(left, look_again), self._noted.set)
            await self._noted.wait()
            again.cancel()
            if len(self._events) > known and not at_once:
                await asyncio.sleep(min(left, _TOGETHER, _PART_OF_INTERVAL * interval))

    async def rest(self, seconds: float) -> None:
        """Let a stretch of time pass, whatever happens."""
        await asyncio.sleep(seconds * self.stretch)

    def evidence(self) -> Evidence:
        """Return the evidence so far: the same as before if nothing has become known since."""
        listings = [] if self.watch is None else list(self.watch.listings)
        known = len(self._events), self.staged, listings
        if self._evidence is None or known != self._known:
            events = list(self._events)
            record = Record(
                header=self.header,
                staged={self.scenario.id: self.staged},
                events=events,
                queue_listings=listings,
                reported=[],
                troubles=[],
                footer=None,
            )
            self._evidence, self._known = Evidence(record, self.staged, tuple(events)), known
        return self._evidence

    def attempts(self, evidence: Evidence) -> list[Attempt]:
        """Return the attempts that met the fault so far and are over."""
        return attempts_over(self.scenario.failure_mode, evidence, self.journal.now())

    def _delivered(self, evidence: Evidence) -> bool:
        """Whether the fault kept nothing from arriving; one recipient of two tells nothing of the other."""
        return self.scenario.course is Course.HEALED and arrived(evidence)

    def _returned(self, evidence: Evidence) -> bool:
        """Whether the sender was told of the end; of several recipients nobody is waited for any more."""
        return ended(evidence) if self.staged.others else returned(evidence)

    def _enough_attempts(self, evidence: Evidence) -> bool:
        # not those at an earlier message
        since = self.staged.offered or 0.0
        own = [attempt for attempt in self.attempts(evidence) if attempt.at >= since]
        return len(own) >= ATTEMPTS_BEFORE_REPAIR

    def _drags_on(self, evidence: Evidence) -> bool:
        return drags_on(self.scenario.failure_mode, evidence, self.journal.now())

    async def _calm(self) -> None:
        """Wait until no attempt is under way, or for as long as may be waited for that; see `repair`."""
        mode, begun = self.scenario.failure_mode, self.journal.now()
        while True:
            seen, now = self.evidence(), self.journal.now()
            deadline = begun + longest_wait_for_quiet(mode, seen)
            left = seconds_to_quiet(mode, seen, now, quiet_pause(seen, self.pace.longest_pause))
            if left <= 0:
                return
            if now >= deadline or self._drags_on(seen):
                self.staged = replace(self.staged, unquiet=True)
                return
            await asyncio.sleep(min(left, deadline - now))

    def estimate(self) -> float:
        """Return about how long the window will be open if the relay is in order, in seconds."""
        return expected_window(self.scenario, self.staged.granted, self.header)

    @property
    def way_back_is_broken(self) -> bool:
        """Whether reports cannot pass as long as nobody heals the destination for them."""
        return is_broken(self.scenario, self.header.capabilities)

    def time_for_report(self) -> float:
        """Return how long a report may take beyond the time at which it is due, in seconds; see `way_back.py`.

        Two listings, and another attempt of the relay.
        """
        if not self.way_back_is_broken:
            return 0.0
        return 2 * QUEUE_INTERVAL + self.longest_wait() + self.attempt_time()

    def longest_wait(self) -> float:
        """Return the longest wait between two attempts that is in order, in seconds."""
        return longest_wait(self.staged.granted, self.header)

    def attempt_time(self) -> float:
        """Return how long one attempt may take, in seconds."""
        return attempt_time(self.scenario.failure_mode, self.staged.granted, self.header.asked)

    def leave_time(self) -> float:
        """Return how long the relay may wait for the answer to QUIT after it has given up an attempt, in seconds."""
        return leave_time(self.scenario.failure_mode, self.staged.granted, self.header.asked)

    def _time_to_settle(self) -> float:
        """Return how long the message may take to arrive once only time is missing, in seconds.

        Twice the wait that would be in order: late is another verdict than never. A fault that is over by itself may
        let several attempts fail before, with as many waits; and a healthy server may be slow.
        """
        mode = self.scenario.failure_mode
        each = 2 * self.longest_wait() + self.attempt_time() + self.leave_time()
        return mode.longest_ttl + max(1, mode.failing_attempts) * each + slow_for(mode) + TRANSFER

    def _leave_taking(self) -> float:
        """Return how long the relay may take to leave after a delivery, where the server makes it wait then."""
        held = self.attempt_time()
        if self.scenario.course is not Course.PERSISTS or not held:
            return 0.0
        return KEPT_OPEN + held + self.staged.granted.granularity + slack_for(held, self.header)

    def time_for_attempts(self, count: int) -> float:
        """Return how long so many attempts may take, in seconds."""
        # the first attempt, too, may have to wait until the relay wakes
        first = self.staged.granted.granularity
        gap = self.longest_wait() + self.scenario.failure_mode.silent_ttl
        slack = slack_for(self.attempt_time(), self.header)
        return first + count * (self.attempt_time() + self.leave_time() + slack) + (count - 1) * gap


def arrived(evidence: Evidence) -> bool:
    """Whether the message was delivered to every recipient."""
    everybody = (evidence.staged.recipient, *evidence.staged.others)
    return all(any(message.is_for(each) for message in evidence.messages) for each in everybody)


def returned(evidence: Evidence) -> bool:
    """Whether the sender was told of the end, by all that can be known now; asked again, it may turn out otherwise.

    A notice that does not call the message failed is believed once a listing that was asked for later is without it.
    """
    return any(
        each.says_failed or (each.is_final and _is_gone_after(evidence, each.at)) for each in evidence.notices
    )


def ended(evidence: Evidence) -> bool:
    """Whether for every recipient the message was delivered or returned; a notice of delay is neither."""
    staged = evidence.staged
    if not staged.others:
        return arrived(evidence) or returned(evidence)
    everybody = (staged.recipient, *staged.others)
    missing = {who for who in everybody if not any(each.is_for(who) for each in evidence.messages)}
    return {who.lower() for who in missing} <= set(evidence.told_of(*everybody))


def _is_gone_after(evidence: Evidence, at: float) -> bool:
    return evidence.queue.during(after=at + CLEARING).last.presence is Presence.ABSENT
