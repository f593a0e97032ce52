"""Plays a fault sequence: each step is in force until an attempt has met it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from conformance.catalogue.destination import Tcp
from conformance.catalogue.step import Step
from conformance.evidence.view import Evidence
from conformance.schedules.steps import met, milestone
from conformance.wave.player import Player, ended, returned
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import step_time

# What a healthy transfer, or a report, may take on top of everything else, in seconds.
_TRANSFER = 1.0


async def _at_once() -> None:
    """Go on without waiting."""


async def play_sequence(
    player: Player,
    watch: RelayWatch,
    turn: Turns,
    before_second: Callable[[], Awaitable[None]] = _at_once,
) -> None:
    """Submit the message when it is its turn, and play the whole sequence.

    Args:
        player: Who plays it.
        watch: The relay.
        turn: Whose turn it is.
        before_second: Waited for once the first step was met, which stays in force meanwhile.
    """
    if await player.submit(watch.instance, turn):
        await _play_steps(player, before_second)
        await player.close(watch)


async def _play_steps(player: Player, before_second: Callable[[], Awaitable[None]]) -> None:
    """Play all steps, until the message is delivered or returned, or ought to have been.

    Then the destination is healthy: a relay that has returned a message and tries again all the same shows that now. If
    it was delivered to one of its recipients the server may still have something wrong in store, at QUIT.
    """
    steps = player.scenario.failure_mode.steps
    before = 0.0
    for number, step in enumerate(steps):
        if number:
            player.reach(milestone(number))  # noted before: an attempt in between may meet either
            await player.world.step(player.scenario, number)
        # twice the wait that would be in order: late is another verdict than never
        patience = before + 2 * player.longest_wait() + _time_of(player, step) + _TRANSFER
        await player.until(partial(_goes_on, steps=steps, number=number), patience, at_once=True)
        seen = player.evidence()
        if _over(seen) or not met(seen, steps, number):
            break
        before = _time_of(player, step)
        await player.until(_over, _rest(player, seen, steps, number), at_once=True)
        if number == 0 and not _over(player.evidence()):
            await before_second()
    seen = player.evidence()
    if seen.returned and not seen.messages:
        await player.repair()
    # a second copy or a report as well would come with the next retry
    await player.rest(player.longest_wait() + _time_of(player, steps[-1]))


def _goes_on(evidence: Evidence, steps: tuple[Step, ...], number: int) -> bool:
    """Whether it is time for the next step, or all is over; the last step stays."""
    return _over(evidence) or (number < len(steps) - 1 and bool(met(evidence, steps, number)))


def _over(evidence: Evidence) -> bool:
    if evidence.staged.others:
        return bool(evidence.astray) or ended(evidence)
    return bool(evidence.messages or evidence.astray) or returned(evidence)


def _time_of(player: Player, step: Step) -> float:
    """Return how long an attempt that meets a step may take, in seconds."""
    return step_time(step, player.staged.granted, player.header.asked)


def _rest(player: Player, evidence: Evidence, steps: tuple[Step, ...], number: int) -> float:
    """Return for how long a step stays, once met, in seconds.

    A connection has met its fault for good. But an attempt may look a name up more than once, and all its look-ups
    belong to the same step: it stays until the attempt is over, and then for half of the shortest wait.
    """
    step = steps[number]
    if step.host.tcp is Tcp.SERVE and step.host.dns.answer is None:
        return 0.0
    first = met(evidence, steps, number)[0].at
    end = first + _time_of(player, step) + player.staged.granted.retry_interval / 2
    return max(0.0, end - player.journal.now())
