"""Aspect names_client: from whom a relay says that it had a message."""

from __future__ import annotations

import pytest
from stories.story import Story, observed

from conformance.judging.verdict import Verdict
from fake_servers.events import ClientSent

_BEHIND = "by relay.test with ESMTP id 1; Tue, 24 Nov 2026 15:00:00 +0000"


def _arrives(*fields: str) -> Story:
    story = Story("leading_dots")
    story.note(ClientSent(sender=story.staged.sender, what="content", octets=100, at=1.1))
    trace = "".join(f"Received: {field}\r\n" for field in fields)
    return story.delivers(1.5, content=trace.encode() + story.staged.content)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("from submitter.test ([127.0.0.1])\r\n\t", Verdict.PASS),
        ("from localhost ([127.0.0.1] helo=Submitter.TEST) ", Verdict.PASS),
        ("from localhost (localhost [127.0.0.1]) ", Verdict.DEVIATION),
        ("from submi?ter.test ([127.0.0.1]) ", Verdict.DEVIATION),
        ("from localhost (127.0.0.1 helo=submitter.test.) ", Verdict.PASS),
        ("from submitter.test (localhost [IPv6:::1]) ", Verdict.PASS),
        ("from submitter.test ([fd00::1] helo=[submitter.test]) ", Verdict.PASS),
        ("from submitter.test... ([127.0.0.1]) ", Verdict.DEVIATION),
        ("from submitter.test.other ([127.0.0.1]) ", Verdict.DEVIATION),
        ("from submitter.test ([unknown]) ", Verdict.DEVIATION),
        ("from submitter.test ([IPv6:127.0.0.1]) ", Verdict.DEVIATION),
        ("", Verdict.NOT_APPLICABLE),
    ],
)
def test_name_and_address_are_among_what_is_said(said: str, verdict: Verdict) -> None:
    assert _arrives(said + _BEHIND).verdict("names_client") is verdict


@pytest.mark.parametrize(
    ("behind", "verdict"),
    [
        (
            "by relay.test with Microsoft SMTP Server (version=TLS1_2) id 15.20 via Frontend Transport",
            Verdict.PASS,
        ),
        (
            "(using TLSv1.3 with cipher A)\r\n by relay.test (Exim)\r\n\twith esmtp (it)\r\n\tid 1-2",
            Verdict.PASS,
        ),
        ("by relay.test via TCP with UTF8SMTPSA id 1 for <a@b.test>", Verdict.PASS),
        ("by relay.test id 1", Verdict.PASS),
        ("by relay.test with id 1", Verdict.DEVIATION),
        ("by relay.test with  id 1", Verdict.DEVIATION),
        ("by relay.test with other id 1", Verdict.DEVIATION),
    ],
)
def test_the_protocol_is_one_of_smtp(behind: str, verdict: Verdict) -> None:
    date = "Tue, 24 Nov 2026 15:00:00 +0000"
    story = _arrives(f"from submitter.test ([127.0.0.1]) {behind}; {date}")
    assert story.verdict("names_client") is verdict


def test_hops_within_the_relay_are_its_own() -> None:
    story = _arrives(f"from inner.test {_BEHIND}", f"from submitter.test {_BEHIND}")
    assert story.verdict("names_client") is Verdict.PASS


def test_who_was_handed_the_message_in_another_way_is_not_judged() -> None:
    story = Story("leading_dots").delivers(1.5)
    assert "our own SMTP client" in observed(story, "names_client", Verdict.NOT_APPLICABLE)
