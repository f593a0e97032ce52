"""A relay that listens to a reply without end: how long it is waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jumping_clock import in_jumping_time
from players import GRANTED, SLACK, arrives, play, player_of
from stories.wire import accepted, closed, fault

from conformance.evidence.slack import NO_LATENESS
from conformance.wave.dragging import drags_on
from conformance.wave.player import Player

# The time-out, and all by which nobody is late.
BOUND = GRANTED.command_timeout + SLACK + NO_LATENESS  # type: ignore[operator]


def _begins(player: Player, number: int, action: str = "endless", stage: str = "mail") -> dict[str, Any]:
    where: dict[str, Any] = {"server": player.staged.sites[0].server, "connection": number}
    player.journal.note(accepted(**where))
    player.journal.note(fault(action, stage, **where))
    return where


async def _played(mode: str, *, ended_after: float | None = None) -> Player:
    """Play a failure mode whose first attempt is held, or ended by the relay, while nothing else happens."""
    player = player_of(mode)
    playing = asyncio.create_task(play(player))
    await asyncio.sleep(0.1)
    where = _begins(player, 1, mode.partition("_")[0])
    if ended_after is not None:
        await asyncio.sleep(ended_after)
        player.journal.note(closed(**where))
    await playing
    return player


@in_jumping_time
async def test_what_is_beyond_all_bounds_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Player, "time_for_attempts", lambda *_: 50.0)
    player = await _played("endless_at_mail")
    staged = player.staged
    assert staged.repaired == pytest.approx(0.1 + BOUND, abs=0.3)
    assert staged.unquiet, "an attempt was under way"
    # a second copy would come with the next retry
    assert staged.closed == pytest.approx(staged.repaired + player.longest_wait(), abs=0.3)


@in_jumping_time
async def test_what_a_relay_ends_itself_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Player, "time_for_attempts", lambda *_: 50.0)
    player = await _played("endless_at_mail", ended_after=BOUND - 1.0)
    assert player.staged.repaired == pytest.approx(50.0, abs=0.5)
    assert not player.staged.unquiet


@in_jumping_time
async def test_silence_has_an_end_that_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Player, "time_for_attempts", lambda *_: 50.0)
    player = await _played("stall_at_mail")
    assert player.staged.repaired is not None
    assert player.staged.repaired >= 50.0


@in_jumping_time
async def test_where_the_relay_goes_on_the_rest_can_be_judged() -> None:
    player = player_of("endless_at_mail")
    mode, now = player.scenario.failure_mode, 2 * BOUND
    _begins(player, 1)
    assert not drags_on(mode, player.evidence(), BOUND)
    assert drags_on(mode, player.evidence(), now)
    await asyncio.sleep(5.0)
    where = _begins(player, 2)  # it tries again, and has forgotten the first connection
    player.journal.note(closed(**where))
    assert not drags_on(mode, player.evidence(), now)


@in_jumping_time
async def test_what_arrived_is_held_no_more() -> None:
    player = player_of("endless_at_mail")
    _begins(player, 1)
    arrives(player)
    assert not drags_on(player.scenario.failure_mode, player.evidence(), 2 * BOUND)
