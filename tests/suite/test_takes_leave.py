"""How a connection ends over which a message was taken, or on which nothing was to be had."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good_control, observed, waiting
from stories.wire import message, received, sent

from conformance.judging.verdict import Verdict
from fake_servers.events import TcpClosed


def over_a_connection(*telling: str, lasting: float = 0.1) -> Story:
    """One message taken, over a connection on which these commands came behind it."""
    story = Story("plain").change(closed=9.0)
    arrived = message(
        story.staged.recipient, b"Received: here\r\n" + story.staged.content, mail_from=story.staged.sender
    )
    return story.connects(1.5, arrived, *(received("quit", line) for line in telling), lasting=lasting)


def test_who_says_quit_is_in_order() -> None:
    assert good_control("plain").verdict("takes_leave") is Verdict.PASS
    assert over_a_connection("quit").verdict("takes_leave") is Verdict.PASS


def test_who_closes_without_a_word_is_not() -> None:
    assert observed(over_a_connection(), "takes_leave", Verdict.FAIL) == "closed at 0.60 s without a word"


def test_a_connection_that_is_kept_to_the_end_is_in_order() -> None:
    assert over_a_connection(lasting=100.0).verdict("takes_leave") is Verdict.NOT_APPLICABLE


REFUSED = ("greeting_554", "starttls_454", "tls_not_offered")


def refused_on(mode: str, *said: str, at: float = 1.2) -> Story:
    """A connection on which the server refused what it was asked, and the relay said these last words."""
    story = waiting(mode)
    story.events = [
        replace(each, by="server") if isinstance(each, TcpClosed) else each for each in story.events
    ]
    replies = sent("greeting", "554 5.7.1 no")
    return story.connects(at, replies, *(received("quit", line) for line in said))


@pytest.mark.parametrize("mode", REFUSED)
def test_who_is_refused_says_quit_as_well(mode: str) -> None:
    assert refused_on(mode, "QUIT").verdict("leaves_refused") is Verdict.PASS
    told = observed(refused_on(mode), "leaves_refused", Verdict.DEVIATION)
    assert "without a word" in told


def test_what_is_opened_after_the_repair_or_ended_by_the_server_says_nothing() -> None:
    story = refused_on("greeting_554", "QUIT")
    assert story.staged.repaired is not None
    later = story.connects(story.staged.repaired + 0.1, sent("greeting", "220 hello"))
    assert later.verdict("leaves_refused") is Verdict.PASS
