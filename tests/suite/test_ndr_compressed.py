"""The report of a relay whose clock cannot be moved, on the compressed one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from stories.days import whole_day
from stories.reports import postfix_like
from stories.story import Story, observed

from conformance.judging.verdict import Verdict
from conformance.target import Capability

_MODE = "connection_refused"


def _without_clock(story: Story) -> Story:
    able = [each for each in story.header.capabilities if each != Capability.CLOCK]
    story.header = replace(story.header, capabilities=able)
    return story


def _returned(content: bytes) -> Story:
    story = whole_day(_MODE).without_messages().returns(25.3, content=content)
    return _without_clock(story)


def _report(old: str, new: str, *, status: str = "5.4.300") -> bytes:
    report = partial(postfix_like, status=status)(whole_day(_MODE).staged)
    assert old.encode() in report
    return report.replace(old.encode(), new.encode())


@pytest.mark.parametrize("profile", ["eop", "rfc", "eop-observed"])
def test_a_report_in_order(profile: str) -> None:
    assert _without_clock(whole_day(_MODE)).verdict("ndr_compressed", profile) is Verdict.PASS


def test_whose_clock_moves_is_judged_there() -> None:
    judged = whole_day(_MODE).judge("ndr_compressed")
    assert judged.verdict is Verdict.NOT_APPLICABLE
    assert "see ndr_form and ndr_status" in judged.reason


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Action: failed\r\n", "", "Action is missing"),
        ("Diagnostic-Code: X-Relay;", "Diagnostic-Code:", "Diagnostic-Code has no type"),
        ("Status: 5.4.300", "Status: 2.0.0", "Status 2.0.0"),
    ],
)
def test_form_and_status_are_judged_in_one_verdict(old: str, new: str, told: str) -> None:
    story = _returned(_report(old, new))
    for profile in ("eop", "rfc"):
        assert told in observed(story, "ndr_compressed", profile=profile)


def test_what_a_profile_does_not_ask_is_not_asked_here() -> None:
    story = _returned(_report("X-Queue-ID", "X-Queue-ID", status="4.4.1"))
    assert "Status 4.4.1" in observed(story, "ndr_compressed", Verdict.DEVIATION)
    assert story.verdict("ndr_compressed", "rfc") is Verdict.PASS


def test_a_plain_text_has_no_status_to_be_judged() -> None:
    story = _returned(b"Subject: Returned\r\n\r\nSorry.\r\n")
    assert "it is text/plain" in observed(story, "ndr_compressed", Verdict.DEVIATION)


def test_who_was_given_no_report_is_judged_by_expires() -> None:
    story = _without_clock(whole_day(_MODE).without_messages())
    assert "see expires" in story.judge("ndr_compressed").reason


def test_a_notice_of_delay_is_to_be_honest() -> None:
    story = _without_clock(whole_day(_MODE).returns(5.0, action="delayed", status="4.4.1"))
    assert story.verdict("ndr_compressed") is Verdict.PASS
    story = _without_clock(whole_day(_MODE).returns(5.0, action="relayed", status="4.4.1"))
    assert "Action: relayed" in observed(story, "ndr_compressed")
