"""Time-outs for what a relay or its adapter is asked to do: they are longer while somebody waits for a processor.

A command that takes nine seconds has hung, on a machine that has a processor for it. On one that has none it is slow,
and nobody is to blame: seconds count for as much as nobody on the machine had to wait in them, and for a quarter at
least, so that every wait has an end.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_TOLD_IN = Path("/proc/pressure/cpu")
_PIECE = 0.25  # seconds after which it is looked again how much of them counts
_MOMENT = 0.01
_LEAST = 0.25  # of a second in which somebody waited all the time


class Patience:
    """What is left of a time-out.

    Attributes:
        left: Seconds, of those in which nobody waits for a processor.
    """

    def __init__(self, limit: float) -> None:
        self.left = limit
        self._at = time.monotonic(), stalled_so_far() or 0.0

    @property
    def piece(self) -> float:
        """Seconds after which it is worth while to look again."""
        return max(_MOMENT, min(_PIECE, self.left))

    def spend(self, most: float = float("inf")) -> float:
        """Take off what has passed since the last time, `most` seconds at most, and return what is left."""
        (since, before), self._at = self._at, (time.monotonic(), stalled_so_far() or 0.0)
        passed, waited = self._at[0] - since, self._at[1] - before
        self.left -= min(most, max(passed - waited, _LEAST * passed))
        return self.left


@asynccontextmanager
async def timeout(limit: float) -> AsyncIterator[None]:
    """As asyncio.timeout(), in seconds in which nobody waits for a processor.

    Raises:
        TimeoutError: They have passed.
    """
    async with asyncio.timeout(None) as deadline:
        ending = asyncio.create_task(_end(deadline, Patience(limit)))
        try:
            yield
        finally:
            ending.cancel()


async def _end(deadline: asyncio.Timeout, patience: Patience) -> None:
    """Have a time-out expire once nothing is left of it."""
    while patience.left > 0:
        await asyncio.sleep(patience.piece)
        patience.spend()
    deadline.reschedule(asyncio.get_running_loop().time())


def stalled_so_far() -> float | None:
    """Return the seconds during which some task waited for a processor (proc(5), pressure stall information).

    Since the machine was started; None where the kernel does not tell.
    """
    try:
        text = _TOLD_IN.read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^some .*total=(\d+)", text, re.MULTILINE)
    return int(found[1]) / 1e6 if found else None
