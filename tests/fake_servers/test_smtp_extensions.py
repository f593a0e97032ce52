"""What EHLO offers, in clear and under TLS, and what becomes of parameters nobody offered."""

from __future__ import annotations

import re

import pytest
from smtp_client import Client, Start, noted, tls_context

from fake_servers.events import SmtpMessage, SmtpUnoffered
from fake_servers.journal import Journal
from fake_servers.smtp import Raw, Reply, Rule, Script, Stage, Stall
from fake_servers.smtp.script import OFFER

# Nothing but the rule tells the two apart: aiosmtpd serves the one, our own session the other.
RULES: dict[str, list[Rule]] = {
    "aiosmtpd": [],
    "session": [Rule(Stage.RCPT, Stall(), recipient="nobody@else.test")],
}
Rules = list[Rule]
CLEAR = ("SIZE 1000", "8BITMIME", "DSN", "PIPELINING")


@pytest.fixture(params=list(RULES))
def rules(request: pytest.FixtureRequest) -> Rules:
    return RULES[request.param]


async def codes(client: Client, *commands: bytes) -> list[bytes]:
    return [(await client.ask(command + b"\r\n"))[:3] for command in commands]


def unoffered(journal: Journal) -> list[tuple[object, object]]:
    return [(event.stage, event.parameters) for event in journal.of(SmtpUnoffered)]


async def test_ehlo_offers_what_the_script_says(start: Start, rules: Rules) -> None:
    server = await start(Script(*rules, extensions=CLEAR, tls_extensions=("DSN",)), tls=tls_context())
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        offered = b"SIZE 1000", b"8BITMIME", b"DSN", b"PIPELINING", b"STARTTLS"
        lines = [b"250-mx.test", *(b"250-" + line for line in offered), b"250 HELP", b""]
        assert await client.reply() == b"\r\n".join(lines)
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO_TLS)
        assert await client.reply() == b"250-mx.test\r\n250-DSN\r\n250 HELP\r\n"


async def test_by_default_what_most_servers_offer_is_offered(start: Start, rules: Rules) -> None:
    server = await start(Script(*rules), tls=tls_context())
    for stage in (Stage.EHLO, Stage.EHLO_TLS):
        async with Client(server.address) as client:
            await client.walk_to(stage)
            lines = (await client.reply()).decode().replace("-", " ").split("\r\n")
            offered = [line.partition(" ")[2].partition(" ")[0] for line in lines[1:-1]]
            assert [each for each in offered if each not in ("STARTTLS", "HELP")] == list(OFFER)


async def test_every_parameter_of_the_default_offer_is_taken(
    start: Start, journal: Journal, rules: Rules
) -> None:
    mail = b"SIZE=100", b"BODY=8BITMIME", b"SMTPUTF8", b"RET=HDRS", b"ENVID=a+2Bb"
    rcpt = b"NOTIFY=FAILURE,DELAY", b"ORCPT=rfc822;r@b.test"
    server = await start(Script(*rules))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(
            client,
            b"MAIL FROM:<\xc3\xa4@b.test> " + b" ".join(mail),
            b"RCPT TO:<\xc3\xbc@b.test> " + b" ".join(rcpt),
            b"DATA",
            b"Subject: \xc3\xa4\r\n\r\nx\r\n.",
        ) == [b"250", b"250", b"354", b"250"]
    [message] = await noted(journal, SmtpMessage)
    assert (message.mail_from, message.recipients) == ("\u00e4@b.test", ("\u00fc@b.test",))
    assert message.options == tuple(word.decode() for word in (*mail, *rcpt))
    assert message.content == b"Subject: \xc3\xa4\r\n\r\nx\r\n"


async def test_addresses_beyond_ascii_need_the_parameter(start: Start, rules: Rules) -> None:
    server = await start(Script(*rules))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(
            client,
            b"MAIL FROM:<\xc3\xa4@b.test>",
            b"MAIL FROM:<a@b.test> SMTPUTF8=x",
            b"MAIL FROM:<a@b.test>",
            b"RCPT TO:<\xc3\xbc@b.test>",
        ) == [b"553", b"501", b"250", b"553"]


async def test_replies_have_enhanced_status_codes_of_their_class(start: Start, rules: Rules) -> None:
    """RFC 2034, section 4: all but the greeting and the replies to EHLO and HELO, which have none."""
    server = await start(Script(*rules))
    said = (
        *(b"NOOP", b"VRFY a", b"MAIL", b"RCPT TO:<r@b.test>", b"DATA", b"XYZ", b"MAIL FROM:<a@b.test> X=1"),
        *(b"MAIL FROM:<a@b.test>", b"MAIL FROM:<a@b.test>", b"RCPT TO:<>", b"RCPT TO:<r@b.test>", b"DATA x"),
        *(b"STARTTLS", b"RSET", b"QUIT x", b"HELP", b"QUIT"),
    )
    async with Client(server.address) as client:
        assert re.match(rb"220 mx.test ", await client.reply())
        assert (await client.ask(b"HELO c\r\n")) == b"250 mx.test\r\n"
        assert re.match(rb"250-mx.test\r\n", await client.ask(b"EHLO c\r\n"))
        for command in said:
            reply = await client.ask(command + b"\r\n")
            assert re.match(rb"(?P<class>[245])\d\d (?P=class)\.\d+\.\d+ ", reply), (command, reply)


async def test_parameters_that_were_not_offered_are_refused_and_noted(
    start: Start, journal: Journal, rules: Rules
) -> None:
    server = await start(Script(*rules, extensions=("8BITMIME",)))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(
            client,
            b"MAIL FROM:<a@b.test> BODY=8BITMIME Size=10 RET=HDRS",
            b"MAIL FROM:<a@b.test> BODY=8BITMIME",
            b"RCPT TO:<r@b.test> NOTIFY=NEVER",
            b"RCPT TO:<r@b.test>",
        ) == [b"555", b"250", b"555", b"250"]
    assert unoffered(journal) == [("mail", ("Size=10", "RET=HDRS")), ("rcpt", ("NOTIFY=NEVER",))]


async def test_who_offers_auth_is_told_that_nobody_is_authenticated(
    start: Start, journal: Journal, rules: Rules
) -> None:
    server = await start(Script(*rules, extensions=("AUTH PLAIN LOGIN", "DELIVERBY 240")))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        sent = (
            b"MAIL FROM:<a@b.test> AUTH=<> SIZE=10",
            b"MAIL FROM:<a@b.test> AUTH=<> BY=300;R",
            b"RCPT TO:<r@b.test> BY=300;R",
            b"RCPT TO:<r@b.test>",
        )
        assert await codes(client, *sent) == [b"555", b"250", b"555", b"250"]
    assert unoffered(journal) == [("mail", ("SIZE=10",)), ("rcpt", ("BY=300;R",))]


async def test_auth_in_another_spelling_offers_no_parameter(
    start: Start, journal: Journal, rules: Rules
) -> None:
    server = await start(Script(*rules, extensions=("AUTH=LOGIN PLAIN", "X-AUTH")))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(client, b"MAIL FROM:<a@b.test> AUTH=<>", b"MAIL FROM:<a@b.test>") == [
            b"555",
            b"250",
        ]
    assert unoffered(journal) == [("mail", ("AUTH=<>",))]


async def test_under_tls_only_the_new_offer_counts(start: Start, journal: Journal, rules: Rules) -> None:
    script = Script(*rules, extensions=CLEAR, tls_extensions=("8BITMIME",))
    server = await start(script, tls=tls_context())
    for stage, expected in ((Stage.EHLO, b"250"), (Stage.EHLO_TLS, b"555")):
        async with Client(server.address) as client:
            await client.walk_to(stage)
            await client.reply()
            assert await codes(client, b"MAIL FROM:<a@b.test> SIZE=10") == [expected]
    assert unoffered(journal) == [("mail", ("SIZE=10",))]


async def test_helo_offers_nothing(start: Start, journal: Journal, rules: Rules) -> None:
    server = await start(Script(*rules, extensions=CLEAR))
    async with Client(server.address) as client:
        await client.reply()
        sent = b"EHLO c", b"HELO c", b"MAIL FROM:<a@b.test> SIZE=1", b"MAIL FROM:<a@b.test>"
        assert await codes(client, *sent) == [b"250", b"250", b"555", b"250"]
    assert unoffered(journal) == [("mail", ("SIZE=1",))]


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        (Reply(250, "mx.test", "8bitmime"), False),
        (Reply(250, "mx.test", "SIZE 10"), True),
        (Raw(b"250-mx.test\r\n250 SIZE\r\n"), True),
        (Raw(b"250 mx.test\r\n"), False),
    ],
    ids=repr,
)
async def test_what_a_scripted_reply_to_ehlo_offers_is_what_counts(
    start: Start, journal: Journal, action: Reply | Raw, allowed: bool
) -> None:
    server = await start(Script(Rule(Stage.EHLO, action)))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(client, b"MAIL FROM:<a@b.test> SIZE=10") == [b"250" if allowed else b"555"]
    assert unoffered(journal) == ([] if allowed else [("mail", ("SIZE=10",))])


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        (b"SIZE=20", b"250"),
        (b"SIZE=21", b"552"),
        (b"SIZE=x", b"501"),
        (b"BODY=7BIT", b"250"),
        (b"BODY=9BIT", b"501"),
    ],
)
async def test_values_of_parameters_are_looked_at(
    start: Start, rules: Rules, parameter: bytes, code: bytes
) -> None:
    server = await start(Script(*rules, extensions=("SIZE 20", "8BITMIME")))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        await client.reply()
        assert await codes(client, b"MAIL FROM:<a@b.test> " + parameter) == [code]


@pytest.mark.parametrize(("octets", "code"), [(20, b"250"), (21, b"552")])
async def test_content_above_the_announced_size_is_refused_at_the_dot(
    start: Start, journal: Journal, rules: Rules, octets: int, code: bytes
) -> None:
    server = await start(Script(*rules, extensions=("SIZE 20",)))
    async with Client(server.address) as client:
        await client.walk_to(Stage.DATA)
        await client.reply()
        assert await codes(client, b"x" * (octets - 2) + b"\r\n.") == [code]
        assert await codes(client, b"NOOP") == [b"250"]
    assert any(journal.of(SmtpMessage)) == (code == b"250")


async def test_offers_of_the_first_connection_and_of_later_ones(start: Start, rules: Rules) -> None:
    server = await start(Script(*rules, extensions=("SIZE 10", "DSN"), later_extensions=("DSN",)))
    for expected in (b"552", b"555"):
        async with Client(server.address) as client:
            await client.walk_to(Stage.EHLO)
            await client.reply()
            assert await codes(client, b"MAIL FROM:<a@b.test> SIZE=11") == [expected]


async def test_other_spellings_and_what_is_only_shown(start: Start, rules: Rules) -> None:
    extensions = ("X-OTHER a=1", "LIMITS RCPTMAX=3", "SIZE 0", "DSN")
    server = await start(Script(*rules, extensions=extensions, mixed_case=True))
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO)
        reply = await client.reply()
        for line in (b"X-Other A=1", b"Limits Rcptmax=3", b"Size 0", b"Dsn"):
            assert b"250-" + line in reply
        assert await codes(client, b"MAIL FROM:<a@b.test> SIZE=1000 RET=HDRS") == [b"250"]


async def test_a_rule_for_ehlo_alone(start: Start) -> None:
    server = await start(Script(Rule(Stage.EHLO, Reply(502, "What?"), extended=True)))
    async with Client(server.address) as client:
        await client.reply()
        sent = b"EHLO c", b"HELO c", b"MAIL FROM:<a@b.test> SIZE=1", b"MAIL FROM:<a@b.test>"
        assert await codes(client, *sent) == [b"502", b"250", b"555", b"250"]


def test_only_a_greeting_is_extended_or_not() -> None:
    with pytest.raises(ValueError, match="EHLO or HELO"):
        Rule(Stage.MAIL, Reply(450, "4.3.2 Later"), extended=True)
