"""Hands content to aiosmtpd in blocks of lines: one by one, as it asks for them, megabytes take a second."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fake_servers.smtp.content import MAX_CONTENT_LINE

_CRLF: Final = b"\r\n"
_END: Final = b".\r\n"


class Blocks:
    """A reader that gives, where a line of content is asked for, those behind it as well that have come.

    No line in a block but the first begins with a dot, and no block is longer than a line may be: what aiosmtpd
    asks of a line (is it the end, is it too long, does it begin with a dot) has the same answer for its block.

    Args:
        reader: Where octets come from.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def readuntil(self, separator: bytes) -> bytes:
        """Return a line, and lines behind it.

        Raises:
            asyncio.LimitOverrunError: It is too long.
        """
        line = await self._reader.readuntil(separator)
        length = 0 if line == _END else self._more(max(0, MAX_CONTENT_LINE - len(line)))
        return line + await self._reader.readexactly(length) if length else line

    def _more(self, most: int) -> int:
        """Return how many octets, so many at most, are whole lines without a dot at the beginning of any."""
        waiting: bytearray = self._reader._buffer  # type: ignore[attr-defined]
        if waiting.startswith(b"."):
            return 0
        end = waiting.find(b"\r\n.", 0, most + 1)
        if end < 0:
            end = waiting.rfind(_CRLF, 0, most)
        return end + len(_CRLF) if end >= 0 else 0
