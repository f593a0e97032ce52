"""Aspect names_recipient: for whom a relay says in its trace field that a message is."""

from __future__ import annotations

import pytest
from stories.story import Story

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict

_BEHIND = "; Tue, 24 Nov 2026 15:00:00 +0000"


def _copy(story: Story, clause: str, *recipients: str) -> Story:
    field = f"Received: from submitter.test by relay.test with ESMTP id for1{clause}{_BEHIND}\r\n"
    content = field.encode() + story.staged.content
    return story.delivers(1.5, recipients=recipients or None, content=content)


@pytest.mark.parametrize(
    ("clause", "verdict"),
    [
        ("", Verdict.PASS),
        ("\r\n\tfor <recipient@x.test>", Verdict.PASS),
        (" for recipient@x.test (the only one)", Verdict.PASS),
        (' for <"two words"@x.test>', Verdict.PASS),
        (" for <Postmaster>", Verdict.PASS),
        (" for <recipient@[127.0.0.1]>", Verdict.PASS),
        (" (not for you) via for-nobody", Verdict.PASS),
        (" for <other>", Verdict.FAIL),
        (" for <>", Verdict.FAIL),
        (" for <a@x.test>,<b@x.test>", Verdict.FAIL),
        (" for <a@x.test> <b@x.test>", Verdict.FAIL),
    ],
)
def test_one_path_or_none(clause: str, verdict: Verdict) -> None:
    assert _copy(Story("leading_dots"), clause).verdict("names_recipient") is verdict


def test_one_of_several_may_be_named_and_no_more() -> None:
    for named, verdict in (
        ("", Verdict.PASS),
        (" for <{0}>", Verdict.PASS),
        (" for <{0}>,<{1}>", Verdict.FAIL),
    ):
        story = Story("plain_two_recipients", course=Course.HEALTHY)
        both = (story.staged.recipient, *story.staged.others)
        judged = _copy(story, named.format(*both), *both).judge("names_recipient")
        assert (judged.verdict, judged.requirement.id) == (verdict, "trace/for-path")
