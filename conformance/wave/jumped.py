"""Plays all courses of a wave whose relay's clock is moved: 24 hours in a few stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from conformance.course import EXPIRED_BY, HALF_TIME, STOPS, TRAITS, Course, Timing
from conformance.evidence import Evidence
from conformance.wave.adapter import Instance
from conformance.wave.course import TRANSFER, Player, arrived
from conformance.wave.watch import RelayWatch

# After a stop the relay gets this long to do what is due, on top of what attempts take, in seconds; also to do
# what it should not, once all is done.
_SETTLE = 1.0

# How long a report may take to arrive after the attempt that ends the lifetime, in seconds.
_REPORT = 4.0


class Jump:
    """One relay's clock, moved from stop to stop for all scenarios at once.

    Args:
        timing: JUMPED, or RESTARTED to kill the relay at half-time.
        players: The scenarios and their relays.
        watches: Who looks at the queues.
        turn: Lets so many submissions pass at a time.
        closed: Called when a window is closed.
    """

    def __init__(
        self,
        timing: Timing,
        players: Mapping[Player, Instance],
        watches: Iterable[RelayWatch],
        turn: asyncio.Semaphore,
        closed: Callable[[], None],
    ) -> None:
        self._timing = timing
        self._relays = players
        self._instances = list(dict.fromkeys(players.values()))
        self._watches = list(watches)
        self._turn = turn
        self._closed = closed
        self._players = [p for p in players if p.scenario.course is not Course.AFTER_JUMP]
        self._afterwards = [p for p in players if p.scenario.course is Course.AFTER_JUMP]

    async def play(self) -> None:
        """Play everything."""
        await asyncio.gather(*(player.submit(self._relays[player], self._turn) for player in self._players))
        waiting = [player for player in self._players if player.staged.submitted is not None]
        await self._settle(waiting, seen={})
        age = 0.0
        for stop, seconds in STOPS:
            await self._look()
            if self._timing is Timing.RESTARTED and stop == HALF_TIME:
                for instance in self._instances:
                    await instance.kill_and_restart()
            healing = [p for p in waiting if TRAITS[p.scenario.course].heals_at == seconds]
            for player in healing:
                await player.repair()
            seen = {player: len(player.attempts(player.evidence())) for player in waiting}
            for player in waiting:
                player.reach(stop)
            for instance in self._instances:
                await instance.move_clock(seconds - age)
            age = seconds
            await self._settle(waiting, seen)
        await asyncio.gather(*(self._afterwards_arrive(player) for player in self._afterwards))
        await self._look()
        for player in waiting:
            player.close()
            self._closed()

    async def _settle(self, players: Sequence[Player], seen: Mapping[Player, int]) -> None:
        """Wait until everybody has made another attempt, or none will come; at the end until all are returned."""
        await asyncio.gather(*(self._settled(player, seen.get(player, 0)) for player in players))

    async def _settled(self, player: Player, seen: int) -> None:
        attempt = player.attempt_time() + player.header.slack
        if EXPIRED_BY not in player.staged.moments:
            await player.until(
                lambda evidence: len(player.attempts(evidence)) > seen or _ended(evidence), attempt + _SETTLE
            )
        elif _ended(player.evidence()):
            await player.until(lambda _: False, _SETTLE)  # a second report or copy would come now
        else:
            # an attempt is not enough any more: what comes of it must have come before the clock moves on
            await player.until(
                lambda evidence: _ended(evidence) or self._left_without_a_word(player), attempt + _REPORT
            )

    def _left_without_a_word(self, player: Player) -> bool:
        """Tell whether a message that nobody may be told of has left the queue since the clock was moved last."""
        traits = TRAITS[player.scenario.course]
        if not (traits.null_sender or traits.notify):
            return False
        moved = max(player.staged.moments.values())
        looks = [
            watch.latest
            for watch in self._watches
            if watch.instance is self._relays[player] and watch.latest and watch.latest.asked > moved
        ]
        return bool(looks) and not any(
            m.recipient == player.staged.recipient for look in looks for m in look.waiting
        )

    async def _afterwards_arrive(self, player: Player) -> None:
        if await player.submit(self._relays[player], self._turn):
            await player.until(arrived, player.attempt_time() + player.header.slack + TRANSFER)
            player.close()
        self._closed()

    async def _look(self) -> None:
        for watch in self._watches:
            await watch.look()


def _ended(evidence: Evidence) -> bool:
    """Tell whether the message was delivered, or returned in a report of failure; a notice of delay ends nothing."""
    return arrived(evidence) or bool(evidence.ndrs)
