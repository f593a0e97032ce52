"""The content of a message, however it comes in pieces."""

from __future__ import annotations

import asyncio

import pytest

from conformance.reference.content_reader import Unacceptable, read_content


def read(*pieces: bytes, most: int = 1_000) -> tuple[bytes, bytes]:
    """Return the content, and what is left behind it, of a connection on which these pieces came."""

    async def run() -> tuple[bytes, bytes]:
        reader = asyncio.StreamReader()
        task = asyncio.create_task(read_content(reader, most))
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        reader.feed_eof()
        return await task, await reader.read()

    return asyncio.run(run())


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1_000])
def test_it_ends_with_the_lone_dot_wherever_the_pieces_end(step: int) -> None:
    wire = b"a: b\r\n\r\n..dot\r\n.x\r\n. \r\n\r\n.\r\nQUIT\r\n"
    pieces = [wire[begin : begin + step] for begin in range(0, len(wire), step)]
    assert read(*pieces) == (b"a: b\r\n\r\n.dot\r\nx\r\n \r\n\r\n", b"QUIT\r\n")


def test_it_may_be_empty() -> None:
    assert read(b".\r\nRSET\r\n") == (b"", b"RSET\r\n")


@pytest.mark.parametrize("nearly", [b"\n.\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n"])
def test_what_is_nearly_a_lone_dot_does_not_end_it(nearly: bytes) -> None:
    content, behind = read(b"a" + nearly + b"b\r\n.\r\n")
    assert content == b"a" + nearly.replace(b"\r\n.", b"\r\n") + b"b\r\n"
    assert behind == b""


def test_who_leaves_in_the_midst_of_it_has_sent_nothing() -> None:
    with pytest.raises(EOFError):
        read(b"a\r\n.\r")


def test_the_longest_line_is_one_of_998_octets() -> None:
    longest = b"x" * 998 + b"\r\n"
    assert read(longest + b".\r\n", most=2_000)[0] == longest
    assert read(b"." + b"." + longest[1:] + b".\r\n", most=2_000)[0] == b"." + longest[1:]
    with pytest.raises(Unacceptable, match="500 "):
        read(b"x" + longest + b".\r\n", most=2_000)


@pytest.mark.parametrize("step", [7, 100_000])
def test_too_much_is_refused_behind_its_end(step: int) -> None:
    line = b"twelve more\r\n"
    wire = line * 100 + b".\r\n"
    pieces = [wire[begin : begin + step] for begin in range(0, len(wire), step)]
    assert read(*pieces, most=len(line) * 100)[0] == line * 100
    for most in (len(line) * 100 - 1, len(line) * 30):
        with pytest.raises(Unacceptable, match="552 "):
            read(*pieces, most=most)
