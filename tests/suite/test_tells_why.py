"""Aspect tells_why: whether a report says what the last attempt died of, where the relay knew it."""

from __future__ import annotations

import pytest
from stories.days import expired
from stories.story import Story, observed

from conformance.judging.verdict import Verdict

_KNOWN = "450 4.4.316 Connection refused [Message=Socket error code 111: Connection refused]"


def _returned(status: str, diagnostic: str, error: str = _KNOWN) -> Story:
    story = expired("connection_refused").without_messages().look(12.0, error)
    return story.returns(75.0, status=status, diagnostic=diagnostic)


@pytest.mark.parametrize(
    ("status", "diagnostic", "verdict"),
    [
        ("5.4.316", "smtp; 550 5.4.316 Message expired", Verdict.PASS),
        ("5.4.300", "smtp; 550 5.4.300 Message expired -> connection was REFUSED", Verdict.PASS),
        ("4.4.7", "x-unix; connect to mx: Connection refused", Verdict.PASS),
        ("5.4.300", "smtp; 550 5.4.300 Message expired", Verdict.DEVIATION),
        ("5.4.7", "", Verdict.DEVIATION),
        # a name that was given explains nothing
        ("5.4.7", "smtp; 550 5.4.7 expired: connection-refused.expires.test", Verdict.DEVIATION),
    ],
)
def test_the_cause_is_told_in_one_way_or_another(status: str, diagnostic: str, verdict: Verdict) -> None:
    story = _returned(status, diagnostic)
    assert (story.verdict("tells_why"), story.verdict("tells_why", "rfc")) == (verdict, verdict)


@pytest.mark.parametrize("error", ["", "450 4.4.7 deferred", "delivery temporarily suspended"])
def test_who_knows_nothing_can_tell_nothing(error: str) -> None:
    story = _returned("5.4.300", "smtp; 550 5.4.300 Message expired", error)
    assert "showed no cause" in observed(story, "tells_why", Verdict.NOT_APPLICABLE)


def test_what_the_log_says_is_known() -> None:
    story = _returned("5.4.300", "smtp; 550 5.4.300 Message expired", "").says(2.0, _KNOWN)
    assert story.verdict("tells_why") is Verdict.DEVIATION
