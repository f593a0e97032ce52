"""The gate: how many relays there are at once, by what the machine says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from conformance.wave import gate as module
from conformance.wave.gate import PATIENCE, Gate, busy
from conformance.wave.watch import LagMeter, Pressure
from fake_servers import Journal


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_AGAIN", 0.001)


class World:
    """A machine whose load and whose time are what the test says."""

    def __init__(self, starting: int = 8) -> None:
        self.busy = False
        self.time = 0.0
        self.gate = Gate(lambda: self.busy, lambda: self.time, starting)
        self.stack = AsyncExitStack()
        self.began: list[str] = []

    async def enter(self, name: str = "", *, start: bool = True) -> Callable[[], None]:
        started = await self.stack.enter_async_context(self.gate.admitted())
        self.began.append(name)
        if start:
            started()
        return started


async def lets_in(work: Awaitable[object]) -> bool:
    """Tell whether somebody is let in soon; who is not goes on waiting."""
    done, _ = await asyncio.wait([asyncio.ensure_future(work)], timeout=0.05)
    return bool(done)


async def test_the_first_is_let_in_whatever_the_machine_says() -> None:
    world = World()
    world.busy = True
    assert await lets_in(world.enter())


async def test_on_a_machine_at_leisure_all_are_let_in() -> None:
    world = World()
    for _ in range(20):
        assert await lets_in(world.enter())
    assert world.gate.most == 20


async def test_no_more_start_at_once_than_there_are_processors() -> None:
    world = World(starting=2)
    started = await world.enter(start=False)
    await world.enter(start=False)
    third = asyncio.ensure_future(world.enter())
    assert not await lets_in(asyncio.shield(third))
    world.time += 10 * PATIENCE  # patience is with load, and not with relays that start slowly
    assert not await lets_in(asyncio.shield(third))
    started()
    started()  # said twice, it counts once
    assert await lets_in(third)
    assert not await lets_in(asyncio.gather(world.enter(start=False), world.enter(start=False)))


async def test_a_busy_machine_lets_nobody_in_until_it_is_at_leisure() -> None:
    world = World()
    await world.enter()
    world.busy = True
    second = asyncio.ensure_future(world.enter())
    assert not await lets_in(asyncio.shield(second))
    world.busy = False
    assert await lets_in(second)


async def test_load_without_end_delays_and_does_not_stop() -> None:
    world = World()
    await world.enter()
    world.busy = True
    waiting = [asyncio.ensure_future(world.enter(str(number))) for number in range(3)]
    for number in range(3):
        world.time += PATIENCE * 0.9
        assert not await lets_in(asyncio.shield(waiting[number]))
        world.time += PATIENCE * 0.2
        assert await lets_in(asyncio.shield(waiting[number]))
        assert world.began == ["", *map(str, range(number + 1))], "one at a time, in their order"


async def test_who_leaves_makes_room_even_if_it_came_to_grief() -> None:
    world = World(starting=1)
    world.busy = True
    with pytest.raises(OSError, match="no such relay"):
        async with world.gate.admitted():
            raise OSError("no such relay")
    assert world.gate.inside == 0
    assert await lets_in(world.enter())


async def test_who_is_broken_off_while_it_waits_does_not_block_the_others() -> None:
    world = World()
    await world.enter()
    world.busy = True
    second, third = asyncio.ensure_future(world.enter()), asyncio.ensure_future(world.enter())
    assert not await lets_in(asyncio.shield(third))
    second.cancel()
    world.busy = False
    assert await lets_in(third)


@pytest.mark.parametrize(("pressure", "lag", "told"), [(0.1, 0.1, False), (0.6, 0.1, True), (0.1, 0.6, True)])
def test_pressure_and_our_own_lag_make_a_machine_busy(
    pressure: float, lag: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pressure, "worst", lambda *_: pressure)
    monkeypatch.setattr(LagMeter, "worst", lambda *_: lag)
    journal = Journal()
    assert busy(journal, Pressure(journal), LagMeter(journal)) is told
