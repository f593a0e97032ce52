"""How long a wave still takes is told to those who wait for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from jumping_clock import in_jumping_time
from players import player_of

from conformance.wave.player import Player
from conformance.wave.remaining import Remaining


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _player(mode: str, **staged: Any) -> Player:
    player = player_of(mode)
    player.watch = object()  # type: ignore[assignment]  # its relay runs
    player.staged = replace(player.staged, **staged)
    return player


def test_the_longest_window_counts_from_its_submission() -> None:
    clock = Clock()
    clock.now = 10.0
    long, short = _player("greeting_timeout", submitted=9.0), _player("plain", submitted=9.5)
    assert long.estimate() > short.estimate() + 0.5
    assert Remaining([long, short], clock).seconds() == pytest.approx(long.estimate() - 1.0)
    closed = _player("greeting_timeout", submitted=9.0, closed=9.9)
    unplayed = _player("greeting_timeout", not_played="no")
    assert Remaining([closed, short, unplayed], clock).seconds() == pytest.approx(short.estimate() - 0.5)
    assert Remaining([closed], clock).seconds() == 0.0


def test_what_is_still_to_be_submitted_begins_now_at_the_earliest() -> None:
    clock = Clock()
    clock.now = 7.0
    player = _player("plain")
    assert Remaining([player], clock).seconds() == pytest.approx(player.estimate())


def test_nothing_is_known_before_every_relay_runs() -> None:
    player = player_of("plain")
    assert Remaining([_player("plain", submitted=0.0), player], Clock()).seconds() is None


def test_between_two_estimates_time_goes_on() -> None:
    clock, player = Clock(), _player("greeting_timeout", submitted=0.0)
    remaining = Remaining([player], clock)
    first = remaining.seconds()
    assert first is not None
    clock.now = 0.5
    player.staged = replace(player.staged, submitted=0.5)
    assert remaining.seconds() == pytest.approx(first - 0.5)  # not worked out again so soon
    clock.now = 1.0
    assert remaining.seconds() == pytest.approx(player.estimate() - 0.5)
    clock.now = 99.0
    assert remaining.seconds() == 0.0


def test_those_that_are_closed_say_what_estimates_are_worth() -> None:
    clock, player = Clock(), _player("greeting_timeout", submitted=1.0)
    clock.now = 1.0
    estimate = _player("plain").estimate()
    closed = [_player("plain", submitted=0.0, closed=estimate / 4) for _ in range(19)]
    assert Remaining([player, *closed], clock).seconds() == pytest.approx(
        player.estimate()
    )  # they are too few
    closed.append(_player("plain", submitted=0.0, closed=estimate / 2))
    assert Remaining([player, *closed], clock).seconds() == pytest.approx(player.estimate() / 2)
    closed += [_player("plain", submitted=0.0, closed=estimate / 4) for _ in range(20)]
    assert Remaining([player, *closed], clock).seconds() == pytest.approx(player.estimate() / 4)


def test_windows_that_need_no_time_of_their_own_say_nothing() -> None:
    moved = _player("plain", submitted=0.0, closed=1.0)
    moved.estimate = lambda: 0.0  # type: ignore[method-assign]
    player = _player("plain", submitted=0.0)
    assert Remaining([player, *[moved] * 30], Clock()).seconds() == pytest.approx(player.estimate())


@in_jumping_time
async def test_it_is_told_though_no_window_closes() -> None:
    told: list[float] = []
    loop = asyncio.get_running_loop()
    begun = loop.time()
    telling = asyncio.create_task(Remaining([], Clock()).run(lambda: told.append(loop.time() - begun)))
    await asyncio.sleep(7)
    telling.cancel()
    assert told == pytest.approx([2, 4, 6], abs=0.1)
