from __future__ import annotations

import pytest

from fake_servers.smtp import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Endless,
    Raw,
    ReadSlowly,
    Refuse,
    Reply,
    Reset,
    Rule,
    Script,
    Slow,
    Stage,
    Stall,
    Trickle,
)

BUSY = Reply(450, "4.2.1 Mailbox busy")


def test_without_rules_everything_is_accepted() -> None:
    assert {Script().action(stage, 1) for stage in Stage} == {Accept()}


def test_the_first_rule_that_fits_wins() -> None:
    script = Script(Rule(Stage.MAIL, BUSY, range(1, 2)), Rule(Stage.MAIL, Close()), Rule(Stage.MAIL, Reset()))
    assert [script.action(Stage.MAIL, nth) for nth in (1, 2, 3)] == [BUSY, Close(), Close()]


def test_connections_are_counted_from_one() -> None:
    script = Script(Rule(Stage.EHLO, Stall(), connections=range(1, 3)))
    assert [script.healthy(nth) for nth in (1, 2, 3)] == [False, False, True]


def test_a_recipient_is_compared_without_regard_to_case() -> None:
    script = Script(Rule(Stage.RCPT, BUSY, recipient="Busy@A.test"))
    assert script.action(Stage.RCPT, 1, "busy@a.TEST") == BUSY
    assert script.action(Stage.RCPT, 1, "free@a.test") == Accept()


def test_a_rule_that_accepts_is_healthy_and_shields_what_follows() -> None:
    script = Script(Rule(Stage.RCPT, Accept(), recipient="free@a.test"), Rule(Stage.RCPT, BUSY))
    assert script.action(Stage.RCPT, 1, "free@a.test") == Accept()
    assert script.action(Stage.RCPT, 1, "other@a.test") == BUSY
    assert not script.healthy(1)
    assert Script(Rule(Stage.QUIT, Accept())).healthy(1)


@pytest.mark.parametrize(
    ("stage", "action"),
    [
        (Stage.CONNECT, BUSY),
        (Stage.CONNECT, CloseWith421()),
        (Stage.CONNECT, Raw(b"x")),
        (Stage.CONNECT, Endless()),
        (Stage.HANDSHAKE, Endless()),
        (Stage.BODY, Endless()),
        (Stage.HANDSHAKE, BUSY),
        (Stage.HANDSHAKE, Trickle(BUSY)),
        (Stage.HANDSHAKE, CloseWith421()),
        (Stage.HANDSHAKE, Raw(b"x", then=Accept())),
        (Stage.HANDSHAKE, Raw(b"x", then=Refuse())),
        (Stage.BODY, Raw(b"x", then=Refuse())),
        (Stage.BODY, BUSY),
        (Stage.BODY, Trickle(BUSY)),
        (Stage.BODY, Raw(b"x")),
        (Stage.BODY, Raw(b"x", then=Accept())),
        (Stage.DOT, Close(after=1)),
        (Stage.MAIL, Reset(after=1)),
        (Stage.HANDSHAKE, Stall(after=1)),
        (Stage.BODY, Raw(b"x", then=Close(after=1))),
        (Stage.OTHER, Close()),
    ],
    ids=repr,
)
def test_a_senseless_rule_is_refused_by_name(stage: Stage, action: Action) -> None:
    with pytest.raises(ValueError, match=rf"^{action.name} at stage {stage.value}"):
        Rule(stage, action)


def test_a_recipient_belongs_to_rcpt() -> None:
    with pytest.raises(
        ValueError, match="close at stage mail: a recipient can be given at the stages rcpt, data"
    ):
        Rule(Stage.MAIL, Close(), recipient="a@b.test")


def test_counting_recipients_belongs_to_rcpt() -> None:
    with pytest.raises(ValueError, match="close at stage mail: recipients can be counted at stage rcpt only"):
        Rule(Stage.MAIL, Close(), beyond=1)
    with pytest.raises(ValueError, match="not -1"):
        Rule(Stage.RCPT, Close(), beyond=-1)


def test_a_rule_beyond_some_recipients_spares_them() -> None:
    script = Script(Rule(Stage.RCPT, BUSY, beyond=2))
    found = [script.action(Stage.RCPT, 1, "a@b.test", accepted) for accepted in range(4)]
    assert found == [Accept(), Accept(), BUSY, BUSY]
    assert not script.healthy(1)


@pytest.mark.parametrize("extension", ["BINARYMIME", "STARTTLS", "size", "SIZE x", "DSN x"])
def test_an_extension_that_is_not_served_cannot_be_offered(extension: str) -> None:
    with pytest.raises(ValueError, match=extension):
        Script(extensions=(extension,))
    with pytest.raises(ValueError, match=extension):
        Script(tls_extensions=(extension,))


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ValueError, match="between 200 and 599"):
        Reply(199)
    with pytest.raises(ValueError, match="ASCII"):
        Reply(250, "two\r\nlines")
    with pytest.raises(ValueError, match="ASCII"):
        CloseWith421("hélas")
    with pytest.raises(ValueError, match="interval"):
        Trickle(BUSY, 0)
    with pytest.raises(ValueError, match="interval"):
        Endless(interval=0)
    with pytest.raises(ValueError, match="between 200 and 599"):
        Endless(code=199)
    with pytest.raises(ValueError, match="ASCII"):
        Endless("two\r\nlines")
    with pytest.raises(ValueError, match="seconds"):
        Slow(-1)
    with pytest.raises(ValueError, match="above 0"):
        ReadSlowly(1_000, 0.1, times=0)
    with pytest.raises(ValueError, match="octets"):
        Close(-1)


def test_a_reply_has_the_form_of_the_rfc() -> None:
    assert Reply(250).encoded() == b"250 \r\n"
    assert BUSY.encoded() == b"450 4.2.1 Mailbox busy\r\n"
    assert Reply(250, "a", "b", "c").encoded() == b"250-a\r\n250-b\r\n250 c\r\n"
    assert Reply(250, "a", "b").text == "250-a\n250 b"
