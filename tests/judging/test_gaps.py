"""How gaps are measured; what the aspect `retried` makes of them is in tests/suite."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story

from conformance.judging import gaps
from conformance.judging.gaps import Gap
from conformance.witness.attempts import Attempt


def _attempt(at: float, end: float, latest_end: float) -> Attempt:
    return Attempt(at=at, end=end, latest_end=latest_end, contacts=())


def test_a_gap_runs_from_the_end_of_an_attempt_to_the_start_of_the_next() -> None:
    attempts = [_attempt(1.0, 1.5, 2.0), _attempt(4.0, 4.5, 4.5)]
    assert gaps.between(attempts) == [Gap(longest=2.5, shortest=2.0)]
    assert gaps.between(attempts, [7.0]) == [Gap(2.5, 2.0), Gap(2.5, 2.5)]
    assert gaps.between(attempts[:1]) == []


def test_the_bound_that_is_kinder_to_the_relay_counts() -> None:
    gap = Gap(longest=3.0, shortest=2.0)
    assert [gap.is_below(least) for least in (2.5, 3.0, 3.1)] == [False, False, True]
    assert [gap.is_above(most) for most in (2.5, 2.0, 1.9)] == [False, False, True]


def test_bounds_are_shown_where_they_differ_by_a_tenth() -> None:
    assert str(Gap(2.04, 1.95)) == "2.04"
    assert str(Gap(2.1, 1.9)) == "1.90 to 2.10"


@pytest.mark.parametrize(
    ("granularity", "least", "most"),
    [(0.0, 1.8, 3.0), (0.1, 1.7, 3.1), (1.0, 0.8, 4.0), (5.0, 0.2, 8.0)],
)
def test_what_is_allowed_follows_from_what_was_granted(granularity: float, least: float, most: float) -> None:
    story = Story("close_at_ehlo")  # 2 s between attempts, 1 s of slack
    story.change(granted=replace(story.staged.granted, granularity=granularity))
    assert gaps.allowed(story.case()) == pytest.approx((least, most))


def test_a_negative_answer_may_be_kept_for_its_time_to_live() -> None:
    kept = Story("stale_nxdomain")
    assert kept.case().mode.silent_ttl > 0
    without = gaps.allowed(Story("dns_servfail").case())
    assert gaps.allowed(kept.case()) == (without[0], without[1] + kept.case().mode.silent_ttl)


def test_the_attempt_that_succeeded_begins_with_its_connection() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).change(repaired=2.0)
    assert gaps.success(story.case()) == []
    assert gaps.success(story.delivers(3.2).case()) == [pytest.approx(3.15)]
    before = Story("close_at_ehlo").meets_fault(1.0).change(repaired=4.0).delivers(3.2)
    assert gaps.success(before.case()) == []
