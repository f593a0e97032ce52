"""Content in blocks is the content that comes line by line, and no block has anything that a line may not have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fake_servers.smtp import blocks
from fake_servers.smtp.blocks import Blocks

_LIMIT = 20
_PIECES = st.sampled_from(
    [b"a", b".", b"\r", b"\n", b"\r\n", b"\r\n.", b"..", b"\r\n.b", b"x" * 7, b"y" * 25]
)


@pytest.fixture(autouse=True, scope="module")
def _short_lines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_CONTENT_LINE", _LIMIT)
        yield


async def _read(pieces: list[bytes], *, in_blocks: bool) -> list[bytes]:
    """Return what aiosmtpd reads up to the final dot, where content comes in pieces."""
    source = asyncio.StreamReader(limit=_LIMIT)
    reader = Blocks(source) if in_blocks else source

    async def come() -> None:
        for piece in [*pieces, b"\r\n.\r\n", b"NOOP\r\n"]:
            source.feed_data(piece)
            await asyncio.sleep(0)

    async def take() -> list[bytes]:
        read: list[bytes] = []
        while not (read and read[-1] == b".\r\n" and (len(read) == 1 or read[-2].endswith(b"\r\n"))):
            try:
                read.append(await reader.readuntil(b"\r\n"))
            except asyncio.LimitOverrunError as error:
                read.append(await reader.read(error.consumed))
        return read

    async with asyncio.timeout(30):
        read, _ = await asyncio.gather(take(), come())
    return read


@given(st.lists(st.lists(_PIECES, max_size=8).map(b"".join), max_size=4))
@example([b"short\r\n..dot\r\n.x\r\nmore\r\n"])
@example([b"x" * 18 + b"\r\n", b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\n"])
@example([b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n..\r\n"])
@example([b"x" * 20 + b"\r\na\r\nb\r\n"])
@example([b"x" * 30 + b"\r\na\r\nb\r\n"])
@example([b"a\r\nb\r", b"\n", b".c\r\n"])
def test_blocks_are_made_of_lines(pieces: list[bytes]) -> None:
    read, lines = (asyncio.run(_read(pieces, in_blocks=in_blocks)) for in_blocks in (True, False))
    assert b"".join(read) == b"".join(lines)
    for block in read:
        _, *others = block.split(b"\r\n")
        assert not any(line.startswith(b".") for line in others)
        assert others[1:] == [] or len(block) <= _LIMIT
        assert others == [] or others[-1] == b""


async def test_many_lines_are_one_block() -> None:
    read = await _read([b"a\r\nb\r\nc\r\n..d\r\ne\r\n"], in_blocks=True)
    assert read == [b"a\r\nb\r\nc\r\n", b"..d\r\ne\r\n", b"\r\n", b".\r\n"]
