"""An attempt that a server still held when the window closed."""

from __future__ import annotations

import pytest
from stories.story import Story
from stories.wire import fault

from conformance.catalogue.failure_modes import ALL
from conformance.judging.fate import Fate
from conformance.judging.held import is_held
from conformance.judging.verdict import Verdict
from conformance.target import Outcome

_MODE = "stall_at_dot"
_SILENT = ("error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers")


def _held(until: float = 13.0) -> Story:
    """Tell of one attempt that met silence, and of its connection, which is open up to a moment."""
    story = Story(_MODE).connects(1.2, fault("stall", stage="dot"), lasting=until - 1.2)
    return story.change(repaired=6.0).look(2.0).look(11.9)


def _is_held(story: Story) -> bool:
    return is_held(ALL[_MODE], story.evidence())


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_it_is_judged_by_times_out_and_by_nothing_else(profile: str) -> None:
    assert _held().case().fate is Fate.UNENDED
    for aspect in _SILENT:
        judged = _held().judge(aspect, profile)
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert "a server still held an attempt when the window closed (see times_out)" in judged.reason
    judged = _held().judge("times_out", profile)
    assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "session/times-out")


def test_an_attempt_that_ended_in_time_is_not_held() -> None:
    assert not _is_held(_held(until=11.0))


@pytest.mark.parametrize(
    "more",
    [
        lambda story: story.connects(5.0, fault("stall", stage="dot"), lasting=1.0),
        lambda story: story.delivers(9.0),
        lambda story: story.says(4.0, "450 4.4.2 timed out"),
        lambda story: story.says(4.0, "expired", Outcome.EXPIRED),
        lambda story: story.returns(4.0),
        lambda story: story.look(4.0, "450 4.4.2 timed out"),
        lambda story: story.look(11.92, None).look(11.95, None),
    ],
    ids=["tried again", "delivered", "deferred", "expired", "returned", "shown", "gone"],
)
def test_a_relay_that_went_on_has_only_forgotten_the_connection(more: object) -> None:
    assert callable(more)
    assert not _is_held(more(_held()))


def test_what_it_did_before_it_was_held_says_nothing() -> None:
    story = Story(_MODE).connects(1.1, fault("stall", stage="dot"), lasting=0.4).says(1.6, "450 4.4.2 lost")
    story.look(1.7, "450 4.4.2 lost").connects(3.2, fault("stall", stage="dot"), lasting=20.0)
    story.look(11.9, "450 4.4.2 lost")
    assert _is_held(story)
