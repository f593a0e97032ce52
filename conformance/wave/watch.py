"""What is looked at all the time while a wave runs: the relay's queue and events, and our own punctuality."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from conformance.evidence.record import QueueListing, Reported
from conformance.targets.patience import stalled_so_far
from conformance.wave.adapter import Instance
from conformance.wave.unusable import TargetUnusable
from fake_servers import Journal
from fake_servers.addresses import known_as

# The contract with adapter authors: the queue is asked once a second, and again at once when a message has gone.
QUEUE_INTERVAL = 1.0
# An adapter may stumble; a relay that is gone stays gone.
_MISSES_ALLOWED = 2
# So long, in seconds, a window that is to be closed waits for a listing: several times what one takes.
_PATIENCE = 5.0

_TICK = 0.05
_MOMENT = 0.5  # seconds between two samples; pressure is told for two of them in a row


@dataclass(eq=False)
class RelayWatch:
    """Asks one relay for its queue and its events, once a second.

    Attributes:
        instance: The relay.
        journal: The clock.
        tell: Called with every listing and every new delivery event.
        number: The number of the relay; its queue holds the messages of its own scenarios only.
        listings: The last two.
        answered: When the relay last answered.
        missed: When it first failed to, after that; None: it has answered since.
    """

    instance: Instance
    journal: Journal
    tell: Callable[[QueueListing | Reported], None]
    number: int = 1
    listings: deque[QueueListing] = field(default_factory=lambda: deque(maxlen=2))
    answered: float = 0.0
    missed: float | None = None
    _seen: int = 0
    _lost: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Ask until cancelled.

        Raises:
            TargetUnusable: The relay cannot be asked any more.
        """
        misses = 0
        while True:
            try:
                await self.ask()
                misses = 0
            except TargetUnusable:
                misses += 1
                if self._lost or misses > _MISSES_ALLOWED:
                    raise
            await asyncio.sleep(QUEUE_INTERVAL)

    async def ask(self) -> None:
        """Ask once, for the events first: what they say is older than what the queue says."""
        async with self._turn:
            try:
                await self._ask()
            except TargetUnusable:
                self.missed = self.journal.now() if self.missed is None else self.missed
                raise
            self.answered, self.missed = self.journal.now(), None
            self._answered.set()
            self._answered = asyncio.Event()

    async def _ask(self) -> None:
        await self._read_events()
        before = self._waiting()
        await self._list()
        if before - self._waiting():
            # A listing is no snapshot (see evidence/queue.py): a message counts as gone when two of them say so.
            await self._list()

    @asynccontextmanager
    async def left_alone(self) -> AsyncIterator[None]:
        """Do not ask the relay for anything within this context."""
        async with self._turn:
            yield

    async def next_listing(self) -> None:
        """Wait for a listing that is begun from now on; with it comes the one that may be made at once after it.

        However many wait, they share it: the relay is asked no more often for that. One that is dead, or whose adapter
        does not answer, is waited for a few seconds and no longer.
        """
        begin = self.journal.now()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while not self.listings or self.listings[-1].asked <= begin:
                    await self._answered.wait()

    async def _read_events(self) -> None:
        try:
            events = await self.instance.events()
        except TargetUnusable as error:
            # the part of the log at which it fell may never be read again, and the relay would be blamed for silence
            self._lost = error.mistaken
            raise
        read_at = self.journal.now()
        for event in events[self._seen :]:
            self.tell(Reported(read_at=read_at, event=event))
        self._seen = max(self._seen, len(events))

    async def _list(self) -> None:
        asked = self.journal.now()
        waiting = await self.instance.queue()
        listing = QueueListing(asked=asked, at=self.journal.now(), waiting=waiting, relay=self.number)
        self.listings.append(listing)
        self.tell(listing)

    def _waiting(self) -> set[str]:
        """Return the recipients in the last listing."""
        return {
            known_as(message.recipient) for listing in [*self.listings][-1:] for message in listing.waiting
        }


class Pressure:
    """Measures how much of the time somebody on this machine had to wait for a processor, whoever it was.

    Args:
        journal: The clock.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._begun = time.monotonic(), stalled_so_far()
        self._samples: list[tuple[float, float]] = []

    async def run(self) -> None:
        """Sample until cancelled; nothing where the kernel does not tell."""
        while (stalled := stalled_so_far()) is not None:
            self._samples.append((self._journal.now(), stalled))
            await asyncio.sleep(_MOMENT)

    def worst(
        self,
        begin: float,
        end: float,
        harmless: Callable[[float, float], bool] = lambda _begin, _end: False,
    ) -> float:
        """Return the share in the worst moment, a second or more, between two times of the journal.

        Args:
            begin: From when.
            end: Until when.
            harmless: Tells of the beginning and the end of a moment whether it did no harm; then it does not count.
        """
        moments = (
            (since, at, (stalled - before) / (at - since))
            for (since, before), (at, stalled) in zip(self._samples, self._samples[2:], strict=False)
            if at > begin and since < end
        )
        shares = (share for since, at, share in moments if not harmless(since, at))
        return min(1.0, max(shares, default=self.share() if not self._samples else 0.0))

    def calm(self, end: float, most: float) -> float:
        """Return for how many seconds before a time the share was small in every moment; 0 where nobody knows.

        Args:
            end: The time.
            most: What is small.
        """
        if not self._samples:
            return 0.0
        crowded = (
            at
            for (begun, before), (at, stalled) in zip(self._samples, self._samples[2:], strict=False)
            if begun < end and (stalled - before) / (at - begun) > most
        )
        return max(0.0, end - max(crowded, default=self._samples[0][0]))

    def peace(self, begin: float, end: float) -> float:
        """Return the seconds between two times of the journal in which nobody waited; 0 where nobody knows."""
        return sum(
            (min(at, end) - max(since, begin)) * (1.0 - min(1.0, (stalled - before) / (at - since)))
            for (since, before), (at, stalled) in itertools.pairwise(self._samples)
            if at > begin and since < end
        )

    def share(self) -> float:
        """Return the share of the time since this was made, 0 to 1; without kernel support, by the load average."""
        began, before = self._begun
        now = stalled_so_far()
        if before is None or now is None:
            return min(1.0, max(0.0, os.getloadavg()[0] / (os.cpu_count() or 1) - 0.5))
        return min(1.0, (now - before) / max(time.monotonic() - began, 0.001))


@dataclass
class LagMeter:
    """Measures how late our own event loop is.

    A tick that should come every 50 ms and comes late by more means that everything else we did in that time,
    accepting, answering, repairing, may have been late by as much.
    """

    journal: Journal
    _late: list[tuple[float, float]] = field(default_factory=list)

    async def run(self) -> None:
        """Measure until cancelled."""
        last = self.journal.now()
        while True:
            await asyncio.sleep(_TICK)
            now = self.journal.now()
            lag = now - last - _TICK
            if lag > _TICK:
                self._late.append((now, lag))
            last = now

    def worst(self, begin: float, end: float) -> float:
        """Return the worst lag between two moments, in seconds."""
        return max((lag for at, lag in self._late if at >= begin and at - lag <= end), default=0.0)
