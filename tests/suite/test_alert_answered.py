"""An alert that Fix now has answered: hand-made records, in order and wrong in each way."""

from __future__ import annotations

from dataclasses import replace

from stories.operated import EPOCH, Operated, taken_out

from conformance.judging.verdict import Verdict
from conformance.target import Capability


def answered(*, raised: float = 2.8, cleared: bool = True) -> Operated:
    """Return a destination taken out of service at 3.0 s, its alert shown from a time on, and cleared at 3.7 s."""
    story = taken_out()
    story.header = replace(story.header, capabilities=[*story.header.capabilities, Capability.ALERTS])
    alert = story.alert()
    for tenths in range(10, 90, 2):
        at = tenths / 10
        over = replace(alert, cleared_at=EPOCH + 3.7) if cleared and at > 3.7 else alert
        story.shows(at, *([over] if at >= raised else []))
    return story


def test_it_is_cleared() -> None:
    assert answered().verdict("alert_answered") is Verdict.PASS


def test_it_is_not_listed_any_more() -> None:
    story = answered(cleared=False)
    story.alert_listings = [
        replace(each, alerts=[]) if each.at > 4 else each for each in story.alert_listings
    ]
    assert story.verdict("alert_answered") is Verdict.PASS


def test_it_lasts() -> None:
    judged = answered(cleared=False).judge("alert_answered")
    assert judged.verdict is Verdict.DEVIATION
    assert judged.requirement.id == "alert/cleared-by-fix"
    assert "still lasts" in judged.observed


def test_without_an_alert_before_it_there_is_nothing_to_judge() -> None:
    assert answered(raised=3.2).verdict("alert_answered") is Verdict.NOT_APPLICABLE
    story = answered()
    story.header = replace(story.header, capabilities=[])
    assert story.verdict("alert_answered") is Verdict.NOT_APPLICABLE


def test_without_fix_now_or_a_look_afterwards_nothing_is_known() -> None:
    assert answered().change(operator_actions=[]).verdict("alert_answered") is Verdict.INCONCLUSIVE
    story = answered()
    story.alert_listings = [each for each in story.alert_listings if each.at < 3.2]
    assert story.verdict("alert_answered") is Verdict.INCONCLUSIVE
