"""Whether a message was handed over again although the relay knew that it had been taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import body, closed, message, received, sent

from conformance.judging.twice import surely_again


def _again(story: Story) -> bool:
    case = story.case()
    return surely_again(case, [*case.evidence.messages, *(each for each, _ in case.evidence.ndrs)])


def _taken(at: float, *, quit: float | None) -> Story:
    """Have a copy taken, and the relay go on so long after it was told to send it; None: it says nothing more."""
    story = Story("close_at_ehlo")
    where = {"server": story.site().server, "connection": 900}
    story.connects(at - 0.1)
    story.events = [replace(event, connection=900) for event in story.events]
    story.events[-1] = closed(at=at + 5.0, **where)
    story.note(sent("data", "354 Go on", at=at - 0.1, **where))
    story.note(message(story.staged.recipient, story.staged.content, at=at, **where))
    if quit is not None:
        story.note(received("quit", "QUIT", at=at - 0.1 + quit, **where))
    return story


@pytest.mark.parametrize(("quit", "sure"), [(0.2, True), (1.9, True), (2.1, False), (None, False)])
def test_whoever_goes_on_before_its_time_out_has_read_the_reply(quit: float | None, sure: bool) -> None:
    assert _again(_taken(3.0, quit=quit).delivers(8.0)) is sure


def test_content_that_we_were_slow_to_read_was_not_sent_when_we_had_read_it() -> None:
    story = Story("close_at_ehlo")
    where = {"server": story.site().server, "connection": 900}
    story.connects(2.0)
    story.events = [replace(event, connection=900) for event in story.events]
    story.events[-1] = closed(at=9.0, **where)
    story.note(sent("data", "354 Go on", at=2.1, **where), body(5_000_000, at=4.5, **where))
    story.note(message(story.staged.recipient, story.staged.content, at=4.5, **where))
    story.note(received("quit", "QUIT", at=4.6, **where))  # said at 4.1, and read by us when we came to it
    assert not _again(story.delivers(8.0))


def test_what_we_were_late_counts_for_the_relay() -> None:
    story = _taken(3.0, quit=1.2).delivers(8.0)
    assert _again(story)
    assert not _again(story.change(lag=0.9))


def test_one_copy_is_no_repetition() -> None:
    assert not _again(_taken(3.0, quit=0.2))


def test_delivered_and_returned_is_one_as_well() -> None:
    assert _again(_taken(3.0, quit=0.2).returns(8.0))
    assert not _again(_taken(3.0, quit=None).returns(8.0))
