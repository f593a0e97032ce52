from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_servers.events import E, SmtpBody, SmtpFault, SmtpMessage, SmtpReceived
from fake_servers.smtp import (
    Accept,
    Action,
    Close,
    CloseWith421,
    Raw,
    ReadSlowly,
    Reply,
    Reset,
    Rule,
    Script,
    Slow,
    Stage,
    Stall,
    Trickle,
)
from fake_servers.smtp.content import Content
from fake_servers.smtp.effects import Abort, Effect, HalfClose, Hold, Note, Send, StartTls, Wait
from fake_servers.smtp.session import Session

DIALOGUE = (
    b"EHLO c.test\r\nMAIL FROM:<s@a.test> SIZE=10\r\nRCPT TO:<r@b.test>\r\nDATA\r\n"
    b"Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\nMAIL FROM:<>\r\nRCPT TO:<q@b.test>\r\nRCPT TO:<r@b.test>\r\n"
    b"DATA\r\n.\r\nRSET\r\nQUIT\r\n"
)


def play(script: Script, *chunks: bytes, tls: bool = False) -> list[Effect]:
    session = Session(script, 1, hostname="mx.test", tls=tls)
    effects = session.connected()
    for chunk in chunks:
        effects += session.received(chunk)
    return effects


def codes(effects: list[Effect]) -> list[int]:
    return [int(effect.data[:3]) for effect in effects if isinstance(effect, Send)]


def notes(effects: list[Effect], kind: type[E]) -> list[E]:
    events = [effect.event for effect in effects if isinstance(effect, Note)]
    return [event for event in events if isinstance(event, kind)]


def test_the_good_path() -> None:
    effects = play(Script(), DIALOGUE)
    assert codes(effects) == [220, 250, 250, 250, 354, 250, 250, 250, 250, 250, 354, 250, 250, 221]
    assert effects[-1] == HalfClose(tidy=True)
    first, second = notes(effects, SmtpMessage)
    assert (first.mail_from, first.recipients) == ("s@a.test", ("r@b.test",))
    assert first.content == b"Subject: x\r\n\r\n.dot\r\n"
    assert first.options == ("SIZE=10",)
    assert (second.mail_from, second.recipients) == ("", ("q@b.test", "r@b.test"))
    assert second.content == b""
    assert [body.octets for body in notes(effects, SmtpBody)] == [21, 0]
    assert notes(effects, SmtpFault) == []


def test_a_refused_mail_makes_rcpt_and_data_bad_sequences() -> None:
    script = Script(Rule(Stage.MAIL, Reply(450, "4.7.1 Greylisted")))
    piped = b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\nQUIT\r\n"
    assert codes(play(script, piped)) == [220, 250, 450, 503, 503, 221]


def test_a_rule_for_a_recipient_spares_the_others() -> None:
    script = Script(Rule(Stage.RCPT, Reply(550, "5.1.1 No such user"), recipient="bad@b.test"))
    piped = b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<bad@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n.\r\n"
    effects = play(script, piped)
    assert codes(effects) == [220, 250, 250, 550, 250, 354, 250]
    assert notes(effects, SmtpMessage)[0].recipients == ("r@b.test",)
    assert notes(effects, SmtpFault) == [SmtpFault(stage=Stage.RCPT, action="reply", attempt=1)]


def test_a_refused_dot_leaves_no_message() -> None:
    effects = play(Script(Rule(Stage.DOT, Reply(452, "4.3.1 Full"))), DIALOGUE)
    assert notes(effects, SmtpMessage) == []
    assert len(notes(effects, SmtpBody)) == 2


def test_after_a_refusing_greeting_only_quit_is_served() -> None:
    effects = play(
        Script(Rule(Stage.GREETING, Reply(554, "5.3.2 No"))), b"EHLO c\r\nMAIL FROM:<>\r\nQUIT\r\n"
    )
    assert codes(effects) == [554, 503, 503, 221]


def test_commands_behind_starttls_are_never_taken_for_commands() -> None:
    effects = play(Script(), b"EHLO c\r\nSTARTTLS\r\nMAIL FROM:<a@b.test>\r\n", tls=True)
    assert effects[-1] == StartTls(b"MAIL FROM:<a@b.test>\r\n")
    assert codes(effects) == [220, 250, 220]


def test_tls_makes_the_session_forget_and_changes_the_stage() -> None:
    session = Session(Script(Rule(Stage.EHLO_TLS, Reply(451))), 1, hostname="mx.test", tls=True)
    session.connected()
    session.received(b"EHLO c\r\nSTARTTLS\r\n")
    session.secured()
    assert codes(session.received(b"MAIL FROM:<a@b.test>\r\n")) == [503]
    assert codes(session.received(b"EHLO c\r\n")) == [451]
    assert codes(session.received(b"STARTTLS\r\n")) == [503]


@pytest.mark.parametrize(("offer", "tls"), [(True, False), (False, True)])
def test_starttls_needs_a_context_and_an_offer(offer: bool, tls: bool) -> None:
    effects = play(Script(starttls=offer), b"EHLO c\r\nSTARTTLS\r\n", tls=tls)
    assert codes(effects) == [220, 250, 502]
    assert not any(isinstance(effect, Send) and b"STARTTLS" in effect.data for effect in effects)


def test_what_unoffered_starttls_gets_is_scripted() -> None:
    script = Script(Rule(Stage.STARTTLS, Reply(454, "4.7.0 TLS not available")))
    effects = play(script, b"EHLO c\r\nSTARTTLS\r\n", tls=False)
    assert codes(effects) == [220, 250, 454]
    assert not any(isinstance(effect, Send) and b"STARTTLS" in effect.data for effect in effects)


@pytest.mark.parametrize(
    ("action", "final"),
    [
        (Close(), HalfClose(tidy=False)),
        (Reset(), Abort()),
        (Stall(), Hold(reading=True)),
        (Raw(b"junk", then=Reset()), Abort()),
    ],
    ids=repr,
)
def test_a_handshake_fault_waits_for_the_whole_client_hello(action: Action, final: Effect) -> None:
    session = Session(Script(Rule(Stage.HANDSHAKE, action)), 1, hostname="mx.test", tls=True)
    session.connected()
    session.received(b"EHLO c\r\nSTARTTLS\r\n")
    assert session.received(b"\x16\x03\x01\x00\x04abc") == []
    assert session.received(b"d")[-1] == final
    assert session.over


def test_a_slow_handshake_happens() -> None:
    effects = play(Script(Rule(Stage.HANDSHAKE, Slow(2))), b"EHLO c\r\nSTARTTLS\r\n", tls=True)
    assert effects[-2:] == [Wait(2), StartTls()]


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_body_fault_reads_no_more_than_it_was_told(after: int) -> None:
    session = Session(Script(Rule(Stage.BODY, Stall(after))), 1, hostname="mx.test", tls=False)
    session.connected()
    session.received(DIALOGUE.partition(b"Subject")[0])
    assert session.wanted == max(1, after)
    effects = session.received(b"Subject: a longer message\r\n")
    assert notes(effects, SmtpBody) == [SmtpBody(octets=max(1, after))]
    assert effects[-1] == Hold(reading=False)


def test_a_message_shorter_than_after_meets_the_fault_at_its_end() -> None:
    effects = play(Script(Rule(Stage.BODY, Close(after=10_000))), DIALOGUE)
    assert effects[-1] == HalfClose(tidy=False)
    assert codes(effects)[-1] == 354
    assert notes(effects, SmtpBody) == [SmtpBody(octets=21)]


def test_a_stall_behind_raw_octets_amid_content_stops_reading() -> None:
    effects = play(Script(Rule(Stage.BODY, Raw(b"junk", then=Stall()))), DIALOGUE)
    assert effects[-1] == Hold(reading=False)


def test_a_slow_body_ends_well() -> None:
    effects = play(Script(Rule(Stage.BODY, Slow(1))), DIALOGUE)
    assert [e for e in effects if isinstance(e, Wait)] == [Wait(1), Wait(1)]
    assert len(notes(effects, SmtpMessage)) == 2


def test_content_is_read_in_pieces_until_there_were_pauses_enough() -> None:
    session = Session(
        Script(Rule(Stage.BODY, ReadSlowly(10, 0.5, times=3))), 1, hostname="mx.test", tls=False
    )
    session.connected()
    session.received(b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n")
    for pause in range(3):
        assert session.wanted == 10
        assert session.received(b"12345678\r\n")[-1] == Wait(0.5), pause
    assert session.wanted > 10
    effects = session.received(b"the rest\r\n.\r\n")
    assert notes(effects, SmtpBody) == [SmtpBody(octets=40)]
    assert len(notes(effects, SmtpMessage)) == 1
    assert not any(isinstance(each, Wait) for each in effects)


def test_content_that_is_over_before_the_first_pause_was_not_read_slowly() -> None:
    effects = play(Script(Rule(Stage.BODY, ReadSlowly(1_000, 0.5, times=3))), DIALOGUE)
    assert not any(isinstance(each, Wait) for each in effects)
    assert not notes(effects, SmtpFault)
    assert len(notes(effects, SmtpMessage)) == 2


def test_a_peer_that_leaves_amid_content_is_noted() -> None:
    session = Session(Script(), 1, hostname="mx.test", tls=False)
    session.connected()
    session.received(DIALOGUE.partition(b"dot")[0])
    assert notes(session.cut_off(), SmtpBody) == [SmtpBody(octets=16)]
    assert session.cut_off() == []


def test_dsn_parameters_are_kept_as_sent_if_dsn_is_offered() -> None:
    piped = (
        b"EHLO c\r\nMAIL FROM:<a@b.test> RET=hdrs ENVID=Ab+3D\r\n"
        b"RCPT TO:<r@b.test> NOTIFY=FAILURE,delay ORCPT=rfc822;R@b.test\r\nDATA\r\n.\r\n"
    )
    effects = play(Script(extensions=("DSN",)), piped)
    expected = ("RET=hdrs", "ENVID=Ab+3D", "NOTIFY=FAILURE,delay", "ORCPT=rfc822;R@b.test")
    assert notes(effects, SmtpMessage)[0].options == expected
    assert codes(play(Script(extensions=()), piped)) == [220, 250, 555, 503, 503, 500]


ACTIONS: list[Action] = [
    Accept(),
    Reply(450, "4.2.1 Busy"),
    CloseWith421(),
    Close(),
    Reset(),
    Stall(),
    Trickle(Reply(250, "OK")),
    Slow(1),
    Raw(b"250 bare\n"),
]


def on_the_wire(effects: list[Effect]) -> list[Effect]:
    """Return everything but which commands were heard when: those of a group are before the first is answered."""
    return [
        each for each in effects if not isinstance(each, Note) or not isinstance(each.event, SmtpReceived)
    ]


def heard(effects: list[Effect]) -> list[str]:
    return [event.line for event in notes(effects, SmtpReceived)]


def scripts() -> st.SearchStrategy[Script]:
    in_dialogue = [Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT, Stage.QUIT]
    dialogue = st.builds(Rule, st.sampled_from(in_dialogue), st.sampled_from(ACTIONS))
    faults = st.one_of(*(st.builds(kind, st.integers(0, 40)) for kind in (Close, Reset, Stall)))
    body = st.builds(
        Rule, st.just(Stage.BODY), st.one_of(faults, st.just(Slow(1)), st.just(ReadSlowly(9, 1, 2)))
    )
    return st.lists(st.one_of(dialogue, body), max_size=3).map(lambda rules: Script(*rules))


@given(script=scripts(), cuts=st.lists(st.integers(0, len(DIALOGUE)), max_size=12))
def test_how_the_input_is_split_makes_no_difference(script: Script, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(DIALOGUE)]
    chunks = [DIALOGUE[start:end] for start, end in pairwise(edges)]
    split, whole = play(script, *chunks), play(script, DIALOGUE)
    assert on_the_wire(split) == on_the_wire(whole)
    assert heard(split) == heard(whole)


@given(
    lines=st.lists(st.binary(max_size=8).filter(lambda line: b"\r" not in line and b"\n" not in line)),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_content_survives_the_wire(lines: list[bytes], cuts: list[int]) -> None:
    message = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    wire = stuffed + b".\r\nQUIT\r\n"
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    content, rest = Content(), b""
    for start, end in pairwise(edges):
        rest = rest + wire[start:end] if content.ended else content.feed(wire[start:end])
    assert content.ended
    assert content.unstuffed() == message
    assert content.octets == len(stuffed)
    assert rest == b"QUIT\r\n"
