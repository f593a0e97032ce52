"""The standard output of a relay, for an adapter that reads it; a relay that goes on speaking is not held up.

A pipe that nobody empties stops whoever writes to it: a relay that prints its address first, and a line for each
message later, would stand still after some hundred messages.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from conformance.target import TargetError

LINE_LIMIT = 2**20  # octets of one line; twice as many are kept for whoever reads

# Seconds that a relay waits for a reader once so much is unread; then nobody reads any more, and all else is dropped.
PATIENCE = 10.0

_CHUNK = 65_536


class Spoken(asyncio.StreamReader):
    """What a relay printed and nobody has read yet."""

    def __init__(self) -> None:
        super().__init__(limit=LINE_LIMIT)
        self._reading = _Reading()
        self.set_transport(self._reading)

    async def readline(self) -> bytes:
        """Return the next line.

        Raises:
            TargetError: It is longer than any line should be.
        """
        try:
            return await super().readline()
        except ValueError as error:
            raise TargetError(
                f"the relay printed a line of more than {LINE_LIMIT // 2**20} MiB to its standard output"
            ) from error

    async def listen(self, source: asyncio.StreamReader) -> None:
        """Take everything that comes, until the end; what nobody wants is dropped."""
        is_read = True
        try:
            while octets := await source.read(_CHUNK):
                if is_read:
                    self.feed_data(octets)
                    is_read = await self._reading.goes_on()
                    if not is_read:
                        self.feed_eof()
        finally:
            self.feed_eof()


class _Reading(asyncio.ReadTransport):
    """Knows whether somebody reads: a reader asks for a pause when too much is unread, and for more when it is not."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()
        self._more.set()

    def pause_reading(self) -> None:
        """Too much is unread."""
        self._more.clear()

    def resume_reading(self) -> None:
        """It was read."""
        self._more.set()

    async def goes_on(self) -> bool:
        """Wait until more is wanted; tell whether it is, after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._more.wait()
        return self._more.is_set()
