"""How long a wave will still take, for those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from conformance.target import Schedule
from conformance.wave.player import Player

# Hundreds of windows may close within a second; it is worked out no more often than every so many seconds.
_OFTEN = 1.0

# In some waves all windows close together at the end, so it is told every so many seconds as well.
_PAUSE = 2.0

# So many closed windows say how good the estimates are, by what they took all but so few of them.
_ENOUGH = 20
_NEARLY_ALL = 0.95


class Remaining:
    """Estimates it, by what the relay granted and as if it were in order, and by how long others have really taken.

    Args:
        players: Those of the wave.
        now: The time of the journal, in seconds.
    """

    def __init__(self, players: Iterable[Player], now: Callable[[], float]) -> None:
        self._players = players
        self._now = now
        self._worked_out = -_OFTEN
        self._end: float | None = None
        self._estimates: dict[Player, tuple[Schedule, float]] = {}

    async def run(self, tell: Callable[[], object]) -> None:
        """Have it told again and again, until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE)
            tell()

    def seconds(self) -> float | None:
        """Return about for how many seconds windows will be open; None as long as a relay is still to be started."""
        now = self._now()
        if now - self._worked_out >= _OFTEN:
            self._worked_out, self._end = now, self._last_end(now)
        return None if self._end is None else max(0.0, self._end - now)

    def _last_end(self, now: float) -> float | None:
        last, part = now, self._part_taken()
        for player in self._players:
            if player.staged.closed is not None or player.staged.not_played:
                continue
            if player.watch is None:
                return None
            # one that is still to be submitted is so now at the earliest
            begin = now if player.staged.submitted is None else player.staged.submitted
            last = max(last, begin + part * self._estimate(player))
        return last

    def _estimate(self, player: Player) -> float:
        """Return the estimate of a player, worked out again only if its relay has granted something else."""
        granted = player.staged.granted
        known = self._estimates.get(player)
        if known is None or known[0] is not granted:
            known = self._estimates[player] = granted, player.estimate()
        return known[1]

    def _part_taken(self) -> float:
        """Return what part of their estimates the windows have taken that are closed, but for the longest of them.

        An estimate has room for waits of the longest kind, and for a machine that is slow.
        """
        taken = sorted(
            (player.staged.closed - player.staged.submitted) / estimate
            for player in self._players
            if player.staged.closed is not None and player.staged.submitted is not None
            if (estimate := self._estimate(player)) > 0  # nothing is waited for where only the clock is moved
        )
        return taken[int(_NEARLY_ALL * len(taken))] if len(taken) >= _ENOUGH else 1.0
