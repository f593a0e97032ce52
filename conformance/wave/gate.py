"""How many relays a wave has at once, where each scenario needs one of its own.

Theory of operation
-------------------

A relay costs something when it starts, and as long as it lives: it is asked for its queue once a second, which for an
adapter that runs a command at each look is most of the load. A machine that carries too many of them is late, and so
is the relay, and it would be blamed. What a relay costs nobody knows before, so the gate looks at what the machine
says: how much of the last second somebody had to wait for a processor, and how late our own event loop was. While
either is too much nobody is let in; who is inside goes on, ends, and makes room.

Three rules besides. There are never more relays starting than there are processors: a start is the dearest moment of a
relay's life, and its load shows only once it is under way. There is always progress: where nobody is inside the next
one is let in whatever the machine says, and after `PATIENCE` without a change so is one more, since the load may be
somebody else's and may never end. And the order is that of asking.

For a wave with a single relay the gate does nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from conformance.wave.watch import LagMeter, Pressure
from fake_servers import Journal

# Share of the last second in which somebody waited for a processor, from which on nobody is let in. Windows count as
# crowded from one half on; what is let in now adds to it.
MOST_PRESSURE = 0.4

# How late our own event loop may have been in the last second, in seconds; a quarter of what spoils a verdict.
MOST_LAG = 0.25

# After so many seconds in which nobody was let in and nobody finished starting one more is let in under any load.
PATIENCE = 2.0

_LOOK_AGAIN = 0.1  # seconds
_RECENTLY = 1.0  # seconds


class Gate:
    """Lets groups in.

    Args:
        busy: Tells whether the machine has enough to do.
        now: The time, in seconds.
        starting: How many relays may start at once; as many as there are processors if nothing is said.

    Attributes:
        inside: How many groups are inside.
        most: How many there were at most.
    """

    def __init__(self, busy: Callable[[], bool], now: Callable[[], float], starting: int = 0) -> None:
        self._busy = busy
        self._now = now
        self._limit = starting or os.cpu_count() or 1
        self._turn = asyncio.Lock()
        self._starting = 0
        self._changed = now()
        self._changes = asyncio.Event()
        self.inside = 0
        self.most = 0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[Callable[[], None]]:
        """Be inside, once there is room; call what this yields when the relay has been started."""
        async with self._turn:
            while not self._has_room():
                self._changes.clear()
                with suppress(TimeoutError):  # what the machine can carry changes without telling
                    await asyncio.wait_for(self._changes.wait(), _LOOK_AGAIN)
            self._change(inside=1, starting=1)
        is_starting = True

        def started() -> None:
            nonlocal is_starting
            if is_starting:
                is_starting = False
                self._change(starting=-1)

        try:
            yield started
        finally:
            started()
            self.inside -= 1
            self._changes.set()

    async def empty(self) -> None:
        """Wait until nobody is inside."""
        while self.inside:
            self._changes.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changes.wait(), _LOOK_AGAIN)

    def _has_room(self) -> bool:
        if not self.inside:
            return True
        if self._starting >= self._limit:
            return False
        return not self._busy() or self._now() - self._changed >= PATIENCE

    def _change(self, *, inside: int = 0, starting: int) -> None:
        self.inside += inside
        self._starting += starting
        self.most = max(self.most, self.inside)
        self._changed = self._now()
        self._changes.set()


def busy(journal: Journal, pressure: Pressure, lag: LagMeter) -> bool:
    """Tell whether the machine had too much to do within the last second, by what its meters say."""
    now = journal.now()
    since = now - _RECENTLY
    return pressure.worst(since, now) > MOST_PRESSURE or lag.worst(since, now) > MOST_LAG
