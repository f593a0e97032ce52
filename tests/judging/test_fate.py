"""The fate of a message, and which aspects have nothing to judge for it."""

from __future__ import annotations

import pytest
from stories.days import moved, whole_day
from stories.story import ASPECT, Story, good, waiting
from stories.wire import fault

from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Course
from conformance.judging import fate
from conformance.judging.fate import ENDED, FAILED, HAD_TO_WAIT, WRONG, Fate, why_not
from conformance.judging.verdict import Verdict
from conformance.target import Outcome

# The profile accepts that it is delivered in spite of the fault; that it is returned; neither.
DELIVERED, RETURNED, NEITHER = "broken_handshake_under_opportunistic", "dns_nxdomain", "close_at_ehlo"
ENDLESS = "endless_at_greeting"


def _fate(story: Story, profile: str = "rfc") -> Fate:
    return story.case(profile).fate


def _unrepaired(mode: str) -> Story:
    return waiting(mode).change(repaired=None)


def _reading(mode: str, *, until: float) -> Story:
    """Tell of an attempt that still reads a reply without end, up to a moment."""
    endless = fault("endless")
    return Story(mode).connects(1.2, endless, lasting=until - 1.2)


@pytest.mark.parametrize("mode", [DELIVERED, RETURNED, NEITHER])
def test_whatever_comes_after_a_deferral_is_a_wait(mode: str) -> None:
    for story in (waiting(mode), waiting(mode).says(2.0, "450 no").delivers(9.0)):
        assert _fate(story) is Fate.WAITED


def test_delivered_without_a_failure_while_the_fault_lasted() -> None:
    assert _fate(waiting(DELIVERED).delivers(2.0)) is Fate.DELIVERED
    assert _fate(waiting(NEITHER).delivers(2.0)) is Fate.DELIVERED_WRONGLY
    assert _fate(waiting(DELIVERED).says(1.5, "450 no").delivers(2.0)) is Fate.WAITED


def test_delivered_by_a_later_attempt_without_any_repair() -> None:
    assert _fate(_unrepaired(DELIVERED).says(1.5, "450 no").delivers(9.0)) is Fate.DELIVERED_LATER
    assert _fate(_unrepaired(NEITHER).says(1.5, "450 no").delivers(9.0)) is Fate.DELIVERED_WRONGLY


def test_given_up() -> None:
    assert _fate(waiting(RETURNED).returns(2.0)) is Fate.RETURNED
    assert _fate(waiting(RETURNED).says(2.0, "550 no", Outcome.PERMANENT)) is Fate.RETURNED
    assert _fate(waiting(RETURNED).returns(2.0), "eop") is Fate.RETURNED_WRONGLY
    assert _fate(waiting(RETURNED).returns(2.0, action="delayed")) is Fate.WAITED


def test_given_up_once_it_was_deferred() -> None:
    assert _fate(waiting(RETURNED).returns(4.0)) is Fate.RETURNED_LATER
    assert _fate(waiting(RETURNED).returns(4.0), "eop") is Fate.RETURNED_WRONGLY


def test_given_up_and_delivered_as_well_is_accepted_by_nobody() -> None:
    story = waiting(RETURNED).says(2.0, "550 no", Outcome.PERMANENT).delivers(9.0)
    assert _fate(story) is Fate.DELIVERED_AND_GIVEN_UP


def test_where_a_day_is_played_at_once_means_within_its_first_hour() -> None:
    assert _fate(moved(RETURNED).returns(9.0)) is Fate.RETURNED
    assert _fate(moved(RETURNED).returns(11.0)) is Fate.WAITED
    assert _fate(whole_day(RETURNED).without_messages().returns(1.1)) is Fate.RETURNED
    assert _fate(whole_day(RETURNED).without_messages().returns(1.9)) is Fate.RETURNED_LATER
    assert _fate(whole_day(RETURNED)) is Fate.WAITED


def test_an_attempt_without_end_has_no_other_fate() -> None:
    assert _fate(_reading(ENDLESS, until=13.0)) is Fate.UNENDED
    assert _fate(_reading(ENDLESS, until=13.0).returns(2.0)) is Fate.UNENDED
    assert _fate(_reading(ENDLESS, until=11.0)) is Fate.WAITED
    assert _fate(_reading("greeting_421", until=13.0)) is Fate.WAITED  # nothing there is without end


@pytest.mark.parametrize("each", Fate)
def test_each_fate_has_a_sentence(each: Fate) -> None:
    told = why_not(each, load("rfc"))
    assert told
    assert ("the profile rfc accepts here" in told) is (
        each in (Fate.DELIVERED, Fate.DELIVERED_LATER, Fate.RETURNED)
    )
    assert set(fate._REASONS) == set(Fate)


def test_groups_of_fates_lie_one_in_the_other() -> None:
    assert WRONG < HAD_TO_WAIT < FAILED < ENDED < set(Fate)
    assert set(Fate) - ENDED == {Fate.UNENDED}


def test_what_no_profile_accepts_spares_no_aspect() -> None:
    speaking = [fates for each in ASPECT.values() for fates in each.fates.values()]
    assert len(speaking) >= 20
    assert all(fates >= WRONG for fates in speaking)


STORIES = {
    Fate.UNENDED: _reading(ENDLESS, until=13.0),
    Fate.DELIVERED: waiting(DELIVERED).delivers(2.0),
    Fate.DELIVERED_LATER: _unrepaired(DELIVERED).says(1.5, "450 4.7.0 no TLS").delivers(9.0),
    Fate.RETURNED: waiting(RETURNED).returns(2.0, status="5.1.2"),
    Fate.RETURNED_LATER: waiting(RETURNED).returns(4.0, status="5.1.2"),
}


@pytest.mark.parametrize(
    ("name", "each"),
    [
        (name, each)
        for name, aspect in ASPECT.items()
        for each in STORIES
        if each not in aspect.fates.get(Course.HEALED, set(Fate))
    ],
)
def test_an_aspect_that_does_not_speak_of_a_fate_has_nothing_to_judge(name: str, each: Fate) -> None:
    assert _fate(STORIES[each]) is each
    judged = STORIES[each].judge(name, "rfc")
    assert (judged.verdict, judged.reason) == (Verdict.NOT_APPLICABLE, why_not(each, load("rfc")))


def test_a_need_comes_before_the_fate() -> None:
    story = moved(RETURNED).returns(9.0)
    assert "returned the message at once" in story.judge("expires", "rfc").reason
    longer = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=5 * 86400.0, granularity=0.1
    )
    assert "a lifetime of 120.0 h" in story.change(granted=longer).judge("expires", "rfc").reason


def test_a_relay_in_order_waited() -> None:
    assert _fate(good("connection_refused")) is Fate.WAITED
