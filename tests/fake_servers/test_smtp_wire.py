"""What each action puts on the wire at each stage, seen by a raw socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from smtp_client import COMMANDS, CONTENT, SILENCE, Serve, noted, told

from fake_servers.events import SmtpBody, SmtpFault, SmtpHeard, SmtpMessage, SmtpSent, TcpClosed, TcpLate
from fake_servers.journal import Journal
from fake_servers.smtp import (
    Accept,
    Close,
    CloseWith421,
    Raw,
    Reply,
    Reset,
    Rule,
    Script,
    Slow,
    Stage,
    Stall,
    Trickle,
)

ALL = list(COMMANDS)
DIALOGUE = [stage for stage in ALL if stage not in (Stage.CONNECT, Stage.HANDSHAKE, Stage.BODY)]
ON_THEIR_WAY = 0.5  # seconds in which octets that come into a stall may have been sent before it
REFUSED = Reply(450, "4.2.1 One moment", "4.2.1 please")
REFUSED_WIRE = b"450-4.2.1 One moment\r\n450 4.2.1 please\r\n"


@pytest.mark.parametrize("stage", ALL)
async def test_close_is_fin_without_a_word(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Close()))) as client:
        await client.walk_to(stage)
        assert await client.everything() == (b"", "fin")
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("server", "fin")
    assert told(journal) == [(stage, "close")]


@pytest.mark.parametrize("stage", ALL)
async def test_close_keeps_reading(serve: Serve, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Close()))) as client:
        await client.walk_to(stage)
        assert await client.everything() == (b"", "fin")
        for _ in range(3):  # a socket closed with unread input would answer by RST
            client.sock.send(b"x" * 1000)
        assert client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert await client.everything() == (b"", "fin")


@pytest.mark.parametrize("stage", ALL)
async def test_reset_is_rst_without_a_word(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Reset()))) as client:
        await client.walk_to(stage)
        assert await client.everything() == (b"", "rst")
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("server", "rst")
    assert told(journal) == [(stage, "reset")]


@pytest.mark.parametrize("stage", ALL)
async def test_stall_is_silence_on_an_open_connection(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Stall()))) as client:
        await client.walk_to(stage)
        assert await client.is_silent()
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("peer", "fin")
    assert told(journal) == [(stage, "stall")]


@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.BODY, Stage.DOT])
async def test_stall_outlasts_a_half_close(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Stall()))) as client:
        await client.walk_to(stage)
        client.half_close()
        await noted(journal, TcpClosed)
        assert await client.is_silent()  # the client may still wait for its reply


@pytest.mark.parametrize(
    "stage",
    [Stage.CONNECT, Stage.GREETING, Stage.HANDSHAKE, Stage.EHLO_TLS, Stage.MAIL, Stage.DOT, Stage.QUIT],
)
async def test_what_is_said_into_a_stall_is_noted_once(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Stall()))) as client:
        await client.walk_to(stage)
        await noted(journal, SmtpFault)
        await asyncio.sleep(ON_THEIR_WAY)
        await client.send(b"QUIT\r\n")
        [heard] = await noted(journal, SmtpHeard)
        await client.send(b"RSET\r\n")
        assert await client.is_silent()
    await noted(journal, TcpClosed)
    own = [
        event for event in journal if event.connection == heard.connection and not isinstance(event, TcpLate)
    ]
    fault, then, end = own[-3:]
    assert (fault.kind, then.kind, end.kind) == ("fault", "heard", "closed")
    assert (end.by, end.how) == ("peer", "fin")
    assert then.at - fault.at >= ON_THEIR_WAY
    # under TLS a record, with its header
    assert heard.octets == 6 if stage is not Stage.EHLO_TLS else int(str(heard.octets)) > 6
    assert heard.line == ("QUIT" if stage is not Stage.EHLO_TLS else "")


async def test_what_was_on_its_way_into_a_stall_is_not_noted_and_hides_nothing(
    serve: Serve, journal: Journal
) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Stall()))) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        await client.send(COMMANDS[Stage.MAIL] + b"RCPT")  # a pipelined group, in two segments
        await noted(journal, SmtpFault)
        await client.send(b" TO:<recipient@b.test>\r\n")
        await asyncio.sleep(ON_THEIR_WAY)
        assert not any(journal.of(SmtpHeard))
        await client.send(b"QUIT\r\n")
        [heard] = await noted(journal, SmtpHeard)
    assert heard.octets == 6


async def test_a_peer_that_leaves_a_stall_without_a_word_was_not_heard(
    serve: Serve, journal: Journal
) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Stall()))) as client:
        await client.walk_to(Stage.MAIL)
        await noted(journal, SmtpFault)
        await asyncio.sleep(ON_THEIR_WAY)
    await noted(journal, TcpClosed)
    assert not any(journal.of(SmtpHeard))


async def test_content_that_still_comes_into_a_stall_is_not_noted(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.BODY, Stall()))) as client:
        await client.walk_to(Stage.BODY)
        await noted(journal, SmtpFault)
        await asyncio.sleep(ON_THEIR_WAY)
        await client.send(b"more of it\r\n")
        assert await client.is_silent()
    await noted(journal, TcpClosed)
    assert not any(journal.of(SmtpHeard))


@pytest.mark.parametrize("stage", [*DIALOGUE, Stage.BODY])
async def test_close_with_421(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, CloseWith421("4.3.2 Gone")))) as client:
        await client.walk_to(stage)
        assert await client.everything() == (b"421 4.3.2 Gone\r\n", "fin")
    assert told(journal) == [(stage, "close_with_421")]


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_reply_replaces_the_reply_and_the_dialogue_goes_on(
    serve: Serve, journal: Journal, stage: Stage
) -> None:
    async with await serve(Script(Rule(stage, REFUSED))) as client:
        await client.walk_to(stage)
        assert await client.reply() == REFUSED_WIRE
        assert await client.ask(b"QUIT\r\n") == (
            REFUSED_WIRE if stage is Stage.QUIT else b"221 2.0.0 Bye\r\n"
        )
    sent = [event.text for event in journal.of(SmtpSent) if event.stage == stage]
    assert sent[0] == "450-4.2.1 One moment\n450 4.2.1 please"
    # At QUIT the message has been delivered already; everywhere else the refusal must keep it out.
    assert any(journal.of(SmtpMessage)) == (stage is Stage.QUIT)


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_trickle_sends_octet_by_octet(serve: Serve, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Trickle(REFUSED, interval=0.005)))) as client:
        await client.walk_to(stage)
        pieces = [await client.receive()]
        while not (received := b"".join(pieces)).endswith(b"please\r\n"):
            pieces.append(await client.receive())
    assert received == REFUSED_WIRE
    # Some may be merged when this process is late; a reply sent at once would be one piece, or two.
    assert len(pieces) > len(REFUSED_WIRE) / 4


@pytest.mark.parametrize("action", [Trickle(REFUSED, interval=600), Slow(600)], ids=["trickle", "slow"])
@pytest.mark.parametrize(("leave", "how"), [("close", "fin"), ("reset", "rst")])
async def test_who_leaves_a_slow_server_is_seen_to_leave_at_once(
    serve: Serve, journal: Journal, action: Trickle | Slow, leave: str, how: str
) -> None:
    async with await serve(Script(Rule(Stage.MAIL, action))) as client:
        await client.walk_to(Stage.MAIL)
        if isinstance(action, Trickle):
            await client.receive()
        if leave == "reset":
            client.reset()
        else:
            client.sock.close()
        [closed] = await noted(journal, TcpClosed)
    assert (closed.by, closed.how) == ("peer", how)


async def test_who_only_half_closes_gets_the_whole_of_a_trickle(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Trickle(REFUSED, interval=0.01)))) as client:
        await client.walk_to(Stage.MAIL)
        client.half_close()
        assert await client.reply() == REFUSED_WIRE
    [closed] = journal.of(TcpClosed)
    assert (closed.by, closed.how) == ("peer", "fin")


@pytest.mark.parametrize("stage", DIALOGUE)
async def test_slow_is_healthy_after_a_while(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Slow(0.05)))) as client:
        await client.walk_to(stage)
        assert (await client.reply())[:1] in b"23"
    [fault] = journal.of(SmtpFault)
    reply = next(event for event in journal.of(SmtpSent) if event.stage == stage)
    assert reply.at - fault.at >= 0.05


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.HANDSHAKE, Stage.BODY])
async def test_slow_where_there_is_no_reply(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Slow(0.05)))) as client:
        await client.walk_to(Stage.EHLO_TLS if stage is Stage.HANDSHAKE else Stage.DOT)
        assert (await client.reply()).startswith(b"250")
    assert told(journal) == [(stage, "slow")]


@pytest.mark.parametrize("stage", DIALOGUE)
@pytest.mark.parametrize(("then", "how"), [(Close(), "fin"), (Reset(), "rst")], ids=["close", "reset"])
async def test_raw_octets_replace_the_reply(
    serve: Serve, stage: Stage, then: Close | Reset, how: str
) -> None:
    async with await serve(Script(Rule(stage, Raw(b"\xff\x00junk\n", then)))) as client:
        await client.walk_to(stage)
        assert await client.receive() == b"\xff\x00junk\n"
        assert await client.everything() == (b"", how)


@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.STARTTLS, Stage.MAIL, Stage.DOT])
async def test_after_raw_octets_alone_the_dialogue_waits(serve: Serve, stage: Stage) -> None:
    async with await serve(Script(Rule(stage, Raw(b"250 bare\n")))) as client:
        await client.walk_to(stage)
        assert await client.receive() == b"250 bare\n"
        assert await client.is_silent()


@pytest.mark.parametrize(("then", "how"), [(Close(), "fin"), (Reset(), "rst")])
async def test_raw_octets_instead_of_a_server_hello(serve: Serve, then: Close | Reset, how: str) -> None:
    async with await serve(Script(Rule(Stage.HANDSHAKE, Raw(b"not TLS at all\r\n", then)))) as client:
        await client.walk_to(Stage.HANDSHAKE)
        assert await client.receive() == b"not TLS at all\r\n"
        assert await client.everything() == (b"", how)


async def test_raw_octets_before_the_healthy_reply(serve: Serve) -> None:
    async with await serve(Script(Rule(Stage.GREETING, Raw(b"noise\r\n", Accept())))) as client:
        assert await client.reply() == b"noise\r\n"
        assert await client.reply() == b"220 mx.test ESMTP\r\n"


@pytest.mark.parametrize("action", [Reset(after=1000), Stall(after=1000), Close(after=1000)], ids=repr)
async def test_a_fault_amid_content_leaves_the_rest_unread(
    serve: Serve, journal: Journal, action: Reset | Stall | Close
) -> None:
    async with await serve(Script(Rule(Stage.BODY, action))) as client:
        await client.walk_to(Stage.DATA)
        assert (await client.reply()).startswith(b"354")
        client.sock.send(CONTENT + b"x" * 100_000)  # as much as the socket takes
        [body] = await noted(journal, SmtpBody)
        assert body.octets == 1000
        if isinstance(action, Stall):
            assert await client.is_silent()
            return
        assert await client.everything() == (b"", "rst" if isinstance(action, Reset) else "fin")


async def test_a_stalled_body_closes_the_window(serve: Serve) -> None:
    async with await serve(Script(Rule(Stage.BODY, Stall()))) as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await client.walk_to(Stage.DATA)
        assert (await client.reply()).startswith(b"354")
        with pytest.raises(TimeoutError):
            await client.send(b"x" * 200_000 + b"\r\n.\r\n", timeout=SILENCE)


async def test_a_stalled_body_notices_a_reset(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.BODY, Stall()))) as client:
        await client.walk_to(Stage.BODY)
        await noted(journal, SmtpBody)
        client.reset()
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("peer", "rst")


async def test_a_stalled_body_notices_a_fin_that_finds_no_room(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.BODY, Stall()))) as client:
        await client.walk_to(Stage.BODY)
        await noted(journal, SmtpBody)
        client.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(1000):  # until the buffers of both sides are full
                client.sock.send(b"x" * 100_000)
        assert not any(journal.of(TcpClosed))
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("peer", "fin")


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_peer_that_leaves_amid_a_trickle_is_noted(serve: Serve, journal: Journal, how: str) -> None:
    script = Script(Rule(Stage.GREETING, Trickle(Reply(220, "x" * 50), interval=0.01)))
    async with await serve(script) as client:
        await client.receive()
        if how == "rst":
            client.reset()
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("peer", how)
