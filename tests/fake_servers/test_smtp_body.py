"""A fault at stage BODY falls inside the body: the server has not read, nor the client sent, all of it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from smtp_client import DEADLINE, Client, Serve, Start, noted, told

from fake_servers.events import SmtpBody, SmtpFault, SmtpMessage, TcpLate
from fake_servers.journal import Event, Journal
from fake_servers.smtp import Action, Close, CloseWith421, Raw, ReadSlowly, Reset, Rule, Script, Stage, Stall

MESSAGE = (b"x" * 998 + b"\r\n") * 5000  # 5 MB; `serve` asks for a receive buffer of 4096 octets
AFTER = 1_000_000
PIECE = 50_000


@pytest.mark.parametrize(
    ("action", "read", "said", "how"),
    [
        (Close(), 1, b"", "fin"),
        (Close(AFTER), AFTER, b"", "fin"),
        (Reset(), 1, b"", "rst"),
        (Reset(AFTER), AFTER, b"", "rst"),
        (Stall(), 1, b"", "silence"),
        (Stall(AFTER), AFTER, b"", "silence"),
        (CloseWith421("4.3.2 Gone"), 1, b"421 4.3.2 Gone\r\n", "fin"),
        (Raw(b"452 4.3.1 Full\r\n", Close()), 1, b"452 4.3.1 Full\r\n", "fin"),
    ],
    ids=repr,
)
async def test_the_fault_falls_inside_the_body(
    serve: Serve, journal: Journal, action: Action, read: int, said: bytes, how: str
) -> None:
    handed_over = at_fault = 0  # octets that the client's socket has taken

    def look(event: Event) -> None:
        nonlocal at_fault
        if isinstance(event, SmtpFault):
            at_fault = handed_over

    journal.subscribe(look)
    async with await serve(Script(Rule(Stage.BODY, action))) as client:
        await client.walk_to(Stage.DATA)
        assert (await client.reply()).startswith(b"354")

        async def send() -> None:
            nonlocal handed_over
            for start in range(0, len(MESSAGE), PIECE):
                await client.send(MESSAGE[start : start + PIECE])
                handed_over += PIECE

        sending = asyncio.create_task(send())
        try:
            await noted(journal, SmtpFault)
            if how == "silence":
                assert await client.is_silent()
                assert not sending.done()  # the window is closed
                assert handed_over + PIECE < len(MESSAGE)
            elif how == "rst":
                with pytest.raises(ConnectionError):  # seen by whichever comes first, reading or sending
                    await asyncio.gather(sending, client.receive())
            else:
                assert await client.everything() == (said, how)
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                async with asyncio.timeout(DEADLINE):
                    await sending
    [body] = journal.of(SmtpBody)
    assert body.octets == read
    assert told(journal) == [(Stage.BODY, action.name)]
    assert at_fault + PIECE < len(MESSAGE)
    assert not any(journal.of(SmtpMessage))


async def test_what_is_read_slowly_is_taken_all_the_time(start: Start, journal: Journal) -> None:
    """The peer gets rid of something again and again, the whole takes as long as all pauses, and it arrives."""
    slowly = ReadSlowly(octets=32_768, seconds=0.08, times=50)
    server = await start(Script(Rule(Stage.BODY, slowly)), receive_buffer=4_096, segment=1_400)
    loop = asyncio.get_running_loop()
    waits = []
    async with Client(server.address) as client:
        await client.walk_to(Stage.DATA)
        assert (await client.reply()).startswith(b"354")
        begun = before = loop.time()
        for at in range(0, len(MESSAGE), PIECE):
            await client.send(MESSAGE[at : at + PIECE])
            waits.append(loop.time() - before)
            before = loop.time()
        assert await client.ask(b".\r\n") == b"250 2.0.0 OK\r\n"
        whole, reply = loop.time() - begun, loop.time() - before
        await client.ask(b"QUIT\r\n")
    assert whole >= slowly.lasts
    # never all of it at once, neither on its way to us nor behind the last octet
    assert max(*waits, reply) < slowly.lasts / 2
    assert told(journal) == [(Stage.BODY, slowly.name)]
    [message] = journal.of(SmtpMessage)
    assert message.content == MESSAGE
    assert not [each.lag for each in journal.of(TcpLate) if each.lag > slowly.lasts / 2]  # it was on purpose
