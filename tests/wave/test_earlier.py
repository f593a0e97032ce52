"""A message that waits until its time is up, before the one that is judged is submitted."""

from __future__ import annotations

import asyncio

import pytest
from adapters import Unwatched
from jumping_clock import in_jumping_time
from players import Relay, attempts, play, player_of

from conformance.catalogue.course import Course
from conformance.evidence.record import QueueListing
from conformance.target import QueuedMessage
from conformance.wave.earlier import outlive
from conformance.wave.player import Player


def _player() -> Player:
    return player_of("close_at_greeting", course=Course.LONG_DEAD)


@in_jumping_time
async def test_who_never_gives_it_up_has_had_more_than_a_lifetime() -> None:
    player, relay = _player(), Relay()
    assert await outlive(player, Unwatched(relay))  # type: ignore[arg-type]
    [earlier] = relay.taken
    assert earlier.recipients == (f"earlier@{player.staged.domain}",)
    assert earlier.sender not in (player.staged.sender, player.staged.author)
    assert player.staged.dead_since == 0.0
    assert player.staged.submitted is None
    # the lifetime of 9 s, two longest waits and a transfer
    assert player.journal.now() == pytest.approx(9.0 + 0.6 + 1.0, abs=0.05)


@in_jumping_time
async def test_two_listings_without_it_end_the_wait() -> None:
    player, watch = _player(), Unwatched(Relay())
    waits = QueuedMessage(sender="", recipient=f"earlier@{player.staged.domain}", error="")

    def lists(at: float, *waiting: QueuedMessage) -> None:
        watch.listings.append(QueueListing(asked=at, at=at, waiting=list(waiting), relay=player.staged.relay))

    playing = asyncio.create_task(outlive(player, watch))  # type: ignore[arg-type]
    await asyncio.sleep(5.0)
    lists(5.0, waits)
    lists(5.1)
    await asyncio.sleep(1.0)
    assert not playing.done()
    lists(6.0)
    await asyncio.sleep(0.3)
    assert playing.done()


@in_jumping_time
async def test_a_refused_one_closes_the_window() -> None:
    player = _player()
    assert not await outlive(player, Unwatched(Relay("451 not now")))  # type: ignore[arg-type]
    assert player.staged.refusal == "451 not now"
    assert player.staged.closed is not None


@in_jumping_time
async def test_attempts_at_the_earlier_one_are_none_at_the_new_one() -> None:
    player = _player()
    for number in (1, 2, 3):
        attempts(player, number)
        await asyncio.sleep(0.3)
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.3)
    assert player.staged.repaired is None
    for number in (4, 5):
        attempts(player, number)
        await asyncio.sleep(0.3)
    assert player.staged.repaired is not None
    await playing
