"""A fault is taken away when it is quiet, by what this relay shows of itself; and not for ever waited for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from jumping_clock import in_jumping_time
from players import GRANTED, arrives, attempts, play, player_of
from stories.wire import accepted, answer, closed, query

from conformance.wave import player as courses


@pytest.fixture(autouse=True)
def _short_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "TRANSFER", 0.1)
    monkeypatch.setattr(courses, "_LOOK_AGAIN", 0.01)


@in_jumping_time
async def test_without_quiet_the_fault_is_taken_away_all_the_same_and_that_is_noted() -> None:
    player = player_of("close_at_greeting")
    playing = asyncio.create_task(play(player))
    for number in range(1, 20):
        await asyncio.sleep(0.05)
        attempts(player, number)  # it comes back at once, again and again
    await playing
    # two attempts, and no time-out concerns the mode: one interval is all that is waited for
    assert player.staged.repaired == pytest.approx(0.1 + 0.2, abs=0.06)
    assert player.staged.unquiet


@in_jumping_time
async def test_a_relay_that_pauses_in_its_deliveries_is_given_as_long() -> None:
    granted = replace(GRANTED, retry_interval=4.0, max_retry_interval=4.0)
    repaired = []
    for pause in (0.0, 0.8):
        player = player_of("close_at_greeting", granted=granted)
        player.pace.longest_pause = pause
        playing = asyncio.create_task(play(player))
        await asyncio.sleep(0.1)
        attempts(player, 1)
        await asyncio.sleep(4.0)
        attempts(player, 2)
        await asyncio.sleep(2.0)
        arrives(player)
        await playing
        assert player.staged.repaired is not None
        assert player.staged.submitted is not None
        repaired.append(player.staged.repaired - player.staged.submitted)
    assert repaired == pytest.approx([4.1 + 0.5, 4.1 + 1.6], abs=0.02)


@in_jumping_time
async def test_a_healthy_delivery_shows_the_pauses_of_the_relay_to_all() -> None:
    player = player_of("plain")
    player.staged = replace(player.staged, submitted=0.0)
    name, where = player.staged.sites[0].name, {"server": player.staged.sites[0].server, "connection": 99}
    player.journal.note(query(name))
    player.journal.note(answer(name, "records", "127.1.1.1"))
    await asyncio.sleep(0.07)
    player.journal.note(accepted(**where))
    arrives(player)
    player.journal.note(closed(**where))
    assert player.pace.longest_pause == pytest.approx(0.07)
