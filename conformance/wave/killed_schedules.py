"""Plays fault schedules side by side, and kills their relay once for all of them.

A kill hits all that a relay has. So it waits until each message has met its first fault and waits to be tried again, or
has come to its end; the first fault stays in force until the relay is there again. Whatever the relay does when it is
killed fails anyway, and the message must be there afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from conformance.wave.player import Player
from conformance.wave.sequence import play_sequence
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch

# What the kill is called in the journal.
MOMENT = "schedule"


class KilledSchedules:
    """The schedules of one relay.

    Args:
        watch: The relay.
        players: The schedules.
        turn: Lets so many submissions pass at a time.
        closed: Called when a window is closed.
        armed: False: nothing is killed, for an anti-run.
    """

    def __init__(
        self,
        watch: RelayWatch,
        players: Sequence[Player],
        turn: Turns,
        closed: Callable[[], None],
        *,
        armed: bool,
    ) -> None:
        self._watch = watch
        self._players = players
        self._turn = turn
        self._closed = closed
        self._armed = armed
        self._expected = set(players)  # those who have neither met their first fault nor come to an end
        self._waiting: set[Player] = set()
        self._here = asyncio.Event()
        self._over = asyncio.Event()

    async def play(self, afterwards: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
        """Play everything, and something besides once the relay was killed, which stands no kill."""
        async with asyncio.TaskGroup() as group:
            for player in sorted(self._players, key=Player.estimate, reverse=True):
                group.create_task(self._play(player))
            await self._kill()
            if afterwards is not None:
                group.create_task(afterwards())

    async def _play(self, player: Player) -> None:
        async def wait() -> None:
            self._waiting.add(player)
            self._leave(player)
            await self._over.wait()
            self._waiting.discard(player)

        await play_sequence(player, self._watch, self._turn, wait)
        self._leave(player)
        self._closed()

    def _leave(self, player: Player) -> None:
        self._expected.discard(player)
        if not self._expected:
            self._here.set()

    async def _kill(self) -> None:
        """Kill the relay and start it again, if anybody waits for that."""
        await self._here.wait()
        if self._armed and self._waiting:
            # what the relay makes of an attempt that has just failed is done by then
            one = next(iter(self._waiting))
            await one.rest(one.staged.granted.retry_interval / 2)
            await self._watch.instance.kill_and_restart(one.journal, MOMENT, relay=self._watch.number)
        self._over.set()
