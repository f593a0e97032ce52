"""Plays the course of one scenario: submit, wait for what must happen, repair, watch, close the window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from conformance.evidence import Evidence
from conformance.record import Header, Record, Staged
from conformance.scenario import Course, Scenario
from conformance.target import Envelope, Schedule
from conformance.wave.adapter import Instance, Refused
from conformance.wave.world import World
from fake_servers import Event, Journal

# Attempts that must meet the fault before it is repaired: two make one gap.
ATTEMPTS_BEFORE_REPAIR = 2

# How often to look again although nothing was noted, because time alone can end an attempt.
_LOOK_AGAIN = 0.2

# What a healthy transfer may take on top of everything else, in seconds.
_TRANSFER = 1.0


@dataclass
class Player:
    """Plays one scenario.

    Attributes:
        scenario: What to play.
        index: Its place in the address plan.
        staged: What is known of it so far; grows.
        header: The record's header.
        world: Where to repair.
        stretch: Factor on every deadline.
        journal: The clock.
    """

    scenario: Scenario
    index: int
    staged: Staged
    header: Header
    world: World
    stretch: float
    journal: Journal
    _events: list[Event] = field(default_factory=list)
    _noted: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, event: Event) -> None:
        """Take notice of an event of this scenario."""
        self._events.append(event)
        self._noted.set()

    async def play(self, instance: Instance, turn: asyncio.Semaphore) -> None:
        """Play the whole course, submitting when it is its turn; `staged` holds the result."""
        try:
            async with turn:
                await instance.submit(self._envelope())
        except Refused as error:
            self.staged = replace(self.staged, refusal=str(error), closed=self.journal.now())
            return
        self.staged = replace(self.staged, submitted=self.journal.now())
        if self.scenario.course is Course.HEALED:
            await self._until(self._enough_attempts, self._time_for_attempts(ATTEMPTS_BEFORE_REPAIR))
            # set before the repair itself: an attempt in between may meet either
            self.staged = replace(self.staged, repaired=self.journal.now())
            await self.world.repair(self.scenario, self.index)
        # twice the wait that would be in order: late is another verdict than never
        await self._until(self._arrived, 2 * self._longest_wait() + self._attempt_time() + _TRANSFER)
        # a second copy would come with the next retry
        await self._until(lambda _: False, self._longest_wait())
        self.staged = replace(self.staged, closed=self.journal.now())

    async def _until(self, reached: Callable[[Evidence], bool], seconds: float) -> bool:
        """Wait until something is to be seen, or until a stretch of time has passed."""
        deadline = self.journal.now() + seconds * self.stretch
        while not reached(self._evidence()):
            left = deadline - self.journal.now()
            if left <= 0:
                return False
            self._noted.clear()
            try:
                await asyncio.wait_for(self._noted.wait(), min(left, _LOOK_AGAIN))
            except TimeoutError:
                continue  # look again: an attempt may have ended by the clock alone
        return True

    def _envelope(self) -> Envelope:
        staged = self.staged
        return Envelope(sender=staged.sender, recipients=(staged.recipient,), content=staged.content)

    def _evidence(self) -> Evidence:
        record = Record(
            header=self.header,
            staged={self.scenario.id: self.staged},
            events=self._events,
            snapshots=[],
            reported=[],
            troubles=[],
            footer=None,
        )
        return Evidence(record, self.staged)

    def _enough_attempts(self, evidence: Evidence) -> bool:
        mode = self.scenario.failure_mode
        attempts = mode.witness.attempts(evidence, connections=mode.connections)
        if len(attempts) < ATTEMPTS_BEFORE_REPAIR:
            return False
        # a later attempt is over when it has left as many traces as the first one: every host, every question
        later = attempts[ATTEMPTS_BEFORE_REPAIR - 1 :]
        whole = [attempt for attempt in later if len(attempt.contacts) >= len(attempts[0].contacts)]
        return bool(whole) and self.journal.now() >= whole[0].latest_end and self._all_closed()

    def _all_closed(self) -> bool:
        opened = {e.connection for e in self._events if e.layer == "tcp" and e.kind == "accepted"}
        closed = {e.connection for e in self._events if e.layer == "tcp" and e.kind == "closed"}
        return opened <= closed

    def _arrived(self, evidence: Evidence) -> bool:
        return bool(evidence.messages)

    def _longest_wait(self) -> float:
        granted = self.staged.granted
        return granted.max_retry_interval + granted.granularity + self.header.slack

    def _attempt_time(self) -> float:
        return attempt_time(self.scenario, self.staged.granted, self.header.asked)

    def _time_for_attempts(self, count: int) -> float:
        # the first attempt, too, may have to wait until the relay wakes
        first = self.staged.granted.granularity
        return first + count * (self._attempt_time() + self.header.slack) + (count - 1) * self._longest_wait()


def attempt_time(scenario: Scenario, granted: Schedule, asked: Schedule) -> float:
    """Return how long one attempt of a scenario may take, in seconds."""
    which = scenario.failure_mode.timeout
    if not which:
        return 0.0
    name = f"{which}_timeout"
    seconds = getattr(granted, name)
    if seconds is None:
        seconds = getattr(asked, name) or 0.0
    return float(seconds) * len(scenario.failure_mode.hosts)
