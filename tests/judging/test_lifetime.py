"""When a message may and must be given up, on both clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.days import MOMENTS, REPORT_OF_EXPIRY, after_jump, expired, moved, whole_day
from stories.story import Story
from stories.wire import fault

from conformance.catalogue.course import STOPS, TRAITS, Course, Timing, timing_of
from conformance.catalogue.failure_modes import ALL
from conformance.judging.lifetime import FULL_DAY, given_up, lifetime_of
from fake_servers import Stage
from fake_servers.events import SmtpMessage


class TestMovedClock:
    @pytest.mark.parametrize(("profile", "by", "words"), [("eop", "25h05", "24h15"), ("rfc", "30h", "25h05")])
    def test_the_stops_bound_the_lifetime(self, profile: str, by: str, words: str) -> None:
        span = lifetime_of(expired("connection_refused").case(profile))
        assert (span.begin, span.may_not_end_before) == (1.0, MOMENTS["24h15"])
        assert span.must_end_before == MOMENTS[by]
        assert (span.until, span.by) == ("until it is 24 h old", f"at {words} at the latest")
        assert span.watched == "until 30h"

    def test_an_age_is_what_was_moved_and_the_real_seconds_that_passed(self) -> None:
        span = lifetime_of(expired("connection_refused").case())
        assert span.age(5.0) == "at an age of 0 h 00 min 04 s"
        assert [span.age(moment + 1.0) for moment in MOMENTS.values()] == [
            "at an age of 1 h 00 min 10 s",
            "at an age of 12 h 00 min 20 s",
            "at an age of 23 h 00 min 30 s",
            "at an age of 23 h 55 min 40 s",
            "at an age of 24 h 15 min 50 s",
            "at an age of 25 h 06 min 00 s",
            "at an age of 30 h 01 min 10 s",
        ]

    def _slow(self, seconds: float) -> Story:
        """Return a message whose attempt at 23 h 55 lasts so many real seconds and is the last one, in order."""
        story = moved("greeting_timeout", until="23h55")
        later = {stop: moment + 400.0 for stop, moment in MOMENTS.items() if moment > MOMENTS["23h55"]}
        begun, ended = MOMENTS["23h55"] + 0.5, MOMENTS["23h55"] + 0.5 + seconds
        story.events = [event for event in story.events if not begun <= event.at]
        story.connects(begun, fault("stall", Stage.GREETING), lasting=seconds)
        for at in range(41, int(ended)):
            story.look(float(at))
        story.look(ended + 0.5, None).look(479.0, None)
        story.returns(ended + 0.2, content=REPORT_OF_EXPIRY(story.staged))
        return story.change(milestones={**MOMENTS, **later}, closed=480.0)

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_an_attempt_that_lasts_until_it_is_24_h_old_may_be_the_last(self, profile: str) -> None:
        story = self._slow(315.0)
        judged = story.judge("expires", profile, story.record(after_jump()))
        assert (judged.verdict, judged.observed) == ("pass", "in the queue at 264 looks")
        told = [finding.observed for finding in judged.findings]
        assert told[1:] == ["returned at an age of 24 h 00 min 55 s"] * 2

    def test_one_that_ends_before_may_not(self) -> None:
        story = self._slow(235.0)
        judged = story.judge("expires", record=story.record(after_jump()))
        assert (judged.verdict, judged.observed) == ("fail", "given up at an age of 23 h 59 min 35 s")
        assert lifetime_of(story.case()).may_not_end_before == pytest.approx(0.9 + 300.0 - 1.0)

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
        assert span.moves == ()
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
