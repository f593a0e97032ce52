"""Plays the course on which several messages go to one destination, until each has come to its end."""

from __future__ import annotations

import asyncio

from conformance.catalogue.message import Batch
from conformance.catalogue.recipients import due
from conformance.evidence.view import Evidence
from conformance.target import Outcome
from conformance.wave.adapter import Instance
from conformance.wave.offering import all_ended, offer, unended
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import ATTEMPTS_BEFORE_REPAIR, TRANSFER, waits_in_a_row


async def play_batch(player: Player, watch: RelayWatch, turn: Turns) -> None:
    """Play one scenario on the relay that is watched.

    Args:
        player: The scenario.
        watch: Its relay.
        turn: Lets so many submissions pass at a time.
    """
    batch = player.scenario.failure_mode.message.batch
    assert batch is not None  # the only failure modes that have this course
    if await _submit(player, watch.instance, turn, batch):
        if batch.repaired:
            await _met(player, batch)
            await player.repair()
        enough = all_ended if batch.rule is None else _came_again
        await player.until(enough, _time_to_end(player))
        # a second copy, a second report or another attempt would come with the next retry
        await player.rest(player.longest_wait())
    await player.close(watch)


async def _submit(player: Player, instance: Instance, turn: Turns, batch: Batch) -> bool:
    """Hand over all messages, unless the first is refused; tell whether it was accepted."""
    first, *others = player.scenario.failure_mode.message.everybody
    await offer(player, instance, turn, first)
    if player.staged.submitted is None:
        return False
    if batch.one_by_one:
        for local in others:
            await player.until(all_ended, _time_to_end(player, rounds=1))
            await offer(player, instance, turn.ahead, local)
        return True
    async with asyncio.TaskGroup() as group:
        for local in others:
            group.create_task(offer(player, instance, turn.ahead, local))
    return True


async def _met(player: Player, batch: Batch) -> None:
    """Wait until the fault was met often enough, and what it does not concern has arrived.

    A relay may take a few failures for those of all messages; so a time is enough as well.
    """
    mode = player.scenario.failure_mode
    patient = [local for local, outcome in due(mode).items() if outcome is Outcome.DEFERRED]
    waiting = len(patient) or batch.count

    def enough(seen: Evidence) -> bool:
        met = len(mode.witness.see(seen)) >= ATTEMPTS_BEFORE_REPAIR * waiting
        return met and (not patient or len(unended(seen)) <= waiting)

    await player.until(enough, player.time_for_attempts(ATTEMPTS_BEFORE_REPAIR) + player.attempt_time())


def _came_again(seen: Evidence) -> bool:
    """Tell whether the last message has ended, or the server was tried for it often enough to show what is done."""
    last = seen.staged.offers[-1]
    came = [each for each in seen.connections if each.opened >= last.at]
    return all_ended(seen) or len(came) >= ATTEMPTS_BEFORE_REPAIR


def _time_to_end(player: Player, rounds: int = 0) -> float:
    """Return how long the messages may take to come to their end once only time is missing, in seconds.

    Args:
        player: The scenario.
        rounds: After how many waits in a row; 0: what the failure mode asks for.
    """
    waits = 1 + (rounds or waits_in_a_row(player.scenario.failure_mode))
    return waits * (player.longest_wait() + player.attempt_time()) + player.leave_time() + TRANSFER
