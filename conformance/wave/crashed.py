"""Plays all courses of a wave whose relay is killed: one moment after the other, because a kill hits everything.

Theory of operation
-------------------

A clock that is moved ages every message that the relay has, and it cannot be moved back. So the kills come first for
which the clock stays as it is, then the controls, which show that a relay that was killed so often still delivers. The
clock is moved only when every message before has been delivered or returned and the queue lists nothing of it any more,
or when its window is closed. For the message that is to expire all begins meanwhile, so that hardly any time is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from conformance.catalogue.course import Course
from conformance.evidence.record import Record
from conformance.evidence.view import Evidence
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.amid import Interruption, is_left, move_clock, past_lifetime, time_to_leave
from conformance.wave.full_disk import play_full_disk
from conformance.wave.player import Player, arrived
from conformance.wave.submission import Submission
from conformance.wave.turns import Turns
from conformance.wave.watch import QUEUE_INTERVAL, RelayWatch
from conformance.wave.windows import TRANSFER
from conformance.witness.amid import Amid
from conformance.witness.kills import IN_SUBMISSION, TIMES, KillPoint, has_come
from fake_servers import Rule, Script, Stage, Stall
from fake_servers.addresses import known_as

_AT_THE_END = (KillPoint.EXPIRING, KillPoint.REPORTING)

_LOOK_AGAIN = 0.05  # seconds; the queue is seen by looks, not by events


class Crash:
    """Kills the relay again and again, each time for another scenario.

    Args:
        players: The scenarios, each with its relay.
        turn: Lets so many submissions pass at a time.
        closed: Called when a window is closed.
        armed: False: nothing is killed, for an anti-run.
    """

    def __init__(
        self,
        players: Mapping[Player, RelayWatch],
        turn: Turns,
        closed: Callable[[], None],
        *,
        armed: bool,
    ) -> None:
        self._relays = players
        self._turn = turn
        self._closed = closed
        self._armed = armed

    async def play(self) -> None:
        """Play everything."""
        killed = [player for player in self._relays if player.scenario.course is Course.KILLED]
        controls = [player for player in self._relays if player.scenario.course is Course.HEALTHY]
        expiring = [player for player in killed if player.scenario.failure_mode.killed in _AT_THE_END]
        timeless = [player for player in killed if player not in expiring]
        amid = [player for player in self._relays if player.scenario.course is Course.AMID]
        for player in timeless:
            await self._killing(player).play()
        for player in amid:
            if not player.scenario.failure_mode.at_the_end:
                await self._interruption(player).play()
        async with asyncio.TaskGroup() as group:
            ends = {player: group.create_task(self._control(player)) for player in controls}
            timeless += [player for player in amid if not player.scenario.failure_mode.at_the_end]
            ends |= {player: group.create_task(self._close(player)) for player in timeless}
            for player in expiring:
                killing = self._killing(player)
                waits = await killing.fail_once()
                await self._let_go(ends)
                if waits:
                    await killing.expire()
                ends[player] = group.create_task(self._close(player))
            for player in amid:
                if player.scenario.failure_mode.at_the_end:
                    await self._let_go(ends)
                    await self._play_alone(player)
                    ends[player] = group.create_task(self._close(player))

    async def _play_alone(self, player: Player) -> None:
        if player.scenario.failure_mode.amid is Amid.FULL:
            await play_full_disk(player, self._relays[player], self._turn, armed=self._armed)
        else:
            await self._interruption(player).play()

    def _interruption(self, player: Player) -> Interruption:
        return Interruption(player, self._relays[player], self._turn, armed=self._armed)

    def _killing(self, player: Player) -> _Killing:
        return _Killing(player, self._relays[player], self._turn, armed=self._armed)

    async def _control(self, player: Player) -> None:
        await player.play(self._relays[player], self._turn)
        self._closed()

    async def _close(self, player: Player) -> None:
        # a second copy or a second report would come with the next retry
        if player.staged.closed is None:
            rest = player.longest_wait()
            await player.rest(rest)
            # and a connection that was held may last, which is judged; where none does, that is seen already
            await player.until(partial(is_left, player), max(0.0, time_to_leave(player) - rest))
            await player.close(self._relays[player])
        self._closed()

    async def _let_go(self, ends: Mapping[Player, asyncio.Task[None]]) -> None:
        """Wait until no relay has anything to do with these scenarios any more, or their windows are closed."""
        for watch in dict.fromkeys(self._relays[player] for player in ends):
            await watch.next_listing()
        for player, end in ends.items():
            watch = self._relays[player]
            while not end.done() and (not _has_ended(player.evidence()) or _is_listed(player, watch)):
                await watch.next_listing()


def _has_ended(evidence: Evidence) -> bool:
    return arrived(evidence) or bool(evidence.returned)


def _is_listed(player: Player, watch: RelayWatch) -> bool:
    """Tell whether the last listing of a relay's queue shows a message of a scenario, or a report on one."""
    staged = player.staged
    ours = {known_as(each) for each in (staged.recipient, *staged.others, staged.sender)}
    waiting = watch.listings[-1].waiting if watch.listings else []
    return any(known_as(message.recipient) in ours for message in waiting)


class _Killing:
    """One kill."""

    def __init__(
        self,
        player: Player,
        watch: RelayWatch,
        turn: Turns,
        *,
        armed: bool,
    ) -> None:
        moment = player.scenario.failure_mode.killed
        assert moment is not None
        self._moment: KillPoint = moment
        self._player = player
        self._watch = watch
        self._instance = watch.instance
        self._turn = turn
        self._armed = armed
        self._journal = player.journal
        self._name = player.scenario.failure_mode.name

    async def play(self) -> None:
        """Bring a moment about that needs no other time, kill, restart, wait until the message has ended."""
        if self._moment in IN_SUBMISSION:
            await self._kill_in_submission()
        elif not await self._player.submit(self._instance, self._turn):
            return
        else:
            await self._kill_amid_attempts()
        await self._ends()

    async def _kill_amid_attempts(self) -> None:
        """Kill the relay when the moment comes, as often as is meant; repair while there is none, after the last time.

        A relay that does not come back to the message is not killed any more, and may do so once all is well.
        """
        for left in reversed(range(TIMES.get(self._moment, 1))):
            if await self._comes(self._moment):
                await self._kill(self._leave if left else self._repair)
            elif self._moment in TIMES:
                await self._repair()
                return

    async def fail_once(self) -> bool:
        """Submit a message that is to expire; tell whether its first attempt has failed, and it waits."""
        submitted = await self._player.submit(self._instance, self._turn)
        return submitted and await self._comes(KillPoint.BETWEEN_ATTEMPTS)

    async def expire(self) -> None:
        """Move the clock past its lifetime, kill at the moment meant, restart, and wait until it is reported."""
        if await self._comes(KillPoint.BETWEEN_ATTEMPTS):
            await self._kill_at_the_end()
        await self._ends()

    async def _ends(self) -> None:
        # twice the wait that would be in order: late is another verdict than never
        patience = 2 * self._player.longest_wait() + TRANSFER
        await self._player.until(_has_ended, patience)

    async def _kill_in_submission(self) -> None:
        address = self._instance.submission
        assert address is not None  # else nothing of this is played, see unplayed.py
        accepted = False
        async with Submission(address, self._player.envelope, self._journal) as submission:
            try:
                await submission.send_content()
            except SubmissionRefused as error:
                self._player.refuse(error)
                return
            if self._moment is not KillPoint.CONTENT_SENT:
                submission.send_final_dot()
            if self._moment is KillPoint.ACCEPTED:
                accepted = await self._accepted(submission)
            await self._kill(self._repair)
            if self._moment is KillPoint.DOT_SENT:
                accepted = await self._accepted(submission)
        if not accepted:
            await self._player.submit(self._instance, self._turn)

    async def _accepted(self, submission: Submission) -> bool:
        """Read the reply to the final dot; a 250 makes the relay responsible from now on."""
        text = await submission.outcome()
        if not text.startswith("250"):
            return False
        self._player.staged = replace(self._player.staged, submitted=self._journal.now())
        return True

    async def _kill_at_the_end(self) -> None:
        # other relays, with kills of their own, return mail there as well
        async with self._player.world.sink_turn:
            await self._kill_when_it_returns()

    async def _kill_when_it_returns(self) -> None:
        if self._player.way_back_is_broken:  # what keeps reports away is the destination itself
            await self._expire(self._player.let_reports_pass)
            return
        # no report may be accepted before the kill, so that one must come after it
        sink, sender = self._player.world.sink, self._player.staged.sender
        if self._moment is KillPoint.EXPIRING:
            sink.repair(Script(Rule(Stage.RCPT, Stall(), recipient=sender)))
        else:
            sink.repair(Script(Rule(Stage.DOT, Stall())))
        try:
            await self._expire(self._open_sink)
        finally:
            sink.repair()

    async def _expire(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Move the clock past the lifetime, and kill the relay when the moment comes."""
        seconds = past_lifetime(self._player)
        await move_clock(self._watch, self._journal, self._name, seconds)
        if await self._comes(self._moment):
            await self._kill(meanwhile)

    async def _kill(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        if self._armed:
            await self._instance.kill_and_restart(
                self._journal, self._name, meanwhile, relay=self._watch.number
            )
        else:
            await meanwhile()

    async def _leave(self) -> None:
        """Leave the destination as it is."""

    async def _repair(self) -> None:
        await self._player.repair()

    async def _open_sink(self) -> None:
        self._player.world.sink.repair()

    async def _comes(self, moment: KillPoint) -> bool:
        """Wait for a moment; tell whether it came."""
        attempts = 2 if moment is KillPoint.RETRYING else 1
        patience = attempts * self._player.longest_wait() + TRANSFER + 2 * QUEUE_INTERVAL
        deadline = self._journal.now() + patience * self._player.stretch
        while not has_come(moment, seen := self._evidence(), self._journal.now()):
            missed = moment is not KillPoint.DELIVERED and arrived(seen)
            if missed or self._journal.now() > deadline:
                return False
            await asyncio.sleep(_LOOK_AGAIN)
        return True

    def _evidence(self) -> Evidence:
        """Return what is known of this scenario by now."""
        staged = self._player.staged
        record = Record(
            header=self._player.header,
            staged={staged.scenario: staged},
            events=list(self._journal),
            queue_listings=list(self._watch.listings),
            reported=[],
            troubles=[],
            footer=None,
        )
        return Evidence(record, staged)
