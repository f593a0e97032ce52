"""Rules that tell reports from other mail: by the null reverse-path (RFC 5321 section 4.5.5)."""

from __future__ import annotations

import pytest
from smtp_client import Client, Serve, noted, told

from fake_servers.events import SmtpMessage
from fake_servers.journal import Journal
from fake_servers.smtp import Accept, Close, CloseWith421, Reply, Rule, Script, Stage
from fake_servers.smtp.script import WITH_REVERSE_PATH

NOT_NOW = Reply(451, "4.3.0 Not now")
REPORT, MESSAGE = b"", b"s@a.test"
WITH_PATH = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT]


async def greet(client: Client) -> None:
    await client.walk_to(Stage.EHLO)
    await client.reply()


async def transaction(client: Client, sender: bytes) -> list[int]:
    """Offer one message up to the first refusal; return the codes of all replies but that to RSET."""
    codes: list[int] = []
    for command in (b"MAIL FROM:<%s>" % sender, b"RCPT TO:<r@b.test>", b"DATA", b"x\r\n."):
        codes.append(int((await client.ask(command + b"\r\n"))[:3]))
        if codes[-1] >= 400:
            if codes[-1] != 421:
                await client.ask(b"RSET\r\n")
            break
    return codes


@pytest.mark.parametrize("stage", WITH_PATH)
@pytest.mark.parametrize("null_path", [True, False])
async def test_a_rule_for_one_kind_of_mail_leaves_the_other_alone(
    serve: Serve, journal: Journal, stage: Stage, null_path: bool
) -> None:
    concerned, spared = (REPORT, MESSAGE) if null_path else (MESSAGE, REPORT)
    async with await serve(Script(Rule(stage, NOT_NOW, null_path=null_path))) as client:
        await greet(client)
        assert await transaction(client, spared) == [250, 250, 354, 250]
        refused = await transaction(client, concerned)
        assert (refused[-1], len(refused)) == (451, WITH_PATH.index(stage) + 1)
        assert await transaction(client, spared) == [250, 250, 354, 250], "each transaction is told anew"
    messages = await noted(journal, SmtpMessage, 2)
    assert [message.mail_from for message in messages] == [spared.decode()] * 2
    assert told(journal) == [(stage, "reply")]


async def test_content_of_the_other_kind_is_read_to_its_end(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.BODY, Close(after=1), null_path=False))) as client:
        await greet(client)
        assert await transaction(client, REPORT) == [250, 250, 354, 250]
        for command in (b"MAIL FROM:<s@a.test>", b"RCPT TO:<r@b.test>", b"DATA"):
            await client.ask(command + b"\r\n")
        await client.send(b"Subject: x\r\n")
        assert await client.everything() == (b"", "fin")
    assert told(journal) == [(Stage.BODY, "close")]


async def test_a_refused_path_does_not_count(serve: Serve, journal: Journal) -> None:
    """A client that goes on after its MAIL was refused gets no further with the path it named before."""
    rules = Rule(Stage.MAIL, NOT_NOW, null_path=False), Rule(Stage.DATA, CloseWith421(), null_path=True)
    async with await serve(Script(*rules)) as client:
        await greet(client)
        assert await transaction(client, MESSAGE) == [451]
        assert (await client.ask(b"RCPT TO:<r@b.test>\r\n")).startswith(b"503")
        assert await transaction(client, REPORT) == [250, 250, 421]
    assert told(journal) == [(Stage.MAIL, "reply"), (Stage.DATA, "close_with_421")]


async def test_both_conditions_of_a_rule_must_hold(serve: Serve) -> None:
    rule = Rule(Stage.RCPT, NOT_NOW, recipient="r@b.test", null_path=False)
    async with await serve(Script(rule)) as client:
        await greet(client)
        await client.ask(b"MAIL FROM:<s@a.test>\r\n")
        assert (await client.ask(b"RCPT TO:<other@b.test>\r\n")).startswith(b"250")
        assert (await client.ask(b"RCPT TO:<R@b.test>\r\n")).startswith(b"451")
        await client.ask(b"RSET\r\n")
        assert await transaction(client, REPORT) == [250, 250, 354, 250]


@pytest.mark.parametrize("stage", [s for s in Stage if s not in (*WITH_REVERSE_PATH, Stage.OTHER)])
@pytest.mark.parametrize("null_path", [True, False])
def test_the_path_is_not_known_at_other_stages(stage: Stage, null_path: bool) -> None:
    with pytest.raises(ValueError, match="the reverse-path is known at the stages mail to dot and bdat only"):
        Rule(stage, Accept(), null_path=null_path)
