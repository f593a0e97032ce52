from __future__ import annotations

from dataclasses import replace

import pytest
from builders import Story

from conformance.verdict import Verdict


def _fault(action: str, stage: str) -> tuple[str, str, dict[str, object]]:
    return ("smtp", "fault", {"stage": stage, "action": action, "attempt": 1})


def _held(mode: str, action: str, *seconds: float) -> Story:
    stage = mode.rpartition("_at_")[2]
    story = Story(mode).change(repaired=20.0, closed=30.0)
    for number, lasting in enumerate(seconds):
        story.connects(1.0 + 8 * number, _fault(action, stage), lasting=lasting)
    return story


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(2.1, Verdict.PASS), (3.0, Verdict.PASS), (3.2, Verdict.FAIL)]
)
def test_silence_ends_with_the_time_out(seconds: float, verdict: Verdict) -> None:
    # 2 s were asked for, the slack is 1 s, and the fault falls 0.05 s into the connection
    assert _held("stall_at_mail", "stall", seconds).verdict("times_out") is verdict
    assert _held("stall_at_mail", "stall", 2.0, seconds).verdict("times_out") is verdict


def test_what_the_relay_granted_counts() -> None:
    story = _held("stall_at_mail", "stall", 6.0)
    granted = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=900, granularity=0.0, command_timeout=5.5
    )
    assert story.change(granted=granted).verdict("times_out") is Verdict.PASS


def test_a_session_that_is_still_open_counts_by_its_age() -> None:
    story = _held("stall_at_mail", "stall", 40.0)
    assert story.verdict("times_out") is Verdict.FAIL
    assert "not over after 28.9 s" in story.judge("times_out").observed
    assert not story.judge("times_out").only_late
    assert story.change(closed=3.0).verdict("times_out") is Verdict.INCONCLUSIVE


def test_a_late_end_may_be_the_fault_of_a_busy_machine() -> None:
    assert _held("stall_at_mail", "stall", 4.0).judge("times_out").only_late


def test_the_bound_follows_the_slack_of_the_wave() -> None:
    story = _held("stall_at_mail", "stall", 3.6)
    assert story.verdict("times_out") is Verdict.FAIL
    story.header = replace(story.header, slack=2.0)
    assert story.verdict("times_out") is Verdict.PASS


@pytest.mark.parametrize("action", ["trickle", "endless"])
def test_a_reply_that_takes_too_long_as_a_whole_is_a_deviation(action: str) -> None:
    assert _held(f"{action}_at_mail", action, 2.1).verdict("times_out") is Verdict.PASS
    assert _held(f"{action}_at_mail", action, 5.0).verdict("times_out") is Verdict.DEVIATION


def test_a_reply_that_was_read_to_its_end_ends_there() -> None:
    story = Story("trickle_at_mail").change(repaired=20.0, closed=30.0)
    story.connects(1.0, _fault("trickle", "mail"), lasting=7.0)
    story.note(
        7.5, "smtp", "sent", server=story.site().server, connection=101, stage="mail", text="250 2.0.0 Fine"
    )
    story.events.sort(key=lambda event: event.at)
    assert "over after 6.5 s" in story.judge("times_out").observed


def test_a_time_out_above_the_whole_reply_leaves_nothing_to_judge() -> None:
    story = _held("trickle_at_mail", "trickle", 6.0)
    granted = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=900, granularity=0.0, command_timeout=10.0
    )
    assert story.change(granted=granted).verdict("times_out") is Verdict.NOT_APPLICABLE


def test_whoever_still_reads_a_reply_without_end_has_not_failed_yet() -> None:
    story = _held("endless_at_mail", "endless", 40.0).look(2.0)
    assert story.verdict("times_out") is Verdict.DEVIATION
    for aspect in ("error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers"):
        assert story.verdict(aspect) is Verdict.NOT_APPLICABLE
