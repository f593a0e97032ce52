"""Whose turn it is to hand a message to a relay: so many at a time, and what was begun before what was not."""

from __future__ import annotations

import asyncio
import heapq
from contextlib import AbstractAsyncContextManager
from itertools import count


class Turns:
    """Lets so many pass at a time, in the order in which they ask.

    Of several messages of one scenario all but the first go `ahead` of those scenarios that have not begun: what they
    are to wait for goes on already, and hundreds may wait for their turn.

    Args:
        most: How many pass at a time.

    Attributes:
        ahead: For what was begun.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self.ahead: AbstractAsyncContextManager[None] = _Ahead(self)

    async def __aenter__(self) -> None:
        await self.take(1)

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    async def take(self, rank: int) -> None:
        """Wait for a turn; whose rank is lower comes first."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given, and is not used
                self.give_back()
            raise

    def give_back(self) -> None:
        """End a turn: it is that of the next one who waits."""
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Ahead(AbstractAsyncContextManager[None]):
    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def __aenter__(self) -> None:
        await self._turns.take(0)

    async def __aexit__(self, *_: object) -> None:
        self._turns.give_back()
