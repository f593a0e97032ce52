"""Whose turn it is: so many at a time, and what was begun before what was not."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress

from conformance.wave.turns import Turns


class Asking:
    """Those who ask for a turn, and who had it."""

    def __init__(self, most: int) -> None:
        self.turns = Turns(most)
        self.had: list[str] = []
        self.inside = 0
        self.most = 0

    async def have(self, name: str, turn: AbstractAsyncContextManager[None] | Turns) -> None:
        async with turn:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.had.append(name)
            for _ in range(3):
                await asyncio.sleep(0)
            self.inside -= 1


async def test_so_many_pass_at_a_time_in_the_order_in_which_they_ask() -> None:
    asking = Asking(2)
    names = list("abcdefg")
    await asyncio.gather(*(asking.have(name, asking.turns) for name in names))
    assert asking.had == names
    assert asking.most == 2


async def test_what_was_begun_goes_ahead() -> None:
    asking = Asking(1)
    waiting = [asyncio.create_task(asking.have(name, asking.turns)) for name in "abc"]
    waiting += [asyncio.create_task(asking.have(name, asking.turns.ahead)) for name in "xy"]
    await asyncio.gather(*waiting)
    assert asking.had == list("axybc")
    assert asking.most == 1


async def test_who_is_cancelled_takes_nobodys_turn() -> None:
    asking = Asking(1)
    await asking.turns.take(1)
    waiting = [asyncio.create_task(asking.have(name, asking.turns)) for name in "abc"]
    await asyncio.sleep(0)
    waiting[0].cancel()  # while it waits
    asking.turns.give_back()
    waiting[1].cancel()  # it was given a turn just now
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting, return_exceptions=True)
    assert asking.had == ["c"]
    await asking.have("d", asking.turns)
    assert asking.most == 1
