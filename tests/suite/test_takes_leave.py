"""How a connection ends over which a message was taken."""

from __future__ import annotations

from stories.story import Story, good_control, observed
from stories.wire import message, received

from conformance.judging.verdict import Verdict


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
