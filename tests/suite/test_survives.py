"""The relay is there until the window closes, or the one scenario that it had is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good, good_control, observed, waiting

from conformance.judging.verdict import Verdict

_WITHOUT_FATE = ("error_code", "stays_queued", "retried", "recovers", "tidy")


@pytest.mark.parametrize("mode", ["greeting_421", "plain", "connection_refused"])
def test_a_relay_that_is_there_survives(mode: str) -> None:
    assert good(mode).verdict("survives") is Verdict.PASS


def test_the_only_scenario_of_a_relay_that_is_gone_brought_it_down() -> None:
    story = (
        waiting("greeting_421").is_gone(4.0, log="one\ntwo\nthree\nfree(): double free").change(closed=None)
    )
    seen = observed(story, "survives")
    assert "gone at 3.00 s, last seen at 2.00 s: it does not answer" in seen, "since it was accepted"
    assert seen.endswith("its last words: two | three | free(): double free")
    judged = story.judge("survives")
    assert (judged.requirement.id, judged.level, judged.conclusive) == ("relay/survives", "MUST", False)
    for aspect in _WITHOUT_FATE:
        judged = story.judge(aspect)
        assert (judged.verdict, "see survives" in judged.reason) == (Verdict.NOT_APPLICABLE, True), aspect


def test_what_was_also_seen_in_company_is_not_taken_back() -> None:
    story = waiting("greeting_421").is_gone(4.0).change(closed=None)
    story.header = replace(story.header, alone=True)
    assert story.judge("survives").conclusive


def test_who_brought_it_down_before_any_attempt_could_be_seen_is_named_all_the_same() -> None:
    story = Story("greeting_421").is_gone(2.0).change(closed=None)
    assert story.verdict("survives") is Verdict.FAIL


@pytest.mark.parametrize("aspect", ["survives", *_WITHOUT_FATE])
def test_of_a_relay_that_many_shared_nobody_can_say_who_it_was(aspect: str) -> None:
    others = [f"close_at_{stage}.healed" for stage in ("mail", "rcpt", "data", "dot", "ehlo", "body")]
    suspects = ("greeting_421.healed", *others)
    story = waiting("greeting_421").is_gone(4.0, *others, suspects=suspects).change(closed=None)
    judged = story.judge(aspect)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "brought down by one of greeting_421.healed, close_at_mail.healed" in judged.reason
    assert judged.reason.endswith("and 1 others, or by several of them together")


@pytest.mark.parametrize("aspect", ["survives", "recovers"])
def test_a_window_that_closed_before_is_judged_as_ever(aspect: str) -> None:
    story = good("greeting_421")
    assert story.staged.closed is not None
    assert story.is_gone(story.staged.closed + 0.1, "close_at_dot.healed").verdict(aspect) is Verdict.PASS


def test_no_control_is_needed_to_have_survived() -> None:
    story = good("greeting_421")
    lost = good_control("plain").without_messages()
    record = story.record(lost, control=False)
    assert story.judge("recovers", record=record).verdict is Verdict.INCONCLUSIVE
    assert story.judge("survives", record=record).verdict is Verdict.PASS
