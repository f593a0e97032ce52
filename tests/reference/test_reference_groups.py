"""Groups of commands (RFC 2920), as the relay's session writes them and reads the replies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from conformance.reference.classify import Cause, Stage
from conformance.reference.config import Timeouts
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Session

TIMEOUTS = Timeouts(connect=2.0, command=1.0, data_done=1.0, dns=1.0)
GROUP = ["MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "DATA"]
STAGES = [Stage.MAIL, Stage.RCPT, Stage.DATA]
WIRE = "".join(f"{line}\r\n" for line in GROUP).encode()
REPLIES = b"250 2.1.0 OK\r\n250-2.1.5 OK\r\n250 2.1.5 still\r\n354 go\r\n"
CODES = [250, 250, 354]


class Server:
    """Greets, offers PIPELINING, and answers the group with given pieces, each a write; None: it leaves."""

    def __init__(self, *pieces: bytes | None, offer: bytes = b"250-mx\r\n250 PIPELINING\r\n") -> None:
        self._pieces = pieces
        self._offer = offer
        self.first = b""
        self.rest = b""
        self.done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx\r\n")
        await reader.readuntil()
        writer.write(self._offer)
        self.first = await reader.read(1000)
        for piece in self._pieces:
            if piece is None:
                writer.write_eof()
                break
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        with contextlib.suppress(ConnectionResetError):  # the session is dropped in the end
            self.rest = await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionResetError):
            await writer.wait_closed()
        self.done.set()


@asynccontextmanager
async def session_with(server: Server) -> AsyncIterator[Session]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    session = await Session.open("127.0.0.1", listener.sockets[0].getsockname()[1], TIMEOUTS)
    try:
        await session.greet()
        await session.ehlo("relay.test")
        yield session
    finally:
        session.abort()
        async with asyncio.timeout(60):
            await server.done.wait()
        listener.close()
        await listener.wait_closed()


async def ask(session: Session) -> list[int]:
    session.group(GROUP)
    return [(await session.command(stage, line)).code for stage, line in zip(STAGES, GROUP, strict=True)]


@pytest.mark.parametrize(
    "cut",
    [
        lambda replies: [replies],
        lambda replies: [replies[at : at + 1] for at in range(len(replies))],
        lambda replies: [replies[:20], replies[20:]],
        lambda replies: replies.splitlines(keepends=True),
    ],
    ids=["at once", "octets", "in the midst", "lines"],
)
async def test_a_group_goes_out_at_once_and_each_reply_is_read(
    cut: Callable[[bytes], list[bytes]],
) -> None:
    server = Server(*cut(REPLIES))
    async with session_with(server) as session:
        assert await ask(session) == CODES
    assert server.first == WIRE


async def test_without_the_offer_commands_go_one_by_one() -> None:
    server = Server(b"250 OK\r\n", offer=b"250 mx\r\n")
    async with session_with(server) as session:
        session.group(GROUP)
        assert (await session.command(Stage.MAIL, GROUP[0])).code == 250
    assert server.first == WIRE.partition(b"\n")[0] + b"\n"


async def test_what_was_said_before_the_server_left_counts() -> None:
    server = Server(b"250 2.1.0 OK\r\n550 5.1.1 No\r\n", None)
    async with session_with(server) as session:
        session.group(GROUP)
        assert (await session.command(Stage.MAIL, GROUP[0])).code == 250
        await asyncio.sleep(0.05)  # both have come, and the end
        assert (await session.command(Stage.RCPT, GROUP[1])).code == 550
        with pytest.raises(SessionFailed) as failed:
            await session.command(Stage.DATA, GROUP[2])
    assert (failed.value.stage, failed.value.cause) == (Stage.DATA, Cause.CLOSED)


async def test_silence_amid_a_group_ends_at_its_time_out() -> None:
    async with session_with(Server(b"250 2.1.0 OK\r\n")) as session:
        session.group(GROUP)
        await session.command(Stage.MAIL, GROUP[0])
        with pytest.raises(SessionFailed) as failed:
            await session.command(Stage.RCPT, GROUP[1])
    assert (failed.value.stage, failed.value.cause) == (Stage.RCPT, Cause.SILENT)


async def test_a_line_that_is_no_reply_spoils_one_command_only() -> None:
    async with session_with(Server(b"250 2.1.0 OK\r\nnonsense\r\n354 go\r\n")) as session:
        session.group(GROUP)
        await session.command(Stage.MAIL, GROUP[0])
        with pytest.raises(SessionFailed) as failed:
            await session.command(Stage.RCPT, GROUP[1])
        assert failed.value.cause is Cause.MALFORMED
        assert (await session.command(Stage.DATA, GROUP[2])).code == 354


async def test_another_command_than_was_sent_is_a_mistake() -> None:
    async with session_with(Server(REPLIES)) as session:
        session.group(GROUP)
        with pytest.raises(AssertionError, match="in the place of"):
            await session.command(Stage.MAIL, "MAIL FROM:<other@b.test>")


@pytest.mark.parametrize(
    ("replies", "rest"),
    [
        (b"550 5.7.1 No\r\n503 5.5.1 No\r\n503 5.5.1 No\r\n", b"QUIT\r\n"),
        (b"550 5.7.1 No\r\n550 5.1.1 No\r\n354 go\r\n", b".\r\n"),
        # somebody would get an empty message
        (b"550 5.7.1 No\r\n250 2.1.5 OK\r\n354 go\r\n", b""),
    ],
)
async def test_who_leaves_early_reads_what_is_due_and_sends_no_message(replies: bytes, rest: bytes) -> None:
    server = Server(replies)
    async with session_with(server) as session:
        session.group(GROUP)
        assert (await session.command(Stage.MAIL, GROUP[0])).code == 550
        session.leave()
        async with asyncio.timeout(60):
            await server.done.wait()
    assert server.rest == rest
