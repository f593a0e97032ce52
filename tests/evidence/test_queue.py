"""One reading of the queue: what listings tell, what they do not, and what nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story

from conformance.evidence.queue import Presence, QueueAnswer
from conformance.target import QueuedMessage

PRESENT, ABSENT, UNKNOWN = Presence.PRESENT, Presence.ABSENT, Presence.UNKNOWN


def _told(text: str) -> Story:
    """Return a story whose queue was listed once a second from 2 s on: `x` lists the message, `-` does not."""
    story = Story("greeting_421")
    for at, listed in enumerate(text, 2):
        story.look(float(at), "error" if listed == "x" else None)
    return story


def _answer(presence: Presence, at: float | None = None) -> QueueAnswer:
    return QueueAnswer(presence=presence, at=at)


class TestWhatCounts:
    def test_only_our_recipient(self) -> None:
        story, other = Story("greeting_421").look(2.0, "ours"), Story("greeting_554").look(3.0, "theirs")
        listings = story.evidence(other).queue.listings
        assert [(each.at, [m.error for m in each.messages]) for each in listings] == [
            (2.0, ["ours"]),
            (3.0, []),
        ]

    def test_the_recipient_in_any_case(self) -> None:
        story = _told("x")
        story.change(recipient=story.staged.recipient.upper())
        assert story.evidence().queue.last == _answer(PRESENT, 2.0)

    def test_only_while_the_window_was_open(self) -> None:
        story = Story("greeting_421").look(1.005).look(1.5).look(12.0).look(12.5)
        assert [each.at for each in story.evidence().queue.listings] == [1.5, 12.0]
        assert story.change(closed=None).evidence().queue.last.at == 12.5
        assert story.change(submitted=None).evidence().queue.last == _answer(UNKNOWN)

    def test_only_the_relay_it_was_submitted_to(self) -> None:
        story = Story("greeting_421").change(relay=2).look(2.0, "ours")
        listings = story.evidence(Story("greeting_554").look(3.0)).queue.listings
        assert [each.at for each in listings] == [2.0]

    def test_each_recipient_by_itself(self) -> None:
        story = _told("xx")
        both = [*story.queue_listings[0].waiting, QueuedMessage(sender="s@a.test", recipient="Other@b.test")]
        story.queue_listings[0] = replace(story.queue_listings[0], waiting=both)
        evidence = story.evidence()
        assert evidence.queue_for("other@B.test").last == _answer(ABSENT, 3.0)
        assert evidence.queue_for("other@b.test").at(2.5) == _answer(PRESENT, 2.0)
        assert evidence.queue.throughout == _answer(PRESENT, 3.0)


class TestListings:
    """What a listing is and is not."""

    def test_what_one_misses_and_the_next_one_shows_was_there(self) -> None:
        queue = _told("x-x-").evidence().queue
        assert [(each.at, each.tells) for each in queue.listings] == [
            (2.0, True), (3.0, False), (4.0, True), (5.0, True),
        ]  # fmt: skip
        assert [each.at for each in queue.missing] == [5.0]
        assert queue.at(3.5) == _answer(PRESENT, 2.0)
        assert not queue.proves_gone

    def test_what_the_listing_after_a_span_shows_was_there_in_it(self) -> None:
        assert _told("x-x").evidence().queue.during(until=3.0).throughout == _answer(PRESENT, 2.0)

    def test_what_two_miss_was_away(self) -> None:
        queue = _told("x--x").evidence().queue
        assert [(each.at, bool(each.messages)) for each in queue.telling] == [
            (2.0, True),
            (3.0, False),
            (5.0, True),
        ]
        assert queue.throughout == _answer(ABSENT, 3.0)
        assert queue.last == queue.in_the_end == _answer(PRESENT, 5.0)
        assert queue.proves_gone

    @pytest.mark.parametrize(("looks", "answer"), [
        ("x--x--", (ABSENT, 6.0)),
        ("--xx", (PRESENT, 5.0)),
        ("----", (ABSENT, 2.0)),
        ("x-", (ABSENT, 3.0)),
    ])  # fmt: skip
    def test_in_the_end_counts_what_nothing_later_shows(
        self, looks: str, answer: tuple[Presence, float]
    ) -> None:
        assert _told(looks).evidence().queue.in_the_end == _answer(*answer)

    @pytest.mark.parametrize(
        ("after", "until", "proven"),
        [(0.0, 5.0, True), (2.5, 4.0, True), (2.995, 5.0, False), (0.0, 3.9, False), (3.5, 5.0, False)],
    )
    def test_both_must_lie_between_the_two_times(self, after: float, until: float, proven: bool) -> None:
        # asked for 0.01 s before it was answered
        queue = _told("x--x").evidence().queue
        assert queue.during(after=after, until=until).proves_gone is proven

    def test_what_two_list_twice_is_there_twice(self) -> None:
        story = _told("xxxx")
        for number in (0, 2, 3):
            one = story.queue_listings[number]
            story.queue_listings[number] = replace(one, waiting=one.waiting * 2)
        twice = story.evidence().queue.twice
        assert twice is not None
        assert (twice.at, len(twice.messages)) == (5.0, 2)
        assert story.evidence().queue.during(until=4.0).twice is None


class TestAnswers:
    def test_nobody_asked(self) -> None:
        queue = Story("greeting_421").evidence().queue
        assert queue.last == queue.in_the_end == queue.throughout == queue.at(5.0) == _answer(UNKNOWN)
        assert not queue.proves_gone

    def test_at_a_time_the_last_listing_before_it_tells(self) -> None:
        queue = _told("xx--").evidence().queue
        assert queue.at(1.9) == _answer(UNKNOWN)
        assert queue.at(3.9) == _answer(PRESENT, 3.0)
        assert queue.at(4.0) == _answer(ABSENT, 4.0)
        assert queue.at(99.0) == _answer(ABSENT, 5.0)

    def test_over_a_span(self) -> None:
        queue = _told("xx--").evidence().queue
        assert queue.during(until=3.5).throughout == _answer(PRESENT, 3.0)
        assert queue.throughout == _answer(ABSENT, 4.0)
        assert queue.during(after=5.0).throughout == _answer(UNKNOWN)
        # asked for at 3.99 s: of what was there after 3.995 s it tells nothing
        assert queue.during(after=3.995, until=4.5).throughout == _answer(UNKNOWN)
