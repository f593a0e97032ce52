"""When a message may and must be given up, on both clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.days import MOMENTS, expired, whole_day

from conformance.catalogue.course import STOPS, TRAITS, Course, Timing, timing_of
from conformance.catalogue.failure_modes import ALL
from conformance.judging.lifetime import FULL_DAY, given_up, lifetime_of
from fake_servers.events import SmtpMessage


class TestMovedClock:
    @pytest.mark.parametrize(("profile", "by", "words"), [("eop", "25h05", "24h15"), ("rfc", "30h", "25h05")])
    def test_the_stops_bound_the_lifetime(self, profile: str, by: str, words: str) -> None:
        span = lifetime_of(expired("connection_refused").case(profile))
        assert (span.begin, span.may_not_end_before) == (1.0, MOMENTS["24h15"])
        assert span.must_end_before == MOMENTS[by]
        assert (span.until, span.by) == ("at 23h55", f"at {words} at the latest")
        assert span.watched == "until 30h"

    def test_an_age_is_the_last_stop(self) -> None:
        span = lifetime_of(expired("connection_refused").case())
        assert span.age(5.0) == "before its clock was moved"
        for stop, moment in MOMENTS.items():
            assert span.age(moment + 1.0) == f"at an age of {stop}"

    def test_a_wave_that_ended_too_soon_leaves_the_end_open(self) -> None:
        story = expired("connection_refused").change(milestones={"1h": 10.0}, closed=15.0)
        span = lifetime_of(story.case())
        assert (span.may_not_end_before, span.must_end_before) == (15.0, 15.0)


class TestCompressedClock:
    def test_the_granted_lifetime_is_the_day(self) -> None:
        span = lifetime_of(whole_day("connection_refused").case())
        # offered at 0.95 s, accepted at 1.0 s; five minutes of the day are a twelfth of a second
        assert span.may_not_end_before == pytest.approx(0.95 + 24 - 1 / 12 - 0.01)
        assert span.must_end_before == pytest.approx(1.0 + 24 + 1.0 + 0.01 + 0.5)  # a gap, its lateness
        assert span.watched == "in 29.0 h"
        assert span.stops == {}
        assert span.age(13.0) == "at an age of 12.0 h"
        assert span.by == "at most 1.51 h after 24 h"

    def test_without_a_moment_of_offering_that_of_acceptance_counts(self) -> None:
        story = whole_day("connection_refused").change(offered=None)
        assert lifetime_of(story.case()).may_not_end_before == pytest.approx(1.0 + 24 - 1 / 12 - 0.01)

    @given(
        day=st.floats(10.0, 86_400.0),
        granularity=st.floats(0.0, 1.0),
        begin=st.floats(0.0, 100.0),
        took=st.floats(0.0, 1.0),
    )
    def test_the_end_may_never_be_required_before_it_is_allowed(
        self, day: float, granularity: float, begin: float, took: float
    ) -> None:
        story = whole_day("greeting_421", gaps=())
        granted = replace(
            story.staged.granted, queue_lifetime=day, max_retry_interval=day / 24, granularity=granularity
        )
        story.change(granted=granted, offered=begin, submitted=begin + took)
        span = lifetime_of(story.case())
        # given up exactly on time, as the relay counts, is neither early nor late
        for accepted in (begin, begin + took):
            assert span.may_not_end_before <= accepted + day < span.must_end_before
        assert float(span.age(begin + took + day).split()[-2]) == pytest.approx(24.0, abs=0.1)


def test_the_end_is_the_first_report_of_failure() -> None:
    story = expired("connection_refused", at="25h05")
    assert given_up(story.case()) == MOMENTS["25h05"] + 2.0
    assert given_up(story.returns(30.0, action="delayed").case()) == MOMENTS["25h05"] + 2.0
    assert given_up(story.returns(31.0).case()) == 31.0
    story.events = [event for event in story.events if not isinstance(event, SmtpMessage)]
    assert given_up(story.case()) is None


def test_a_full_day_is_played_for_one_failure_mode_of_each_section() -> None:
    assert len({ALL[name].section for name in FULL_DAY}) == len(FULL_DAY) == 6


def test_every_course_has_a_clock_and_heals_at_one_of_its_stops() -> None:
    assert set(TRAITS) == set(Course)
    stops = dict(STOPS)
    assert sorted(stops.values()) == list(stops.values())
    for course, traits in TRAITS.items():
        assert timing_of(course) is traits.timing
        if traits.heals_at is not None:
            assert traits.heals_at == stops[course.removeprefix("healed_")]
            assert traits.timing is Timing.JUMPED
