"""A fault at stage BODY falls inside the body: the server has not read, nor the client sent, all of it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from smtp_client import DEADLINE, Serve, noted, told

from fake_servers.events import SmtpBody, SmtpFault, SmtpMessage
from fake_servers.journal import Event, Journal
from fake_servers.smtp import Action, Close, CloseWith421, Raw, Reset, Rule, Script, Stage, Stall

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
