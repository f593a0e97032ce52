"""Replies that no well-meaning server would send, octet for octet."""

from __future__ import annotations

import asyncio
import socket

import pytest
from smtp_client import COMMANDS, Serve, noted, told

from fake_servers.events import SmtpFault, SmtpMessage, SmtpSent, TcpClosed
from fake_servers.journal import Journal
from fake_servers.smtp import Endless, Raw, Refuse, Rule, Script, Stage

DIALOGUE = [s for s in COMMANDS if s not in (Stage.CONNECT, Stage.HANDSHAKE, Stage.BODY)]
HOSTILE = b"450 4.2.1 caf\xe9 \x00\x1b[31m <script>\r\n"

# What a client is told that goes on after the refusal.
NEXT = {
    Stage.GREETING: (b"EHLO c\r\n", b"503"),
    Stage.EHLO: (b"MAIL FROM:<>\r\n", b"503"),
    Stage.STARTTLS: (b"MAIL FROM:<>\r\n", b"250"),  # goes on in clear
    Stage.EHLO_TLS: (b"MAIL FROM:<>\r\n", b"503"),
    Stage.MAIL: (b"RCPT TO:<r@b.test>\r\n", b"503"),
    Stage.RCPT: (b"DATA\r\n", b"503"),
    Stage.DATA: (b"NOOP\r\n", b"250"),  # no content follows
    Stage.DOT: (b"NOOP\r\n", b"250"),
    Stage.QUIT: (b"NOOP\r\n", b"250"),  # the connection stays
}


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_a_raw_refusal_refuses(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Raw(HOSTILE, then=Refuse())))) as client:
        await client.walk_to(stage)
        assert await client.reply() == HOSTILE
        command, code = NEXT[stage]
        assert (await client.ask(command)).startswith(code)
    [sent] = [event for event in journal.of(SmtpSent) if "4.2.1" in event.text]
    assert sent.text == "450 4.2.1 caf\\xe9 \x00\x1b[31m <script>\r\n"
    # At QUIT the message has been delivered already; everywhere else the refusal must keep it out.
    assert any(journal.of(SmtpMessage)) == (stage is Stage.QUIT)


async def test_a_huge_raw_reply_is_sent_whole_and_noted_short(serve: Serve, journal: Journal) -> None:
    line = b"450 " + b"x" * 100_000 + b"\r\n"
    async with await serve(Script(Rule(Stage.MAIL, Raw(line, then=Refuse())))) as client:
        await client.walk_to(Stage.MAIL)
        assert await client.reply() == line
    [sent] = [event for event in await noted(journal, SmtpSent, 3) if event.stage == "mail"]
    assert sent.text == "450 " + "x" * 1020 + "... (100006 octets)"


CODES = {Stage.GREETING: 220, Stage.STARTTLS: 220, Stage.DATA: 354, Stage.QUIT: 221}


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_an_endless_reply_goes_on_until_the_peer_leaves(
    serve: Serve, journal: Journal, stage: Stage
) -> None:
    async with await serve(Script(Rule(stage, Endless("more", interval=0.005)))) as client:
        await client.walk_to(stage)
        line = b"%d-more\r\n" % CODES.get(stage, 250)
        received = b""
        while len(received) < 20 * len(line):
            received += await client.receive()
            await client.send(b"NOOP\r\n")  # read and ignored
        assert received == line * (len(received) // len(line))
    [end] = await noted(journal, TcpClosed)
    assert end.by == "peer"
    assert told(journal) == [(stage, "endless")]
    sent = [event.text for event in journal.of(SmtpSent) if event.stage == stage]
    assert sent == [line.decode().rstrip()]


async def test_an_endless_reply_is_paced_and_its_code_can_be_chosen(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Endless(code=451)))) as client:
        await client.walk_to(Stage.MAIL)
        received = b""
        while received.count(b"\n") < 5:
            received += await client.receive()
        [fault] = journal.of(SmtpFault)
        assert journal.now() - fault.at >= 4 * 0.05
    assert received.startswith(b"451-there is more\r\n451-")


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_peer_that_does_not_read_an_endless_reply_can_leave(
    serve: Serve, journal: Journal, how: str
) -> None:
    async with await serve(Script(Rule(Stage.EHLO, Endless("x" * 60_000, interval=0.001)))) as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await client.walk_to(Stage.EHLO)
        await noted(journal, SmtpFault)
        await asyncio.sleep(0.1)  # the server's write cannot go on by now
        client.half_close() if how == "fin" else client.reset()
        [end] = await noted(journal, TcpClosed)
        assert (end.by, end.how) == ("peer", how)


async def test_an_endless_reply_outlasts_a_half_close(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.DOT, Endless(interval=0.005)))) as client:
        await client.walk_to(Stage.DOT)
        client.half_close()
        await noted(journal, TcpClosed)
        for _ in range(10):
            assert b"250-there is more" in await client.receive()


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_a_line_that_is_far_too_long(serve: Serve, journal: Journal, stage: Stage) -> None:
    octets = b"2" * 100_000  # RFC 5321, section 4.5.3.1.5, allows 512 and a line end
    async with await serve(Script(Rule(stage, Raw(octets)))) as client:
        await client.walk_to(stage)
        received = b""
        while len(received) < len(octets):
            received += await client.receive()
        assert received == octets
    [sent] = [event for event in journal.of(SmtpSent) if event.stage == stage]
    assert sent.text.endswith("... (100000 octets)")


@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.EHLO_TLS])
@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_peer_that_hangs_up_amid_a_line_breaks_nothing(
    serve: Serve, journal: Journal, stage: Stage, how: str
) -> None:
    async with await serve(Script(Rule(stage, Raw(b"2" * 8_000_000)))) as client:
        await client.walk_to(stage)
        await client.receive()
        if how == "rst":
            client.reset()
    [end] = await noted(journal, TcpClosed)
    assert end.by == "peer"
    async with await serve(Script()) as client:
        assert (await client.reply()).startswith(b"220")
