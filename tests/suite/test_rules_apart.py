"""What is said of a message for which TLS is required, behind one for which nothing is, on hand-made records."""

from __future__ import annotations

import pytest
from stories.operated import Operated
from stories.wire import received

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.judging.verdict import Verdict

CLEAR, UNCHECKED = "rule_after_clear", "rule_after_unchecked"


def two(mode: str) -> Operated:
    """Two messages, of which the first arrives."""
    story = Operated(mode, course=Course.BATCH).offers(1.0, *members(2))
    story.change(closed=9.0)
    return story.gets(2.0, 0)


@pytest.mark.parametrize("mode", [CLEAR, UNCHECKED])
def test_the_second_waits(mode: str) -> None:
    judged = two(mode).connects(3.0, received("ehlo", "EHLO relay.test")).judge("keeps_rules_apart")
    assert judged.verdict is Verdict.PASS, judged.observed


@pytest.mark.parametrize("mode", [CLEAR, UNCHECKED])
def test_nobody_came_for_the_second(mode: str) -> None:
    assert two(mode).verdict("keeps_rules_apart") is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("mode", "slots"), [(CLEAR, ["clear"]), (UNCHECKED, ["clear", "fit"])])
def test_the_second_goes_as_the_first(mode: str, slots: list[str]) -> None:
    """By no handshake, and, if there was one, to a certificate that nobody may trust."""
    judged = two(mode).gets(3.0, 1).judge("keeps_rules_apart")
    broken = [finding.slot.partition(".")[2] for finding in judged.findings if not finding.holds]
    assert broken == slots


def test_nothing_went_before() -> None:
    story = Operated(CLEAR, course=Course.BATCH).offers(1.0, *members(2))
    story.change(closed=9.0)
    assert story.verdict("keeps_rules_apart") is not Verdict.PASS


def test_the_second_was_not_taken() -> None:
    story = two(CLEAR)
    story.change_offer(1, accepted=None, refusal="452 4.3.1 Not now")
    assert story.verdict("keeps_rules_apart") is Verdict.NOT_APPLICABLE
