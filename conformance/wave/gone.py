"""Notices that a relay has given up a message, where its reports can pass only from then on; see `way_back.py`."""

from __future__ import annotations

import asyncio

from conformance.catalogue.course import Course
from conformance.evidence.queue import read_queue
from conformance.wave.player import Player
from conformance.wave.watch import RelayWatch

_LOOK_AGAIN = 0.1  # seconds


async def open_when_gone(player: Player, watch: RelayWatch) -> None:
    """Heal the destination for reports as soon as the relay has given up the message, if it ever does.

    Not where the relay is killed while it gives up: there the moment of the kill decides.
    """
    if not player.way_back_is_broken or player.scenario.course is Course.KILLED:
        return
    while not _has_given_up(player, watch):
        await asyncio.sleep(_LOOK_AGAIN)
        if player.staged.repaired is not None or player.staged.closed is not None:
            return
    await player.let_reports_pass()


def _has_given_up(player: Player, watch: RelayWatch) -> bool:
    """Tell whether an attempt met the fault, and the message is in the queue no more and did not arrive."""
    staged = player.staged
    if not read_queue(watch.listings, staged, staged.recipient).proves_gone:
        return False
    seen = player.evidence()
    return bool(player.attempts(seen)) and not any(each.is_for(staged.recipient) for each in seen.messages)
