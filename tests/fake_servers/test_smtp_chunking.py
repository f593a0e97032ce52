"""BDAT (RFC 3030): chunks, their replies, and what each action makes of them, seen by a raw socket."""

from __future__ import annotations

import pytest
from smtp_client import Client, Serve, noted, told

from fake_servers.events import SmtpBody, SmtpMessage, SmtpReceived
from fake_servers.journal import Journal
from fake_servers.smtp import Close, Reply, Reset, Rule, Script, Stage, Stall
from fake_servers.smtp.script import OFFER

CHUNKING = (*OFFER, "CHUNKING")
GROUP = b"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
FIRST, LAST = b"Subject: x\r\n\r\n.\r\n", b"..no end\n.\r\nMAIL FROM:<no@a.test>\r\n"
OK = b"250 2.0.0 OK\r\n"


def bdat(octets: bytes, *, last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n%s" % (len(octets), b" LAST" if last else b"", octets)


async def greet(client: Client) -> None:
    await client.walk_to(Stage.EHLO)
    assert b"CHUNKING" in await client.reply()


async def envelope(client: Client) -> None:
    await greet(client)
    await client.send(GROUP)
    await client.receive()


async def test_chunks_are_taken_octet_for_octet(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(extensions=CHUNKING)) as client:
        await greet(client)
        await client.send(GROUP + bdat(FIRST) + bdat(LAST, last=True) + b"NOOP\r\n")
        received = b""
        while received.count(b"\n") < 5:
            received += await client.receive()
        assert received == b"250 2.1.0 OK\r\n250 2.1.5 OK\r\n" + 3 * OK
    [message] = await noted(journal, SmtpMessage)
    assert message.content == FIRST + LAST
    assert [event.octets for event in journal.of(SmtpBody)] == [len(FIRST + LAST)]
    stages = [event.stage for event in journal.of(SmtpReceived)]
    assert stages == [Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.BDAT, Stage.BDAT_LAST, Stage.OTHER]


async def test_the_last_chunk_may_be_empty(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(extensions=CHUNKING)) as client:
        await envelope(client)
        assert await client.ask(bdat(FIRST)) == OK
        assert await client.ask(bdat(b"", last=True)) == OK
    [message] = await noted(journal, SmtpMessage)
    assert message.content == FIRST


@pytest.mark.parametrize("last", [False, True])
async def test_a_refused_chunk_ends_the_transaction(serve: Serve, journal: Journal, last: bool) -> None:
    stage = Stage.BDAT_LAST if last else Stage.BDAT
    async with await serve(Script(Rule(stage, Reply(452, "4.3.1 Full")), extensions=CHUNKING)) as client:
        await envelope(client)
        assert await client.ask(bdat(FIRST, last=last)) == b"452 4.3.1 Full\r\n"
        assert (await client.ask(bdat(LAST, last=True))).startswith(b"503 ")
        assert await client.ask(b"RSET\r\n") == OK
    assert not list(journal.of(SmtpMessage))
    assert told(journal) == [(stage, "reply")]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("action", [Close(), Reset(), Stall()])
async def test_a_fault_is_played_when_the_chunk_has_come(
    serve: Serve, journal: Journal, last: bool, action: Close | Reset | Stall
) -> None:
    stage = Stage.BDAT_LAST if last else Stage.BDAT
    async with await serve(Script(Rule(stage, action), extensions=CHUNKING)) as client:
        await envelope(client)
        whole = bdat(FIRST, last=last)
        await client.send(whole[:-1])
        assert await client.is_silent()
        assert told(journal) == []
        await client.send(whole[-1:])
        if isinstance(action, Stall):
            assert await client.is_silent()
        else:
            assert await client.everything() == (b"", "fin" if isinstance(action, Close) else "rst")
    assert told(journal) == [(stage, action.name)]


async def test_data_and_bdat_are_not_mixed(serve: Serve) -> None:
    async with await serve(Script(extensions=CHUNKING)) as client:
        await envelope(client)
        assert await client.ask(bdat(FIRST)) == OK
        assert (await client.ask(b"DATA\r\n")).startswith(b"503 ")
        assert (await client.ask(b"RCPT TO:<q@b.test>\r\n")).startswith(b"503 ")
        assert await client.ask(bdat(LAST, last=True)) == OK


@pytest.mark.parametrize(
    ("extensions", "group", "chunk", "code"),
    [
        (OFFER, GROUP, bdat(FIRST, last=True), b"500 "),
        (CHUNKING, b"NOOP\r\n", bdat(FIRST, last=True), b"503 "),
        (CHUNKING, GROUP, b"BDAT x\r\n", b"501 "),
        (("CHUNKING", "SIZE 5"), GROUP, bdat(FIRST, last=True), b"552 "),
    ],
)
async def test_a_chunk_that_cannot_be_taken_is_read_to_its_end(
    serve: Serve, journal: Journal, extensions: tuple[str, ...], group: bytes, chunk: bytes, code: bytes
) -> None:
    never = Rule(Stage.QUIT, Stall())  # so that the session serves it
    async with await serve(Script(never, extensions=extensions)) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        await client.send(group)
        await client.receive()
        assert (await client.ask(chunk)).startswith(code)
        assert await client.ask(b"NOOP\r\n") == OK
    assert not list(journal.of(SmtpMessage))


async def test_data_goes_on_where_chunks_are_offered(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(extensions=CHUNKING)) as client:
        await client.walk_to(Stage.DOT)
        assert await client.reply() == OK
    assert len(await noted(journal, SmtpMessage)) == 1
