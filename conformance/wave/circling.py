"""Plays a loop: the next host sends each copy back to the relay, for the same recipient, until somebody ends it.

A loop is most often two hosts that each take the other for the way to a domain. What the next host hands over is what
it was given, with its own trace on top (RFC 5321 section 4.4); here with that of several hosts, so that a relay which
counts them has counted enough after a few rounds.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from conformance.catalogue.special import TOO_MANY_HOSTS
from conformance.evidence.view import Evidence
from conformance.wave.adapter import Instance, SubmissionRefused
from conformance.wave.content import hops
from conformance.wave.envelope import zone_of
from conformance.wave.player import Player
from conformance.wave.turns import Turns
from conformance.wave.watch import RelayWatch
from conformance.wave.windows import TRANSFER
from fake_servers.events import ClientReply


async def play_circling(player: Player, watch: RelayWatch, turn: Turns) -> None:
    """Submit the message when it is its turn, send back each copy that comes, and close the window when none does."""
    special = player.scenario.failure_mode.message.special
    assert special is not None
    if not await player.submit(watch.instance, turn):
        return
    patience = 2 * player.longest_wait() + TRANSFER
    for number in range(TOO_MANY_HOSTS // special.sent_back):
        if not await player.until(partial(_has_more, than=number), patience):
            break
        copies = player.evidence().messages
        if len(copies) <= number or not await _send_back(player, watch.instance, copies[number].content):
            break
    # a second report, or one more copy, would come with the next retry
    await player.rest(player.longest_wait())
    await player.close(watch)


def _has_more(seen: Evidence, than: int) -> bool:
    """Tell whether there are more copies than so many, or the sender was told of the end."""
    return len(seen.messages) > than or bool(seen.returned)


async def _send_back(player: Player, instance: Instance, content: bytes) -> bool:
    """Hand a copy to the relay once more; tell whether it took it."""
    special = player.scenario.failure_mode.message.special
    assert special is not None
    trace = hops(special.sent_back, zone_of(player.scenario))
    try:
        await instance.submit(replace(player.envelope, content=trace + content), lambda: None)
    except SubmissionRefused as error:
        player.journal.note(ClientReply(sender=player.envelope.sender, text=str(error)))
        return False
    return True
