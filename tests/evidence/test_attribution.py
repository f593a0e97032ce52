"""What is done to one instance of a relay belongs to the scenarios of that instance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good_control

from fake_servers.events import Event, RelayClockMoved, RelayEvent, RelayKilled, RelayRestarted

_KINDS: list[RelayEvent] = [
    RelayKilled(at=2.5, moment="here", asked=2.4),
    RelayRestarted(at=3.0, moment="here"),
    RelayClockMoved(at=3.5, moment="here", seconds=60.0),
]


def _done_to(relay: int) -> list[Event]:
    return [replace(event, relay=relay) for event in _KINDS]


@pytest.mark.parametrize("number", [1, 2])
def test_kills_and_clocks_of_other_instances_are_not_in_a_timeline(number: int) -> None:
    story = Story("greeting_421").change(relay=number)
    story.note(*_done_to(1), *_done_to(2))
    assert list(story.evidence(good_control("slow")).of(RelayEvent)) == _done_to(number)


def test_of_an_old_record_they_are_everybodys() -> None:
    for number in (1, 2):
        story = Story("greeting_421").change(relay=number).note(*_KINDS)
        assert list(story.evidence().of(RelayEvent)) == _KINDS
