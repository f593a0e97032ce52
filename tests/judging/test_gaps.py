"""How gaps are measured; what the aspect `retried` makes of them is in tests/suite."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import fault

from conformance.judging import gaps
from conformance.judging.gaps import Gap
from conformance.judging.verdict import Verdict
from conformance.witness.attempts import Attempt


def _attempt(at: float, end: float, latest_end: float) -> Attempt:
    return Attempt(at=at, end=end, latest_end=latest_end, contacts=())


def test_a_gap_runs_from_the_end_of_an_attempt_to_the_start_of_the_next() -> None:
    attempts = [_attempt(1.0, 1.5, 2.0), _attempt(4.0, 4.5, 4.5)]
    assert gaps.between(attempts) == [Gap(longest=2.5, shortest=2.0)]
    assert gaps.between([*attempts, _attempt(7.0, 7.0, 7.0)]) == [Gap(2.5, 2.0), Gap(2.5, 2.5)]
    assert gaps.between(attempts[:1]) == []


def test_no_gap_begins_with_an_attempt_of_which_nobody_knows_when_it_failed() -> None:
    attempts = [_attempt(at, at, at) for at in (1.0, 3.0, 5.0)]
    assert gaps.between(attempts, {3.0}) == [Gap(2.0, 2.0)]


@pytest.mark.parametrize(
    ("shortest", "longest", "tells"),
    [
        (0.0, 5.0, False),
        (1.8, 5.0, True),
        (0.0, 3.0, True),
        (0.0, 1.0, True),
        (4.0, 9.0, True),
        (1.7, 3.1, False),
    ],
)
def test_a_gap_tells_if_it_surely_was_not_too_short_or_not_too_long(
    shortest: float, longest: float, tells: bool
) -> None:
    assert Gap(longest, shortest).tells(1.8, 3.0) is tells


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


def _starts(story: Story) -> list[float]:
    return [round(attempt.at, 3) for attempt in gaps.gaps_of(story.case()).attempts]


def test_the_attempt_that_succeeded_begins_with_its_first_trace() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).change(repaired=2.0)
    assert _starts(story) == [1.0]
    assert _starts(story.delivers(3.2)) == [1.0, 3.15]
    asked = Story("close_at_ehlo").meets_fault(1.0).change(repaired=2.0).looks_up(3.1).delivers(3.2)
    assert _starts(asked) == [1.0, 3.1]


def test_what_follows_the_attempt_that_succeeded_is_no_retry() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).change(repaired=2.0).delivers(3.2)
    assert _starts(story.looks_up(6.0)) == [1.0, 3.15]


def test_an_attempt_whose_look_up_failed_ends_a_gap_and_makes_no_haste() -> None:
    story = Story("close_at_ehlo").meets_fault(1.2).change(repaired=1.9).looks_up(3.3).delivers(5.3)
    found = gaps.gaps_of(story.case())
    assert [gap.longest for gap in found.between_all] == pytest.approx([2.05, 1.95])
    assert [gap.longest for gap in found.between_sure] == pytest.approx([4.0])
    assert story.verdict("retried") is Verdict.PASS
    assert (
        "3 attempts (1 seen by nothing but look-ups), gaps of 2.05, 1.95 s" in story.judge("retried").observed
    )
    early = Story("close_at_ehlo").meets_fault(1.2).change(repaired=1.9).looks_up(2.6).delivers(4.4)
    assert early.verdict("retried") is Verdict.PASS


def test_only_look_ups_after_the_first_attempt_are_retries_all_the_same() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).change(repaired=1.9, closed=12.0)
    assert story.verdict("retried") is Verdict.FAIL
    for at in (3.1, 5.2, 7.3):
        story.looks_up(at)
    assert story.verdict("retried") is Verdict.PASS


def test_what_a_report_is_asked_for_is_no_retry() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).returns(2.0).looks_up(3.1)
    assert _starts(story) == [1.0]
    route = Story("close_at_ehlo").meets_fault(1.0).change(repaired=2.0)
    assert _starts(route.looks_up(3.1).says_mail(3.2, "", route.staged.sender)) == [1.0]


def test_no_gap_begins_with_an_attempt_that_was_under_way_at_the_repair() -> None:
    story = Story("close_at_ehlo").meets_fault(1.0).change(repaired=1.4, unquiet=True)
    story.looks_up(1.5).delivers(9.0)
    assert story.verdict("retried") is Verdict.NOT_APPLICABLE
    assert "an attempt was under way" in story.judge("retried").observed
    before = Story("close_at_ehlo").meets_fault(1.0).meets_fault(3.1).change(repaired=3.5)
    assert before.looks_up(3.6).delivers(9.0).verdict("retried") is Verdict.PASS


def test_an_attempt_that_may_have_lasted_beyond_the_repair_counts_only_where_there_was_no_quiet() -> None:
    story = Story("dns_no_answer").looks_up(1.2, "silence").looks_up(5.2, "silence").change(repaired=6.0)
    story.looks_up(12.0).delivers(12.1).change(closed=20.0)
    assert story.verdict("retried") is Verdict.FAIL
    assert story.change(unquiet=True).verdict("retried") is Verdict.PASS


def test_a_gap_that_may_be_anything_proves_nothing() -> None:
    story = Story("dns_no_answer").change(repaired=60.0, closed=90.0)
    story.change(
        granted=replace(story.staged.granted, retry_interval=12.0, max_retry_interval=12.0, dns_timeout=30.0)
    )
    for at in (1.2, 17.2, 33.2):
        story.looks_up(at, "silence")
    assert story.verdict("retried") is Verdict.NOT_APPLICABLE
    assert "gaps of 0.00 to 16.00, 0.00 to 16.00 s" in story.judge("retried").observed
    story.change(granted=replace(story.staged.granted, granularity=3.0))
    assert story.verdict("retried") is Verdict.PASS  # it surely was not too late


def test_an_attempt_that_began_before_the_former_connection_was_closed_is_told_in_words() -> None:
    def story(second: float) -> Story:
        story = Story("close_at_ehlo").connects(1.0, fault(), lasting=9.0).connects(second, fault())
        story.events.sort(key=lambda event: event.at)
        return story.change(repaired=20.0, closed=30.0)

    # the last sign on the former was at 1.05 s
    assert story(3.05).verdict("retried") is Verdict.PASS
    hasty = story(1.55).judge("retried")
    assert hasty.verdict is Verdict.FAIL
    assert hasty.observed.split("; ")[-2:] == [
        "0.00 to 0.50 s before the attempt at 0.55 s is too short",
        "another attempt began 8.45 s before the former connection was closed",
    ]
