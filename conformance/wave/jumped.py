"""Plays all courses of a wave whose relay's clock is moved: 24 hours in a few stops."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence

from conformance.catalogue.course import (
    EXPIRED_BY,
    FIRST_STOP,
    HALF_TIME,
    LAST_STILL_QUEUED,
    STOPS,
    TRAITS,
    Course,
    Timing,
)
from conformance.catalogue.message import members
from conformance.evidence.queue import Presence, read_queue
from conformance.evidence.view import Evidence
from conformance.wave.envelope import domain_of
from conformance.wave.offering import offer
from conformance.wave.operator import AlertWatch
from conformance.wave.player import Player, arrived, ended
from conformance.wave.turns import Turns
from conformance.wave.watch import QUEUE_INTERVAL, RelayWatch
from conformance.wave.windows import TRANSFER
from conformance.witness.amid import ALERT_MARGIN
from fake_servers import Journal

# After a stop the relay gets this long to do what is due, on top of what attempts take, in seconds.
_SETTLE = 1.0

# ... and the time until it wakes, but no longer than this, in seconds.
_LONGEST_NAP = 10.0

# How long it takes to notice that a message has left the queue, in seconds.
_NOTICED = 2 * QUEUE_INTERVAL + 0.5

# So many real seconds make no stop another one, which are five minutes apart at least.
_HARMLESS = 60.0

# How long a report may take to arrive once it is due, in seconds.
_REPORT = 4.0


class Jump:
    """One relay's clock, moved from stop to stop for all scenarios at once.

    Args:
        timing: JUMPED, or RESTARTED to kill the relay at half-time, and once more before the end.
        players: The scenarios, each with its relay.
        turn: Lets so many submissions pass at a time.
        closed: Called when a window is closed.
        journal: Where kills are noted.
        alerts: Who looks at the relay's alerts, where some are to be judged.
    """

    def __init__(
        self,
        timing: Timing,
        players: Mapping[Player, RelayWatch],
        turn: Turns,
        closed: Callable[[], None],
        journal: Journal,
        alerts: AlertWatch | None = None,
    ) -> None:
        self._alerts = alerts
        self._timing = timing
        self._relays = players
        self._watches = list(dict.fromkeys(players.values()))
        self._turn = turn
        self._closed = closed
        self._journal = journal
        self._players = [p for p in players if p.scenario.course is not Course.AFTER_JUMP]
        self._afterwards = [p for p in players if p.scenario.course is Course.AFTER_JUMP]

    async def play(self) -> None:
        """Play everything."""
        await asyncio.gather(*(self._submit(player) for player in self._players))
        waiting = [player for player in self._players if player.staged.submitted is not None]
        await self._settle(waiting, seen={})
        # who gives up at the first attempt says so before the clock moves
        await self._let_report(waiting)
        begun = min((player.staged.submitted or 0.0 for player in waiting), default=self._journal.now())
        ahead = 0.0
        for stop, seconds in STOPS:
            await self._ask()
            healing = [p for p in waiting if TRAITS[p.scenario.course].heals_at == seconds]
            for player in healing:
                await player.repair()
            seen = {player: len(player.attempts(player.evidence())) for player in waiting}
            before, ahead = ahead, max(ahead, seconds - self._passed(begun))
            for player in waiting:
                player.reach(stop, ahead)
            async with asyncio.TaskGroup() as group:
                for watch in self._watches:
                    group.create_task(watch.instance.move_clock(ahead - before))
            await self._settle([p for p in waiting if not self._may_lag(p, stop)], seen)
            if stop == LAST_STILL_QUEUED:
                # a report that is only now on its way is too early, and may not be taken for one of the next stop
                await self._let_report(waiting)
            # the second time what was known of the last attempt is all that a report can tell
            if self._timing is Timing.RESTARTED and stop in (HALF_TIME, LAST_STILL_QUEUED):
                await self._look_at_alerts(waiting)
                for watch in self._watches:
                    await watch.instance.kill_and_restart(self._journal, stop, relay=watch.number)
        await self._try_reports_again(waiting)
        await asyncio.gather(*(self._arrives(player) for player in self._afterwards))
        # a second report, or a second copy, may be on its way
        await asyncio.gather(*(player.rest(_SETTLE) for player in waiting))
        await asyncio.gather(*(self._close(player) for player in (*waiting, *self._afterwards)))

    async def _look_at_alerts(self, players: Sequence[Player]) -> None:
        """Give a relay the time to list the alert that its mail is due, and look at it: the relay is killed next."""
        alerts = self._alerts
        alerted = [player for player in players if player.scenario.course is Course.ALERTED_RESTARTED]
        if alerts is None or not alerted:
            return
        for player in alerted:
            nap = min(player.staged.granted.granularity, _LONGEST_NAP)
            await player.until(_is_told_to(alerts, domain_of(player.scenario)), nap + ALERT_MARGIN)
        await alerts.ask()

    def _passed(self, begun: float) -> float:
        """Return the real seconds to be taken off a stop, so that messages are not older there than it says.

        The clock runs as well as being moved. Where attempts are held for minutes, at 23 h 55 it would be past the end
        of the lifetime; what takes less does no harm.
        """
        passed = self._journal.now() - begun
        return passed if passed > _HARMLESS else 0.0

    async def _submit(self, player: Player) -> bool:
        instance = self._relays[player].instance
        if player.scenario.course is not Course.ALERTED_RESTARTED:
            return await player.submit(instance, self._turn)
        for local in members(player.header.alert_messages):
            await offer(player, instance, self._turn, local)
        return player.staged.submitted is not None

    async def _arrives(self, player: Player) -> None:
        """Submit a message and give it the time to arrive."""
        if await self._submit(player):
            await player.until(arrived, player.attempt_time() + player.header.slack + TRANSFER)

    async def _close(self, player: Player) -> None:
        if player.staged.submitted is not None:
            await player.close(self._relays[player])
        self._closed()

    def _may_lag(self, player: Player, stop: str) -> bool:
        """Tell whether an attempt may go on while the clock moves on: nothing is read off this one at this stop.

        An attempt that a time-out ends, in real seconds, is all that would have to be waited for.
        """
        waits_in_vain = bool(player.scenario.failure_mode.attempt.timeout) and self._timing is Timing.JUMPED
        heals = TRAITS[player.scenario.course].heals_at is not None
        return waits_in_vain and not heals and stop in (FIRST_STOP, HALF_TIME)

    async def _settle(self, players: Sequence[Player], seen: Mapping[Player, int]) -> None:
        """Wait until everybody has made another attempt, has been delivered or returned, or will not any more."""
        await asyncio.gather(*(self._settled(player, seen.get(player, 0)) for player in players))

    async def _let_report(self, players: Sequence[Player]) -> None:
        """Give those who gave up with the last attempt the time to say so."""
        await asyncio.gather(*(player.until(ended, _SETTLE) for player in players))

    async def _settled(self, player: Player, seen: int) -> None:
        wakes = min(player.staged.granted.granularity, _LONGEST_NAP)
        limit = player.attempt_time() + wakes + _SETTLE + player.header.slack
        expired = EXPIRED_BY in player.staged.milestones
        if expired:
            limit = max(limit, _REPORT) if self._waits(player) else _SETTLE * _is_owed_a_report(player)
        begun = player.journal.now()
        # what was under way when the clock was moved is no look at the new time; where the end is near, that matters
        since = player.staged.milestones.get(LAST_STILL_QUEUED, -math.inf)

        def settled(evidence: Evidence) -> bool:
            attempts = player.attempts(evidence)
            again = len(attempts) > seen and attempts[-1].at >= since
            if ended(evidence) or (not expired and again):
                return True
            # gone without a report: one that is on its way still gets its time
            return expired and player.journal.now() - begun > _REPORT / 2 and not self._waits(player, begun)

        await player.until(settled, limit)

    def _waits(self, player: Player, since: float = -math.inf) -> bool:
        """Tell whether the relay still had the message when it was last asked, or was not asked since a moment."""
        queue = read_queue(self._relays[player].listings, player.staged, player.staged.recipient)
        return queue.during(after=since).last.presence is not Presence.ABSENT

    async def _try_reports_again(self, players: Sequence[Player]) -> None:
        """Move the clock once more where a report has no other way than the one that was broken; see `way_back.py`."""
        held_up = [player for player in players if player.way_back_is_broken and _is_owed_a_report(player)]
        await asyncio.gather(*(player.until(_way_is_open_for(player), _NOTICED) for player in held_up))
        opened = [
            player
            for player in held_up
            if player.staged.reports_pass is not None and not ended(player.evidence())
        ]
        if not opened:
            return
        wait = max(player.staged.granted.max_retry_interval for player in opened)
        for watch in {self._relays[player]: None for player in opened}:
            await watch.instance.move_clock(wait)
        await asyncio.gather(*(player.until(ended, player.attempt_time() + _REPORT) for player in opened))

    async def _ask(self) -> None:
        for watch in self._watches:
            await watch.ask()


def _is_told_to(alerts: AlertWatch, domain: str) -> Callable[[Evidence], bool]:
    return lambda _: any(alert.cleared_at is None for alert in alerts.of(domain))


def _way_is_open_for(player: Player) -> Callable[[Evidence], bool]:
    return lambda evidence: ended(evidence) or player.staged.reports_pass is not None


def _is_owed_a_report(player: Player) -> bool:
    """Whether a report about its end is due; where none is, the last wait of all shows that none came."""
    traits = TRAITS[player.scenario.course]
    return not traits.null_sender and not traits.notify
