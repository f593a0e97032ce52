"""How a relay introduces itself, what trace it leaves on a message, and what size it declares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, observed
from stories.wire import message, received

from conformance.judging.verdict import Verdict

DATE = b"Mon, 1 Jan 2024 00:00:00"


def introduced(*greetings: str) -> Story:
    story = Story("plain").change(closed=9.0)
    arrived = message(story.staged.recipient, story.staged.content, mail_from=story.staged.sender)
    return story.connects(1.5, *(received("ehlo", line) for line in greetings), arrived)


def traced(fields: bytes) -> Story:
    story = Story("header_alone")
    return story.delivers(1.5, content=fields + story.staged.content)


def declared(size: int | None) -> Story:
    story = Story("big").change(closed=9.0)
    arrived = message(story.staged.recipient, story.staged.content, mail_from=story.staged.sender)
    told = "" if size is None else f" SIZE={size}"
    return story.connects(1.5, received("mail", f"MAIL FROM:<{story.staged.sender}>{told}"), arrived)


@pytest.mark.parametrize("name", ["relay.example", "a.b.", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_a_full_name_or_an_address_is_in_order(name: str) -> None:
    assert introduced(f"EHLO {name}").verdict("introduces_itself") is Verdict.PASS


@pytest.mark.parametrize("name", ["relay", "vm-7", "3f2a1c"])
def test_a_name_that_the_machine_may_have_accuses_no_relay(name: str) -> None:
    """An adapter that hands on no name of ours leaves the relay with what its machine is called."""
    assert introduced(f"EHLO {name}").verdict("introduces_itself") is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("name", ["localhost", "_", "", "[]", "localhost."])
def test_a_name_of_one_label_is_not(name: str) -> None:
    assert f"EHLO {name}".strip() in observed(
        introduced("EHLO relay.example", f"EHLO {name}".strip()), "introduces_itself", Verdict.FAIL
    )


@pytest.mark.parametrize(("ahead", "verdict"), [(False, Verdict.PASS), (True, Verdict.DEVIATION)])
def test_who_speaks_before_it_is_greeted_deviates(ahead: bool, verdict: Verdict) -> None:
    story = Story("slow").change(closed=9.0)
    arrived = message(story.staged.recipient, story.staged.content, mail_from=story.staged.sender)
    ehlo = replace(received("ehlo", "EHLO relay.example"), ahead=ahead)
    story = story.connects(1.5, ehlo, received("mail", "MAIL FROM:<a@a.test>"), arrived)
    assert story.verdict("introduces_itself", "rfc") is verdict
    if ahead:
        assert "EHLO at" in observed(story, "introduces_itself", verdict)


@pytest.mark.parametrize(
    "fields",
    [
        b"Received: by r.test id 1; %s +0000\r\n" % DATE,
        b"RECEIVED: from a by b\r\n\twith ESMTP id 1;\r\n\t%s GMT\r\n" % DATE,
        b"Received: by r.test; %s -0500 (EST)\r\n" % DATE,
        b"Received: by r.test (a host; of ours) id 1; 1 Jan 24 00:00 EST\r\n",
        b"Received: by r.test; %s GMT (a comment; with (two) semicolons; in it)\r\n" % DATE,
        b"Received: by r.test; (a comment) %s +0000\r\n" % DATE,
        b"X-Odd: yes\r\nReceived: by r.test\r\nReceived: by r.test id 1; %s +0000\r\n" % DATE,
    ],
)
def test_a_dated_field_is_in_order(fields: bytes) -> None:
    assert traced(fields).verdict("leaves_trace") is Verdict.PASS


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (b"X-Odd: yes\r\n", "no Received field"),
        (b"Received: by r.test id 1\r\n", "no date"),
        (b"Received: by r.test id 1;\r\n", "no date"),
    ],
)
def test_no_field_and_no_date_are_not(fields: bytes, told: str) -> None:
    assert told in observed(traced(fields), "leaves_trace", Verdict.FAIL)


def test_a_size_is_an_estimate() -> None:
    sent = len(Story("big").staged.content)
    for size in (sent, sent // 2 + 1, sent * 2):
        assert declared(size).verdict("declares_size") is Verdict.PASS
    assert declared(None).verdict("declares_size") is Verdict.NOT_APPLICABLE
    for size in (0, 27, sent // 2 - 1, sent * 2 + 1):
        assert f"SIZE={size}" in observed(declared(size), "declares_size", Verdict.DEVIATION)
