"""Plays what falls into an attempt: a message is submitted, and while its first attempt hangs something happens."""

from __future__ import annotations

from dataclasses import replace

from conformance.evidence.inputs import OperatorAction
from conformance.evidence.slack import slack_for
from conformance.evidence.view import Evidence
from conformance.wave.connectors import SPARE, connectors
from conformance.wave.names import smart_host
from conformance.wave.operator import Operator
from conformance.wave.player import Player, ended
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import TRANSFER, slow_for
from conformance.witness.amid import Amid, hangs
from fake_servers import Journal
from fake_servers.events import RelayClockMoved, TcpProbe

# So much past the lifetime that was granted is every message given up: samples of the live service show as much.
_PAST = 15 * 60.0

# To have its whole queue tried, a relay is told that it is so many seconds later.
_A_MOMENT = 1.0

# By so many seconds a clock is set back.
_BACK = 3600.0

# So many attempts a relay may need until a message has ended; and so often it is made to look at its queue again.
_ATTEMPTS = 2
_LOOKS = 2


def past_lifetime(player: Player) -> float:
    """Return by how much a clock is moved so that a message is given up, in seconds."""
    return player.staged.granted.queue_lifetime + _PAST


def time_to_leave(player: Player) -> float:
    """Return for how long a connection may be open still once the message has left it, in seconds."""
    if player.scenario.failure_mode.amid is None:
        return 0.0
    once = player.attempt_time() + slack_for(player.attempt_time(), player.header)
    return 2 * once + player.staged.granted.granularity + TRANSFER


def is_left(player: Player, evidence: Evidence) -> bool:
    """Tell whether nothing of an attempt goes on, and the next retry would have come since the last of it was seen.

    A question that the name server never answers ends unseen.
    """
    moved = max((event.at for event in evidence.events if not isinstance(event, TcpProbe)), default=0.0)
    return (
        any(connection.faults for connection in evidence.connections)
        and all(connection.closed is not None for connection in evidence.connections)
        and not any(host.dns.answer is not None for host in player.scenario.failure_mode.hosts)
        and player.journal.now() - moved >= player.longest_wait() * player.stretch
    )


async def move_clock(watch: RelayWatch, journal: Journal, moment: str, seconds: float) -> None:
    """Move the clock of a relay, and note that under the name of an occasion."""
    asked = journal.now()
    await watch.instance.move_clock(seconds)
    journal.note(RelayClockMoved(moment=moment, relay=watch.number, seconds=seconds, asked=asked))


class Interruption:
    """One thing that falls into one attempt.

    Args:
        player: The scenario.
        watch: Its relay.
        turn: Lets so many submissions pass at a time.
        armed: False: nothing happens, for an anti-run.
    """

    def __init__(self, player: Player, watch: RelayWatch, turn: Turns, *, armed: bool) -> None:
        self._player = player
        self._watch = watch
        self._turn = turn
        self._armed = armed
        self._name = player.scenario.failure_mode.name

    async def play(self) -> None:
        """Submit, wait until an attempt hangs, have it happen, and wait until the message has ended."""
        player = self._player
        if not await player.submit(self._watch.instance, self._turn):
            return
        wakes = player.longest_wait() + TRANSFER
        hung = await player.until(lambda seen: hangs(seen, player.journal.now()), wakes, at_once=True)
        if hung and self._armed:
            await self._happen()
        else:
            await player.repair()
        has_ended = await self._ends()
        for again in self._looks_again if self._armed else ():
            if not has_ended:
                await self._move(again)
                has_ended = await self._ends()
        if not has_ended:
            await player.close(self._watch)  # what happens next may bring back what was forgotten

    @property
    def _looks_again(self) -> tuple[float, ...]:
        """By how much a clock that was moved is moved on if nothing has come of the message, in seconds.

        A relay that gives up when it tries may do so only when it is made to look at its queue: when the clock was
        moved, the message was not in it. Who had planned its retry before the clock was set back waits for an hour.
        """
        match self._player.scenario.failure_mode.amid:
            case Amid.EXPIRY:
                return (self._player.staged.granted.max_retry_interval,) * _LOOKS
            case Amid.SET_BACK:
                return (_BACK + _A_MOMENT,)
        return ()

    async def _ends(self) -> bool:
        player = self._player
        each = player.attempt_time() + player.leave_time() + player.longest_wait()
        attempts = 1 if self._looks_again else _ATTEMPTS
        each += slow_for(player.scenario.failure_mode)
        return await player.until(ended, attempts * each + TRANSFER + player.time_for_report())

    async def _move(self, seconds: float) -> None:
        await move_clock(self._watch, self._player.journal, self._name, seconds)

    async def _happen(self) -> None:
        player = self._player
        match player.scenario.failure_mode.amid:
            case Amid.EXPIRY:
                await self._move(past_lifetime(player))
            case Amid.FLUSH:
                await self._move(_A_MOMENT)
                await self._repair()
            case Amid.SET_BACK:
                await self._move(-_BACK)
                await self._repair()
            case Amid.SECOND:
                self._note(await Operator(self._watch.instance, player.journal).start_second())
                await self._repair()
            case Amid.EDIT:
                await self._edit()
            case Amid.STOP:
                await self._watch.instance.kill_and_restart(
                    player.journal, self._name, self._repair, relay=self._watch.number, by="stop"
                )

    async def _repair(self) -> None:
        """Repair the server; one that only takes its time is not broken, and who began later must not overtake."""
        if not slow_for(self._player.scenario.failure_mode):
            await self._player.repair()

    async def _edit(self) -> None:
        player = self._player
        [connector] = connectors(player.scenario, player.staged.sites)
        fresh = replace(connector, smart_hosts=(smart_host(player.scenario, SPARE),))
        player.staged = replace(player.staged, repaired=player.journal.now())
        action = await Operator(self._watch.instance, player.journal).edit("smart host corrected", fresh)
        self._note(action)

    def _note(self, action: OperatorAction) -> None:
        staged = self._player.staged
        self._player.staged = replace(staged, operator_actions=[*staged.operator_actions, action])
