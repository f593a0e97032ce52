"""Plays a message that is refused for good, whose report meets something on its way: it waits there, or ends.

Where the server of the sender's own domain can be mended it is, once two attempts at the report have met what is wrong,
and when no third one is under way; so the wait between attempts, and that the report arrives, can be told. Where it
refuses the report for good nothing is mended: a second attempt, or a report about the report, would come with the next
retries.
"""

from __future__ import annotations

import asyncio

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.wave.player import Player, ended
from conformance.wave.repair import attempts_over, longest_wait_for_quiet, quiet_pause, seconds_to_quiet
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import ATTEMPTS_BEFORE_REPAIR, TRANSFER, attempt_time, leave_time
from conformance.witness.attempts import Attempt

# Attempts at the message before it is refused for good, where it is not at the first one.
_AT_MOST = 2


async def play_reported(player: Player, watch: RelayWatch, turn: Turns) -> None:
    """Submit the message when it is its turn, wait for its report and what becomes of that, close the window."""
    if not await player.submit(watch.instance, turn):
        return
    report = player.scenario.failure_mode.as_report
    refused_by = _AT_MOST * (player.longest_wait() + player.attempt_time()) + TRANSFER
    if report is None:
        await player.until(ended, refused_by)
    else:
        await _play_way_back(player, report, refused_by)
    # a second report, or another attempt, would come with the next retry
    await player.rest(player.longest_wait())
    await player.close(watch)


async def _play_way_back(player: Player, report: FailureMode, refused_by: float) -> None:
    if report.kind is Kind.HARMLESS:
        await player.until(_came_back, refused_by + player.longest_wait())
        return
    enough = 1 if report.kind is Kind.PERMANENT else ATTEMPTS_BEFORE_REPAIR
    # the time to give the message up is over once it is given up: then there is a report, or there will be none
    await player.until(lambda seen: _is_gone(seen) or bool(_attempts(player, report, seen)), refused_by)
    patience = enough * (player.longest_wait() + _attempt_time(player, report))
    await player.until(lambda seen: len(_attempts(player, report, seen)) >= enough, patience)
    if report.kind is Kind.PERMANENT:
        await player.rest(player.longest_wait() + _attempt_time(player, report))
        return
    await _calm(player, report)
    player.mend_way_back()
    await player.until(_came_back, 2 * player.longest_wait() + _attempt_time(player, report) + TRANSFER)


def _attempts(player: Player, report: FailureMode, seen: Evidence) -> list[Attempt]:
    """Return the attempts at the report that met what is wrong, and are over."""
    assert seen.of_report is not None
    return attempts_over(report, seen.of_report, player.journal.now())


def _is_gone(seen: Evidence) -> bool:
    """Tell whether the queue lists the message no more, as it was asked for after the relay had accepted it."""
    return seen.queue.during(after=seen.staged.submitted or 0.0).last.presence is Presence.ABSENT


def _came_back(seen: Evidence) -> bool:
    return bool(seen.returned)


def _attempt_time(player: Player, report: FailureMode) -> float:
    granted, asked = player.staged.granted, player.header.asked
    return attempt_time(report, granted, asked) + leave_time(report, granted, asked)


async def _calm(player: Player, report: FailureMode) -> None:
    """Wait until no attempt at the report is under way, or for as long as may be waited for that."""
    seen = player.evidence().of_report
    assert seen is not None
    deadline = player.journal.now() + longest_wait_for_quiet(report, seen)
    while (now := player.journal.now()) < deadline:
        seen = player.evidence().of_report
        assert seen is not None
        pause = quiet_pause(seen, player.pace.longest_pause)
        left = seconds_to_quiet(report, seen, now, pause)
        if left <= 0:
            return
        await asyncio.sleep(min(left, deadline - now))
