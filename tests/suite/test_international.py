"""Internationalized mail where SMTPUTF8 is offered, and where it is not: the aspect on hand-made records."""

from __future__ import annotations

import pytest
from stories.story import Story, observed
from stories.wire import received, sent

from conformance.judging.verdict import Verdict

HEADER = "utf8_header_not_offered"
ADDRESS = "utf8_address_not_offered"
OFFERED = ("utf8_header_offered", "utf8_address_offered")
SECOND = "utf8_header_offered_by_the_second"


def rows(story: Story) -> set[tuple[str, Verdict]]:
    findings = story.judge("sends_international").findings
    return {(each.requirement, each.verdict) for each in findings if each.verdict is not Verdict.PASS}


@pytest.mark.parametrize("mode", OFFERED)
def test_delivered_as_it_is_where_it_is_offered(mode: str) -> None:
    assert rows(Story(mode).delivers(1.5)) == set()
    assert rows(Story(mode).returns(2.0, status="5.6.7")) == {("content/delivered", Verdict.FAIL)}
    changed = Story(mode)
    plain = changed.staged.content.replace(b"X-", b"Y-").replace(b"conformance", b"else")
    assert rows(changed.delivers(1.5, content=plain)) == {("content/unaltered", Verdict.FAIL)}


@pytest.mark.parametrize("mode", OFFERED)
def test_what_is_international_is_declared(mode: str) -> None:
    assert rows(Story(mode).delivers(1.5, options=("SIZE=9", "SmtpUtf8"))) == set()
    assert rows(Story(mode).delivers(1.5, options=("SIZE=9",))) == {
        ("offers/smtputf8-declared", Verdict.FAIL)
    }
    plain = Story(mode)
    content = plain.staged.content.replace("Gr\u00fc\u00dfe".encode(), b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=")
    rewritten = plain.delivers(1.5, options=(), content=content, recipients=["recipient@a.test"])
    assert ("offers/smtputf8-declared", Verdict.FAIL) not in rows(rewritten)


@pytest.mark.parametrize("mode", [HEADER, ADDRESS])
def test_returned_where_it_is_not(mode: str) -> None:
    assert rows(Story(mode).returns(2.0, status="5.6.7")) == set()
    assert rows(Story(mode).returns(2.0, status="5.6.9")) == set()
    assert rows(Story(mode).returns(2.0, status="5.0.0")) == {("utf8/returned", Verdict.DEVIATION)}
    assert rows(Story(mode).look(2.0).look(30.0)) == {("utf8/returned", Verdict.DEVIATION)}
    assert rows(Story(mode).look(2.0, None).look(30.0, None)) == {("content/delivered", Verdict.FAIL)}


def test_sent_where_it_is_not_offered() -> None:
    """As it is, so nothing else is said of it: it was made no other message."""
    assert rows(Story(HEADER).delivers(1.5)) == {("offers/smtputf8", Verdict.FAIL)}
    for path in ("gr\u00fc\u00dfe", "gr\\xc3\\xbc\\xc3\\x9fe"):
        said = received("rcpt", f"RCPT TO:<{path}@a.test>")
        story = (
            Story(ADDRESS).connects(1.2, sent("ehlo", "250-mx\n250 SIZE"), said).returns(2.0, status="5.6.7")
        )
        assert rows(story) == {("offers/smtputf8", Verdict.FAIL)}


def test_made_another_message() -> None:
    story = Story(HEADER)
    content = story.staged.content.replace("Gr\u00fc\u00dfe".encode(), b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=")
    assert rows(story.delivers(1.5, content=content)) == {("utf8/not-rewritten", Verdict.DEVIATION)}
    other = Story(ADDRESS).delivers(1.5, recipients=["xn--gre-6ka8l@a.test"])
    assert rows(other) == {("utf8/not-rewritten", Verdict.DEVIATION)}
    sender = Story("utf8_sender_not_offered").delivers(1.5, mail_from="xn--gre-6ka8l@a.test")
    assert rows(sender) == {("utf8/not-rewritten", Verdict.DEVIATION)}


def test_one_of_two_servers_offers_it() -> None:
    assert rows(Story(SECOND).delivers(1.5, host=1)) == set()
    assert rows(Story(SECOND).returns(2.0, status="5.6.9")) == set()
    assert rows(Story(SECOND).delivers(1.5)) == {("offers/smtputf8", Verdict.FAIL)}


def test_twice() -> None:
    story = Story(OFFERED[0]).delivers(1.5).delivers(2.5)
    assert observed(story, "sends_international", Verdict.FAIL) == "2 copies, 0 reports"
