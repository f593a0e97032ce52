"""What follows a reply at once, what is said to a later transaction, and limits on connections at the same time."""

from __future__ import annotations

import pytest
from smtp_client import Client, Serve, noted, told

from fake_servers.events import SmtpMessage, SmtpReceived, TcpClosed
from fake_servers.journal import Journal
from fake_servers.smtp import Accept, Close, CloseWith421, Followed, Reply, Reset, Rule, Script, Stage
from fake_servers.smtp.script import Moment

TAKEN = Reply(250, "2.0.0 OK")
UNWANTED = Reply(550, "5.7.1 Not wanted here")
CLOSING = Reply(421, "4.3.2 Closing")
LATER = range(2, 100)


async def hand_over(client: Client, recipient: bytes = b"r@b.test") -> list[int]:
    """Hand one message over up to the first refusal, and return the codes of the replies."""
    codes: list[int] = []
    for command in (b"MAIL FROM:<s@a.test>", b"RCPT TO:<%s>" % recipient, b"DATA", b"x\r\n."):
        codes.append(int((await client.ask(command + b"\r\n"))[:3]))
        if codes[-1] >= 400:
            break
    return codes


async def greet(client: Client) -> None:
    await client.walk_to(Stage.EHLO)
    await client.reply()


@pytest.mark.parametrize(
    ("action", "octets"),
    [
        (Followed(TAKEN, then=Close()), TAKEN.encoded()),
        (Followed(TAKEN, by=CLOSING, then=Close()), TAKEN.encoded() + CLOSING.encoded()),
    ],
)
async def test_a_message_is_taken_and_the_connection_closed(
    serve: Serve, journal: Journal, action: Followed, octets: bytes
) -> None:
    async with await serve(Script(Rule(Stage.DOT, action))) as client:
        await client.walk_to(Stage.DOT)
        assert await client.everything() == (octets, "fin")
    [message] = await noted(journal, SmtpMessage, 1)
    assert message.recipients == ("recipient@b.test",)
    assert told(journal) == [(Stage.DOT, "followed")]


async def test_a_refusal_is_followed_by_a_reset(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.MAIL, Followed(UNWANTED, then=Reset())))) as client:
        await client.walk_to(Stage.MAIL)
        _, end = await client.everything()
        assert end == "rst"
    assert told(journal) == [(Stage.MAIL, "followed")]


async def test_the_session_goes_on_behind_a_second_reply(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.DOT, Followed(TAKEN, by=UNWANTED)))) as client:
        await greet(client)
        assert await hand_over(client) == [250, 250, 354, 250]
        assert (await client.reply()).startswith(b"550")
        assert (await client.ask(b"QUIT\r\n")).startswith(b"221")
    await noted(journal, SmtpMessage, 1)


async def test_something_must_follow() -> None:
    with pytest.raises(ValueError, match="nothing follows the reply"):
        Followed(TAKEN)
    with pytest.raises(ValueError, match="reads no content first"):
        Followed(TAKEN, then=Close(after=1))


async def test_a_rule_for_later_transactions_spares_the_first(serve: Serve, journal: Journal) -> None:
    rule = Rule(Stage.MAIL, CloseWith421("4.7.0 Enough"), transactions=LATER)
    async with await serve(Script(rule)) as client:
        await greet(client)
        assert await hand_over(client) == [250, 250, 354, 250]
        assert await hand_over(client) == [421]
    assert told(journal) == [(Stage.MAIL, "close_with_421")]


async def test_a_refused_reset_leaves_what_was_said(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.RSET, Reply(502, "5.5.1 No")))) as client:
        await greet(client)
        await client.ask(b"MAIL FROM:<s@a.test>\r\n")
        assert (await client.ask(b"RSET\r\n")).startswith(b"502")
        assert (await client.ask(b"MAIL FROM:<s@a.test>\r\n")).startswith(b"503")
    assert told(journal) == [(Stage.RSET, "reply")]
    assert [e.stage for e in journal if isinstance(e, SmtpReceived)].count(Stage.RSET) == 1


async def test_a_message_is_refused_for_one_recipient(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.DOT, UNWANTED, recipient="Other@b.test"))) as client:
        await greet(client)
        assert await hand_over(client) == [250, 250, 354, 250]
        assert await hand_over(client, b"other@b.test") == [250, 250, 354, 550]
        assert await hand_over(client) == [250, 250, 354, 250], "the next one is another message"
    await noted(journal, SmtpMessage, 2)


async def test_what_is_said_to_a_connection_beside_others(serve: Serve, journal: Journal) -> None:
    async with await serve(Script(Rule(Stage.GREETING, Reply(421, "4.7.0 Crowded"), beside=1))) as first:
        assert (await first.reply()).startswith(b"220")
        async with Client(first.sock.getpeername()) as second:
            assert (await second.reply()).startswith(b"421")
            first.sock.close()
            await noted(journal, TcpClosed, 1)


def test_a_rule_covers_what_it_names() -> None:
    script = Script(
        Rule(Stage.MAIL, UNWANTED, transactions=LATER, beside=2),
        Rule(Stage.MAIL, TAKEN, connections=range(1, 2)),
    )
    busy = Moment(nth=2, transaction=2, at_once=3)
    assert script.action(Stage.MAIL, busy) == UNWANTED
    assert script.action(Stage.MAIL, Moment(nth=1, transaction=1, at_once=3)) == TAKEN
    assert script.action(Stage.MAIL, Moment(nth=2, transaction=2, at_once=2)) == Accept()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stage": Stage.EHLO, "transactions": LATER}, "there are transactions at the stages"),
        ({"stage": Stage.MAIL, "beside": 0}, "a number of other connections"),
    ],
)
def test_rules_that_make_no_sense(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Rule(action=UNWANTED, **fields)  # type: ignore[arg-type]
