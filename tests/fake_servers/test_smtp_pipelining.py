"""Groups of commands in one segment (RFC 2920), and what each action makes of one, seen by a raw socket."""

from __future__ import annotations

import pytest
from smtp_client import Client, Serve, noted, told

from fake_servers.events import SmtpBody, SmtpMessage, SmtpReceived, TcpClosed
from fake_servers.journal import Journal
from fake_servers.smtp import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    InPieces,
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

GROUP = b"MAIL FROM:<s@a.test>\r\nRCPT TO:<one@b.test>\r\nRCPT TO:<two@b.test>\r\nDATA\r\n"
TAKEN = {
    Stage.MAIL: b"250 2.1.0 OK\r\n",
    Stage.RCPT: b"250 2.1.5 OK\r\n",
    Stage.DATA: b"354 End data with <CR><LF>.<CR><LF>\r\n",
}
ALL = TAKEN[Stage.MAIL] + 2 * TAKEN[Stage.RCPT] + TAKEN[Stage.DATA]
BUSY = Reply(450, "4.2.1 Busy")
IN_GROUP = list(TAKEN)


async def greet(client: Client) -> None:
    await client.walk_to(Stage.EHLO)
    await client.reply()


def before(stage: Stage) -> bytes:
    """Return what a group is answered up to the second RCPT, at which rules of RCPT are played, or to another stage."""
    answers = [Stage.MAIL, Stage.RCPT, Stage.RCPT, Stage.DATA]
    first = 2 if stage is Stage.RCPT else answers.index(stage)
    return b"".join(TAKEN[each] for each in answers[:first])


def played(stage: Stage, action: Action) -> Script:
    return Script(Rule(stage, action, recipient="two@b.test" if stage is Stage.RCPT else None))


async def test_a_group_in_one_segment_is_answered_in_one(
    script: Script, serve: Serve, journal: Journal
) -> None:
    async with await serve(script) as client:
        await greet(client)
        await client.send(GROUP)
        assert await client.receive() == ALL
        await client.send(b"x\r\n.\r\nMAIL FROM:<s@a.test>\r\nRCPT TO:<one@b.test>\r\nQUIT\r\n")
        replies = b"250 2.0.0 OK\r\n", TAKEN[Stage.MAIL], TAKEN[Stage.RCPT], b"221 2.0.0 Bye\r\n"
        assert await client.everything() == (b"".join(replies), "fin")
    [message] = await noted(journal, SmtpMessage)
    assert message.recipients == ("one@b.test", "two@b.test")


async def test_the_journal_says_what_came_ahead_of_a_reply(
    script: Script, serve: Serve, journal: Journal
) -> None:
    async with await serve(script) as client:
        await greet(client)
        await client.ask(b"NOOP\r\n")
        await client.send(GROUP)
        await client.receive()
        await client.ask(b".\r\n")
        await client.ask(b"QUIT\r\n")
    received = await noted(journal, SmtpReceived, 7)
    ahead = [event.line.partition(" ")[0] for event in received if event.ahead]
    assert ahead == ["RCPT", "RCPT", "DATA"]


async def test_what_comes_while_a_reply_is_late_is_ahead_of_it(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Slow(0.2)))) as client:
        await greet(client)
        await client.send(b"MAIL FROM:<s@a.test>\r\n")
        await client.send(b"RCPT TO:<one@b.test>\r\n")
        assert await client.reply() == TAKEN[Stage.MAIL]
        assert await client.reply() == TAKEN[Stage.RCPT]
    received = await noted(journal, SmtpReceived, 3)
    assert [(event.stage, event.ahead) for event in received] == [
        (Stage.EHLO, False),
        (Stage.MAIL, False),
        (Stage.RCPT, True),
    ]


async def test_a_command_before_the_greeting_is_ahead_of_it(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.GREETING, Slow(0.2)))) as client:
        await client.send(b"EHLO c\r\n")
        await client.reply()
        await client.reply()
    [ehlo] = await noted(journal, SmtpReceived)
    assert ehlo.ahead


@pytest.mark.parametrize("stage", IN_GROUP)
async def test_close_amid_a_group_is_fin(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(played(stage, Close())) as client:
        await greet(client)
        await client.send(GROUP + b"NOOP\r\n" * 5_000)  # unread input would make a reset of it
        assert await client.everything() == (before(stage), "fin")
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("server", "fin")
    assert told(journal) == [(stage, "close")]


@pytest.mark.parametrize("stage", IN_GROUP)
async def test_reset_amid_a_group_is_rst(serve: Serve, journal: Journal, stage: Stage) -> None:
    async with await serve(played(stage, Reset())) as client:
        await greet(client)
        await client.send(GROUP)
        received, how = await client.everything()
        assert how == "rst"
        assert before(stage).startswith(received)  # what was on its way may be lost
    [end] = await noted(journal, TcpClosed)
    assert (end.by, end.how) == ("server", "rst")
    assert told(journal) == [(stage, "reset")]


@pytest.mark.parametrize("stage", IN_GROUP)
async def test_stall_amid_a_group_is_silence_after_what_was_said(
    serve: Serve, journal: Journal, stage: Stage
) -> None:
    async with await serve(played(stage, Stall())) as client:
        await greet(client)
        await client.send(GROUP)
        if before(stage):
            assert await client.receive() == before(stage)
        assert await client.is_silent()
    assert told(journal) == [(stage, "stall")]
    lines = [event.line for event in await noted(journal, SmtpReceived, 5)]
    assert lines[1:] == GROUP.decode().split("\r\n")[:-1]  # what was not answered was said all the same


@pytest.mark.parametrize(
    ("stage", "replies"),
    [
        (Stage.MAIL, (BUSY.encoded(), *3 * [b"503 "])),
        (Stage.RCPT, (TAKEN[Stage.MAIL], TAKEN[Stage.RCPT], BUSY.encoded(), TAKEN[Stage.DATA])),
        (Stage.DATA, (TAKEN[Stage.MAIL], TAKEN[Stage.RCPT], TAKEN[Stage.RCPT], BUSY.encoded())),
    ],
)
async def test_a_refusal_amid_a_group(serve: Serve, stage: Stage, replies: tuple[bytes, ...]) -> None:
    async with await serve(played(stage, BUSY)) as client:
        await greet(client)
        await client.send(GROUP)
        lines = (await client.receive()).splitlines(keepends=True)
        assert len(lines) == len(replies)
        assert all(line.startswith(reply) for line, reply in zip(lines, replies, strict=True))


@pytest.mark.parametrize(
    ("action", "wire"),
    [
        (CloseWith421("4.3.2 Bye"), b"421 4.3.2 Bye\r\n"),
        (Raw(b"250 2.1", then=Close()), b"250 2.1"),
    ],
)
async def test_what_is_said_last_goes_out_with_what_was_said_before(
    serve: Serve, action: Action, wire: bytes
) -> None:
    async with await serve(played(Stage.RCPT, action)) as client:
        await greet(client)
        await client.send(GROUP)
        assert await client.receive() == before(Stage.RCPT) + wire
        assert await client.everything() == (b"", "fin")


async def test_replies_that_come_one_by_one(serve: Serve) -> None:
    rules = (Rule(stage, Slow(0.1)) for stage in IN_GROUP)
    async with await serve(Script(*rules)) as client:
        await greet(client)
        await client.send(GROUP)
        assert [await client.receive() for _ in range(4)] == ALL.splitlines(keepends=True)


@pytest.mark.parametrize(
    "action", [Trickle(Reply(250, "2.1.5 OK"), interval=0.01), InPieces(Reply(250, "2.1.5 OK"))]
)
async def test_a_reply_octet_by_octet_amid_a_group_keeps_the_order(
    serve: Serve, action: Trickle | InPieces
) -> None:
    async with await serve(played(Stage.RCPT, action)) as client:
        await greet(client)
        await client.send(GROUP)
        received = b""
        while len(received) < len(ALL):
            received += await client.receive()
        assert received == ALL


async def test_endless_amid_a_group_comes_after_what_was_said(serve: Serve) -> None:
    async with await serve(played(Stage.RCPT, Endless(interval=0.01))) as client:
        await greet(client)
        await client.send(GROUP)
        received = b""
        while len(received) < 200:
            received += await client.receive()
        assert received.startswith(before(Stage.RCPT) + b"250-there is more\r\n250-there is more\r\n")


async def test_nobody_is_there_to_take_the_content(serve: Serve, journal: Journal) -> None:
    """RFC 2920, section 3.1: DATA may be accepted all the same, and a lone dot ends that."""
    refused = Rule(Stage.RCPT, BUSY)
    group = b"MAIL FROM:<s@a.test>\r\nRCPT TO:<one@b.test>\r\nDATA\r\n"
    for nobody, after in (((), b"503 "), ((Rule(Stage.DATA, Accept(), for_nobody=True),), TAKEN[Stage.DATA])):
        async with await serve(Script(refused, *nobody)) as client:
            await greet(client)
            await client.send(group)
            assert (await client.receive()).startswith(TAKEN[Stage.MAIL] + BUSY.encoded() + after)
            if nobody:
                assert await client.ask(b".\r\n") == b"554 5.5.1 No valid recipients\r\n"
                assert await client.ask(b"NOOP\r\n") == b"250 2.0.0 OK\r\n"
    assert [event.octets for event in journal.of(SmtpBody)] == [0]
    assert not list(journal.of(SmtpMessage))


def test_nobody_is_asked_for_at_data_and_dot_only() -> None:
    with pytest.raises(ValueError, match="at the stages data and dot only"):
        Rule(Stage.RCPT, Accept(), for_nobody=True)
