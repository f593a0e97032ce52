"""When a fault may be taken away, read off hand-made journals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import accepted

from conformance.catalogue.failure_modes import ALL
from conformance.wave.repair import attempts_over, seconds_to_quiet

PATIENCE = 2.0


def _over(story: Story, now: float) -> list[float]:
    return [attempt.at for attempt in attempts_over(ALL[story.mode], story.evidence(), now)]


def _left(story: Story, now: float) -> float:
    return pytest.approx(seconds_to_quiet(story.evidence(), now, PATIENCE))  # type: ignore[no-any-return]


def test_an_attempt_counts_once_it_is_over() -> None:
    story = Story("greeting_421").meets_fault(1.2).meets_fault(3.4)
    assert _over(story, 4.0) == [1.2, 3.4]
    story.note(accepted(at=3.6, server=story.site().server, connection=900))
    assert _over(story, 4.0) == [1.2]


def test_an_attempt_that_waits_for_an_answer_is_over_with_its_time_out() -> None:
    story = Story("dns_no_answer").change(repaired=None).meets_fault(1.2).meets_fault(6.0)
    assert _over(story, 7.9) == [1.2]
    assert _over(story, 8.1) == [1.2, 6.0]


def test_an_attempt_is_not_over_before_it_left_as_many_traces_as_the_first() -> None:
    story = Story("greeting_421_every_host").meets_fault(1.2).meets_fault(4.0)
    assert _over(story, 9.0) == [1.2, 4.0]
    cut = Story("greeting_421_every_host").meets_fault(1.2)
    one_host = [replace(event, connection=900) for event in Story(cut.mode).meets_fault(4.0).events[:3]]
    assert _over(cut.note(*one_host), 9.0) == [1.2]


def test_it_is_quiet_half_a_second_after_the_last_trace() -> None:
    story = Story("greeting_421").connects(1.0, lasting=0.2)
    assert _left(story, 1.3) == 0.4
    assert _left(story, 2.0) == -0.3


def test_it_is_not_quiet_while_a_connection_is_open() -> None:
    story = Story("greeting_421")
    story.note(accepted(at=1.0, server=story.site().server, connection=900))
    assert _left(story, 60.0) == 0.5


def test_it_is_not_quiet_while_somebody_may_wait_for_an_answer() -> None:
    asked = Story("dns_no_answer").looks_up(1.0, "silence")
    assert _left(asked, 2.0) == 1.5
    answered = Story("dns_servfail").looks_up(1.0, "servfail")
    assert _left(answered, 2.0) == -0.5


def test_the_moment_is_no_longer_than_a_quarter_of_the_interval() -> None:
    story = Story("greeting_421").connects(1.0, lasting=0.2)
    granted = story.staged.granted
    story.change(
        granted=type(granted)(retry_interval=0.8, max_retry_interval=0.8, queue_lifetime=9.0, granularity=0.0)
    )
    assert _left(story, 1.3) == 0.1
