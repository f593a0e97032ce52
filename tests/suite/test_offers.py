"""What a server has offered, and what a relay says: the aspect on hand-made records."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from stories.story import Story, observed
from stories.wire import fault, received, sent

from conformance.judging.verdict import Verdict
from fake_servers import Stage
from fake_servers.events import Event, SmtpBody, SmtpReceived, SmtpUnoffered, TcpClosed, TlsEstablished

_BARE = sent("ehlo", "250 mx")
_RICH = sent("ehlo", "250-mx\n250-PIPELINING\n250-CHUNKING\n250 HELP")
_EHLO = received("ehlo", "EHLO relay.test")
_MAIL = received("mail", "MAIL FROM:<a@b.test>")
_RCPT = received("rcpt", "RCPT TO:<r@b.test>")
_DATA = received("data", "DATA")
_BDAT = received("bdat", "BDAT 10")
_QUIT = received("quit", "QUIT")
_SECURED = TlsEstablished(version="TLSv1.3", cipher="x")
_EHLO_TLS = received("ehlo_tls", "EHLO relay.test")
_BARE_TLS = sent("ehlo_tls", "250 mx")


def _ahead(event: SmtpReceived) -> SmtpReceived:
    return replace(event, ahead=True)


def _said(*events: Event, mode: str = "offers_nothing") -> Story:
    """Return what was said on one connection, before another on which all is as it was staged."""
    return Story(mode).connects(1.2, *events).connects(5.0, _EHLO, _BARE)


@pytest.mark.parametrize(
    "events",
    [
        (_EHLO, _BARE, _MAIL, _RCPT, _DATA),
        (_EHLO, _RICH, _MAIL, _ahead(_RCPT), _ahead(_DATA)),
        (_EHLO, _BARE, _MAIL, _ahead(_QUIT)),  # time was up
        (_ahead(_EHLO), _BARE, _MAIL),  # who does not wait for the greeting only should have
        (_EHLO, _BARE, _MAIL, fault("stall", "mail"), _ahead(_RCPT)),
        (_EHLO, _RICH, _MAIL, _BDAT),
    ],
)
def test_what_may_be_said(events: tuple[Event, ...]) -> None:
    assert observed(_said(*events), "keeps_to_offer", Verdict.PASS) == "so it was"


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ((_EHLO, _BARE, _MAIL, _ahead(_RCPT)), "RCPT at 0.25 s, before the reply to MAIL"),
        ((_EHLO, _ahead(_MAIL), _RICH), "MAIL at 0.25 s, before the reply to EHLO"),
        ((_EHLO, _RICH, _SECURED, _EHLO_TLS, _BARE_TLS, _MAIL, _ahead(_RCPT)), "RCPT"),
        ((_EHLO, _BARE, _MAIL, fault("slow", "mail"), _ahead(_RCPT)), "before the reply to MAIL"),
    ],
)
def test_who_does_not_wait(events: tuple[Event, ...], told: str) -> None:
    judged = _said(*events).judge("keeps_to_offer")
    assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "offers/waits")
    assert told.partition(" at ")[0] in judged.observed
    assert told.rpartition(", ")[2] in judged.observed


def test_a_parameter_that_was_not_offered() -> None:
    unoffered = SmtpUnoffered(stage=Stage.MAIL, parameters=("SIZE=10",))
    judged = _said(_EHLO, _BARE, _MAIL, unoffered).judge("keeps_to_offer")
    assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "offers/parameters")
    assert "SIZE=10" in judged.observed


@pytest.mark.parametrize(
    "events",
    [
        # what comes behind the chunk is the chunk
        (_EHLO, _BARE, _MAIL, _RCPT, _BDAT, _ahead(received("other", "Subject: x"))),
        (_EHLO, _RICH, _MAIL, _RCPT, _BDAT, _DATA),
    ],
)
def test_chunks_that_nobody_may_send(events: tuple[Event, ...]) -> None:
    judged = _said(*events).judge("keeps_to_offer")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "offers/chunks")


@pytest.mark.parametrize("octets", [0, 100])
def test_content_for_nobody(octets: int) -> None:
    group = _EHLO, _RICH, _MAIL, _ahead(_RCPT), _ahead(_DATA), fault("reply", "rcpt")
    replies = sent("mail", "250 OK"), sent("rcpt", "450 4.2.1 Busy"), sent("data", "354 Go ahead")
    content = SmtpBody(octets=octets), sent("dot", "554 5.5.1 No valid recipients")
    story = _said(*group, *replies, *content, mode="data_for_nobody_4yz")
    judged = story.judge("keeps_to_offer")
    assert judged.verdict is (Verdict.DEVIATION if octets else Verdict.PASS)


@pytest.mark.parametrize("by", ["peer", "server"])
def test_who_leaves_instead_of_the_dot(by: Literal["peer", "server"]) -> None:
    group = _EHLO, _RICH, _MAIL, _ahead(_RCPT), _ahead(_DATA), fault("reply", "rcpt")
    replies = sent("mail", "250 OK"), sent("rcpt", "450 4.2.1 Busy"), sent("data", "354 Go ahead")
    cut_off = SmtpBody(octets=0), TcpClosed(by=by, how="fin")
    story = _said(*group, *replies, *cut_off, mode="data_for_nobody_4yz")
    assert story.verdict("keeps_to_offer") is (Verdict.DEVIATION if by == "peer" else Verdict.PASS)


def test_what_is_seen_needs_no_control() -> None:
    story = _said(_EHLO, _BARE, _MAIL, _ahead(_RCPT))
    assert story.judge("keeps_to_offer", record=story.record(control=False)).verdict is Verdict.FAIL


def test_a_relay_that_said_nothing() -> None:
    assert Story("offers_nothing").connects(1.2, _BARE).verdict("keeps_to_offer") is Verdict.NOT_APPLICABLE


def test_smtputf8_for_what_is_ascii() -> None:
    said = received("mail", "MAIL FROM:<a@b.test> SIZE=10 smtputf8")
    assert observed(_said(_EHLO, _RICH, said), "keeps_to_offer", Verdict.DEVIATION).startswith("MAIL at ")


def test_who_says_helo_alone_is_offered_nothing() -> None:
    helo = received("ehlo", "HELO relay.test")
    bare = Story("offers_nothing").connects(1.2, helo, _BARE, _MAIL)
    judged = bare.judge("keeps_to_offer")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "offers/ehlo")
    unmet = Story("offers_size_large").connects(1.2, helo, _BARE, _MAIL)
    assert unmet.verdict("keeps_to_offer") is Verdict.NOT_APPLICABLE
    # a server that closes behind RCPT is met by whoever comes so far
    close = Story("close_at_rcpt").connects(1.2, helo, _BARE, _MAIL)
    assert close.verdict("stays_queued") is Verdict.INCONCLUSIVE
    both = Story("offers_size_large").connects(1.2, _EHLO, helo, _BARE, _MAIL)
    assert both.verdict("keeps_to_offer") is Verdict.INCONCLUSIVE
