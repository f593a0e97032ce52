"""When a fault may be taken away, read off hand-made journals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import accepted, answer, fault, query

from conformance.catalogue.failure_modes import ALL
from conformance.wave.repair import attempts_over, longest_wait_for_quiet, quiet_pause, seconds_to_quiet

PAUSE = 0.5


def _over(story: Story, now: float) -> list[float]:
    return [attempt.at for attempt in attempts_over(ALL[story.mode], story.evidence(), now)]


def _left(story: Story, now: float) -> float:
    return pytest.approx(seconds_to_quiet(ALL[story.mode], story.evidence(), now, PAUSE))  # type: ignore[no-any-return]


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


def test_a_question_that_is_not_waited_for_any_longer_is_no_sign() -> None:
    story = Story("greeting_421").looks_up(1.0, "silence", type="AAAA").connects(1.1, lasting=0.2)
    assert _left(story, 1.4) == 0.4


def test_whatever_moves_is_a_sign() -> None:
    name = "below." + Story("greeting_421").site().name
    story = Story("greeting_421").connects(1.0, lasting=0.2)
    story.note(query(name, at=1.9), answer(name, "nxdomain", at=2.0))
    assert _left(story, 2.1) == 0.4


def test_a_connection_that_was_forgotten_is_no_sign() -> None:
    story = Story("greeting_421")
    story.note(
        *(replace(event, connection=900) for event in Story(story.mode).connects(1.0, fault()).events[:2])
    )
    story.events = [replace(event, server=story.site().server) for event in story.events]
    assert _left(story, 2.9) == 0.5
    story.connects(3.0, fault(), lasting=0.2)
    assert _left(story, 3.3) == 0.4
    assert _over(story, 3.3) == [1.0, 3.0]


def test_a_relay_that_waits_less_than_it_grants_is_not_waited_for_any_longer() -> None:
    story = Story("dns_wrong_id").change(repaired=None)
    story.change(granted=replace(story.staged.granted, dns_timeout=8.0))
    for at in (1.0, 3.0, 5.0):
        story.looks_up(at, "wrong_id")
    # it comes back after 2 s, nine tenths of which less a tick of 0.1 s are its rest
    assert _over(story, 5.1) == [1.0, 3.0]
    assert _over(story, 5.4) == [1.0, 3.0, 5.0]
    assert _left(story, 5.1) == 0.7
    # no longer than its rest takes, as if the time-out were over just when it comes back
    story.change(granted=replace(story.staged.granted, dns_timeout=2.0))
    assert _left(story, 5.1) == 0.7


@pytest.mark.parametrize(
    ("own", "interval", "pause"),
    [(0.0, 2.0, 0.5), (0.3, 2.0, 0.6), (0.8, 2.0, 1.0), (0.8, 60.0, 1.6), (0.0, 0.8, 0.4)],
)
def test_how_long_nothing_must_move_the_relay_itself_shows(own: float, interval: float, pause: float) -> None:
    story = Story("greeting_421")
    story.change(granted=replace(story.staged.granted, retry_interval=interval))
    assert quiet_pause(story.evidence(), own) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("mode", "seconds"),
    [("greeting_421", 2.0), ("greeting_timeout", 2.0 + 2.0 + 2.0), ("dns_no_answer", 2.0 + 150.0)],
)
def test_quiet_is_waited_for_as_long_as_the_longest_time_out_and_an_interval(
    mode: str, seconds: float
) -> None:
    story = Story(mode)
    story.change(granted=replace(story.staged.granted, dns_timeout=150.0))
    assert longest_wait_for_quiet(ALL[mode], story.evidence()) == seconds
    asked_in_vain = story.looks_up(1.0, "silence", type="AAAA").evidence()
    assert longest_wait_for_quiet(ALL[mode], asked_in_vain) == 2.0 + 150.0
