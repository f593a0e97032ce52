"""A witness of dropped SYNs without privileges: the kernel's own table of sockets."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from fake_servers.events import FakeBroke, TcpSyn
from fake_servers.journal import Journal
from fake_servers.tcp.sockets import SYN_SENT, text
from fake_servers.tcp.table import sockets

_REST: Final = 49  # seconds between two samples for each second of processor time that a sample takes
_LONGEST_REST: Final = 0.5  # seconds; who waits for a second is to be in two samples, whatever they cost


@dataclass(slots=True)
class _Sighting:
    """One socket in SYN_SENT, from the first to the last sample that showed it."""

    first: float
    last: float


class SynWatch:
    """Samples the socket table for connections that wait for an answer to their SYN.

    Within one machine a SYN is answered in microseconds, if at all. A socket that two samples in a row show
    in SYN_SENT has therefore sent a SYN in vain; one that only a single sample shows proves nothing and is
    not noted. Each is noted once, when it has left that state: `tcp/syn` with `outcome` dropped, `at` the
    first and `seconds` from the first to the last sighting.

    It sees all sockets of its network namespace, its own process included: leave those out by `ignore`.

    Args:
        journal: Where the events go.
        interval: Seconds between two samples; up to half a second where sampling would take over a fiftieth of a
            processor. A connection given up before it was seen twice is missed.
    """

    def __init__(self, journal: Journal, interval: float = 0.1) -> None:
        self._journal = journal
        self._interval = interval
        self._servers: set[str] = set()
        self._ignored: set[str] = set()
        self._sightings: dict[tuple[str, str], _Sighting] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, host: str, port: int) -> None:
        """Look out for connections to this address from now on."""
        self._servers.add(text((host, port)))

    def unwatch(self, host: str, port: int) -> None:
        """Note what was seen of this address, and look no further."""
        server = text((host, port))
        self._servers.discard(server)
        self._settle([key for key in self._sightings if key[1] == server])

    def ignore(self, peer: str) -> None:
        """Leave this client (`host:port`) out."""
        self._ignored.add(peer)

    def heed(self, peer: str) -> None:
        """End `ignore`."""
        self._ignored.discard(peer)

    async def start(self) -> None:
        """Take the first sample, and go on every `interval` seconds.

        Raises:
            OSError: If the table cannot be read.
        """
        if self._timer is not None:
            raise RuntimeError("the watch runs already")
        self._sample()
        self._schedule(self._interval)

    async def stop(self) -> None:
        """Take the last sample and note what is still waiting."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        self._sample()
        self._settle(list(self._sightings))

    def _schedule(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _tick(self) -> None:
        began = time.thread_time()
        try:
            self._sample()
        except OSError as error:
            self._journal.note(FakeBroke(error=f"the socket table cannot be read: {error}"))
        # The kernel walks its whole hash table for us, which takes milliseconds where that is large.
        rest = min(_LONGEST_REST, _REST * (time.thread_time() - began))
        self._schedule(max(self._interval, rest))

    def _sample(self) -> None:
        now = self._journal.now()
        waiting = sockets(SYN_SENT) if self._servers else ()
        found = {
            (each.local, each.remote)
            for each in waiting
            if each.remote in self._servers and each.local not in self._ignored
        }
        self._settle([key for key in self._sightings if key not in found])
        for key in found:
            sighting = self._sightings.setdefault(key, _Sighting(now, now))
            sighting.last = now

    def _settle(self, keys: list[tuple[str, str]]) -> None:
        for key in keys:
            sighting = self._sightings.pop(key)
            if sighting.last > sighting.first:
                self._journal.note(
                    TcpSyn(
                        at=sighting.first,
                        server=key[1],
                        peer=key[0],
                        outcome="dropped",
                        seconds=sighting.last - sighting.first,
                    )
                )
