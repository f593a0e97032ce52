"""How long a relay pauses in the midst of a healthy delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import fault, message, query, received, sent

from conformance.catalogue.failure_modes import ALL
from conformance.wave.pace import Pace, longest_pause


def _delivery(mode: str = "plain", *, after: float = 0.0) -> Story:
    """Tell of a look-up at 1.5 s, and of a connection so long after it on which everything goes on at once."""
    story = Story(mode).looks_up(1.5)
    return story.connects(1.5 + after, message(story.staged.recipient, mail_from=story.staged.sender))


def _longest(story: Story) -> float:
    return longest_pause(ALL[story.mode], story.evidence())


def test_the_longest_pause_of_the_relay_counts() -> None:
    assert _longest(_delivery(after=0.7)) == pytest.approx(0.7)
    assert _longest(_delivery(after=0.01)) == pytest.approx(0.05)


def test_how_long_a_server_took_is_not_the_relays_doing() -> None:
    story = _delivery(after=0.1)
    [accepted] = [event for event in story.events if event.kind == "accepted"]
    where = {"server": accepted.server, "connection": accepted.connection}
    greeted = [sent("greeting", "220 mx", at=1.62, **where), received("ehlo", "EHLO relay", at=1.63, **where)]
    story.events = sorted([*story.events, *greeted], key=lambda event: event.at)
    assert _longest(story) == pytest.approx(0.1)
    late = [replace(event, at=event.at + 0.8) if event.at > 1.61 else event for event in story.events]
    story.events = late
    assert _longest(story) == pytest.approx(0.1)


@pytest.mark.parametrize("wrong", ["not delivered", "unanswered", "at the second attempt", "a fault"])
def test_only_what_arrived_at_the_first_attempt_without_trouble_tells(wrong: str) -> None:
    story = _delivery(after=0.7)
    match wrong:
        case "not delivered":
            story.without_messages()
        case "unanswered":
            story.looks_up(1.6, "silence", type="AAAA")
        case "at the second attempt":
            story.events = [replace(event, at=event.at + 3.0) for event in story.events]
            story.note(query(story.site().name, at=1.2))
        case "a fault":
            story.connects(1.6, fault(), host=0)
    story.events.sort(key=lambda event: event.at)
    assert _longest(story) == 0.0


@pytest.mark.parametrize(("accepted", "pause"), [(1.55, 0.05), (1.65, 0.05), (1.75, 0.0)])
def test_a_relay_may_be_there_before_its_reply_to_the_final_dot_was_read(
    accepted: float, pause: float
) -> None:
    """It asked for no address of the family that fails; what was over before is no attempt at delivery."""
    story = Story("dns_a_servfail").change(submitted=accepted)
    story.connects(1.6, message(story.staged.recipient, mail_from=story.staged.sender))
    assert _longest(story) == pytest.approx(pause)


def test_the_longest_of_all_is_kept() -> None:
    pace = Pace()
    for after in (0.1, 0.6, 0.2):
        pace.learn(ALL["plain"], _delivery(after=after).evidence())
    assert pace.longest_pause == pytest.approx(0.6)
