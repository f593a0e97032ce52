"""Plays what an operator does while a server holds the first attempt of a message."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.message import RECIPIENT
from conformance.evidence.inputs import OperatorAction
from conformance.evidence.view import Evidence
from conformance.wave.connectors import SPARE, connectors
from conformance.wave.names import smart_host
from conformance.wave.offering import all_ended, offer
from conformance.wave.operator import Operator
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.windows import TRANSFER, slow_for
from conformance.witness.amid import Amid, hangs, waits

# Connections on the new way of which the pauses between them are looked at: the first may come at once.
_IN_VAIN = 3
# The part of the interval after which an operator acts who does it while a message waits: so late that the attempt
# that was planned before would come too soon behind one that is made at once.
_LATE = 0.7


class Overtaking:
    """New settings that fall into one attempt.

    Args:
        player: The scenario.
        operator: Who acts on its relay.
        turn: Lets so many submissions pass at a time.
    """

    def __init__(self, player: Player, operator: Operator, turn: Turns) -> None:
        self._player = player
        self._operator = operator
        self._turn = turn
        [self._connector] = connectors(player.scenario, player.staged.sites)

    async def play(self) -> None:
        """Submit, wait until an attempt hangs, act, and wait until the message has ended."""
        player = self._player
        await offer(player, self._operator.instance, self._turn, RECIPIENT)
        if player.staged.submitted is None:
            return
        first = player.longest_wait() + TRANSFER
        between = player.scenario.failure_mode.amid is Amid.BETWEEN
        ready = waits if between else hangs
        if await player.until(lambda seen: ready(seen, player.journal.now()), first, at_once=True):
            if between:
                await player.rest(_LATE * player.staged.granted.retry_interval)
            await self._act()
        await self._ends()
        # a second copy, a report, or another attempt on the old way would come with the next retry
        await player.rest(player.longest_wait())
        if player.scenario.failure_mode.amid is Amid.FIX_NOW:
            seen = [
                replace(o, in_mailbox=await self._operator.mailbox(o.recipient)) for o in player.staged.offers
            ]
            player.staged = replace(player.staged, offers=seen)

    async def _act(self) -> None:
        player, domain = self._player, self._connector.domain
        match player.scenario.failure_mode.amid:
            case Amid.FIX_NOW:
                self._note(await self._operator.fix_now(domain))
            case Amid.SAME_HOST | Amid.BETWEEN:
                literal = replace(self._connector, smart_hosts=(player.staged.sites[0].host,))
                self._note(await self._operator.edit("address instead of a name", literal))
            case _:
                player.staged = replace(player.staged, repaired=player.journal.now())
                spare = replace(self._connector, smart_hosts=(smart_host(player.scenario, SPARE),))
                self._note(await self._operator.edit("smart host corrected", spare))

    async def _ends(self) -> None:
        """Wait until the attempt is over, and nothing of the message is left to wait for."""
        player = self._player
        mode = player.scenario.failure_mode
        attempt = player.attempt_time() + slow_for(mode) + player.leave_time()
        if mode.amid in (Amid.SAME_HOST, Amid.BETWEEN):
            patience = attempt + (_IN_VAIN + 1) * player.longest_wait()
            await player.until(lambda seen: len(seen.connections) > _IN_VAIN, patience)
            return
        if mode.amid is Amid.FIX_NOW:
            # what is put into a mailbox shows nowhere before the end, and an attempt may come to its end first
            await player.until(self._is_over, attempt + TRANSFER)
            return
        await player.until(all_ended, attempt + 2 * player.longest_wait() + TRANSFER)

    def _is_over(self, seen: Evidence) -> bool:
        return bool(seen.connections) and all(each.closed is not None for each in seen.connections)

    def _note(self, action: OperatorAction) -> None:
        staged = self._player.staged
        self._player.staged = replace(staged, operator_actions=[*staged.operator_actions, action])
