"""What our own client sends of a long message is what it was given, as of a short one."""

from __future__ import annotations

import aiosmtplib
import pytest

from conformance.wave.smtp_client import Client
from fake_servers import Journal, Reply, Rule, Script, SmtpServer, Stage
from fake_servers.events import SmtpMessage

_LONG = b".a dot at first\r\n" + b"..two\r\n.\r\n" + b"a line of text\r\n" * 8000


async def _sent(content: bytes, *rules: Rule) -> bytes:
    journal = Journal()
    server = SmtpServer(journal, hostname="mx.test", script=Script(*rules))
    await server.start("127.0.0.1")
    try:
        async with Client(*server.address) as client:
            await client.sendmail("a@a.test", ["b@b.test"], content)
    finally:
        await server.stop()
    [message] = journal.of(SmtpMessage)
    return message.content


@pytest.mark.parametrize("content", [_LONG, b".\r\n.a\r\n", _LONG[3:]])
async def test_all_of_it_arrives_with_its_dots(content: bytes) -> None:
    assert await _sent(content) == content


@pytest.mark.parametrize("end", [b"", b"a\nb\r\n", b"a\rb\r\n", b"a"])
async def test_lines_of_another_kind_are_put_right_by_the_library(end: bytes) -> None:
    assert (await _sent(_LONG + end)).endswith({b"": b"text\r\n", b"a": b"a\r\n"}.get(end, b"a\r\nb\r\n"))


@pytest.mark.parametrize("stage", [Stage.DATA, Stage.DOT])
async def test_a_refusal_is_told_with_its_words(stage: Stage) -> None:
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await _sent(_LONG, Rule(stage, Reply(554, "5.6.0 not this")))
    assert (refused.value.code, "not this" in refused.value.message) == (554, True)
