"""Too many recipients: the first of a transaction are taken, the others refused."""

from __future__ import annotations

import pytest
from smtp_client import Client, Serve, noted, told

from fake_servers.events import SmtpMessage
from fake_servers.journal import Journal
from fake_servers.smtp import Reply, Rule, Script, Stage

RECIPIENTS = [f"r{number}@b.test" for number in range(1, 5)]
TOO_MANY = "5.5.3 Too many recipients"


async def address(client: Client, recipients: list[str]) -> list[bytes]:
    assert (await client.ask(b"MAIL FROM:<s@a.test>\r\n")).startswith(b"250")
    return [(await client.ask(b"RCPT TO:<%s>\r\n" % name.encode()))[:3] for name in recipients]


@pytest.mark.parametrize("code", [452, 552])
async def test_recipients_beyond_the_limit_are_refused_in_each_transaction(
    serve: Serve, journal: Journal, code: int
) -> None:
    async with await serve(Script(Rule(Stage.RCPT, Reply(code, TOO_MANY), beyond=2))) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        refused = str(code).encode()
        assert await address(client, RECIPIENTS) == [b"250", b"250", refused, refused]
        assert (await client.ask(b"RSET\r\n")).startswith(b"250")  # the count begins anew
        assert await address(client, RECIPIENTS[:3]) == [b"250", b"250", refused]
        assert (await client.ask(b"DATA\r\n")).startswith(b"354")
        assert (await client.ask(b"x\r\n.\r\n")).startswith(b"250")
        assert await address(client, RECIPIENTS[2:]) == [b"250", b"250"]  # and after a message
        assert (await client.ask(b"DATA\r\n")).startswith(b"354")
        assert (await client.ask(b"x\r\n.\r\n")).startswith(b"250")
    messages = await noted(journal, SmtpMessage, 2)
    assert [message.recipients for message in messages] == [tuple(RECIPIENTS[:2]), tuple(RECIPIENTS[2:])]
    assert told(journal) == [(Stage.RCPT, "reply")] * 3


async def test_only_accepted_recipients_count(serve: Serve) -> None:
    unknown = Rule(Stage.RCPT, Reply(550, "5.1.1 Unknown"), recipient="r1@b.test")
    script = Script(unknown, Rule(Stage.RCPT, Reply(452, TOO_MANY), beyond=2))
    async with await serve(script) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await address(client, RECIPIENTS) == [b"550", b"250", b"250", b"452"]
