"""A destination that is dead for longer than a lifetime: an earlier message waits there until its time is up."""

from __future__ import annotations

from dataclasses import replace

from conformance.evidence.queue import QueueReading, read_queue
from conformance.evidence.view import Evidence
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.envelope import earlier_of
from conformance.wave.player import Player
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import TRANSFER


async def outlive(player: Player, watch: RelayWatch) -> bool:
    """Submit the earlier message, and wait until it has left the queue, or ought to have; tell whether it was accepted.

    Who keeps it for longer is judged elsewhere (`expires`): the destination has been dead for longer than a lifetime
    all the same.
    """
    envelope = earlier_of(player.scenario)

    def accepted() -> None:
        player.staged = replace(player.staged, dead_since=player.journal.now())

    try:
        await watch.instance.submit(envelope, accepted)
    except SubmissionRefused as error:
        player.refuse(error)
        return False
    [recipient] = envelope.recipients

    def has_gone(_: Evidence) -> bool:
        return _listed(player, watch, recipient).proves_gone

    due = player.staged.granted.queue_lifetime + 2 * player.longest_wait() + TRANSFER
    await player.until(has_gone, due)
    return True


def _listed(player: Player, watch: RelayWatch, recipient: str) -> QueueReading:
    """Return what the queue showed of the earlier message since it was accepted."""
    since = replace(player.staged, submitted=player.staged.dead_since)
    return read_queue(watch.listings, since, recipient)
