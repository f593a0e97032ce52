from __future__ import annotations

import pytest
from builders import ndr, staged
from hypothesis import given
from hypothesis import strategies as st

from conformance.dsn import read_report

STAGED = staged("connection_refused")


def test_the_fields_of_a_recipient() -> None:
    [recipient] = read_report(
        ndr(
            STAGED,
            status="5.4.316 (refused)",
            diagnostic="smtp; 550 5.4.316 no;\r\n  really",
            remote_mta="dns; mx.test",
        )
    ).recipients
    assert recipient.final_recipient == STAGED.recipient
    assert (recipient.action, recipient.status) == ("failed", "5.4.316")
    assert recipient.diagnostic == "550 5.4.316 no; really"
    assert recipient.remote_mta == "mx.test"


def test_a_missing_type_does_not_hide_what_is_said() -> None:
    [recipient] = read_report(ndr(STAGED, diagnostic="450 4.4.316 refused; retrying")).recipients
    assert recipient.diagnostic == "450 4.4.316 refused; retrying"


def test_absent_fields_are_empty() -> None:
    [recipient] = read_report(ndr(STAGED, diagnostic="")).recipients
    assert (recipient.diagnostic, recipient.remote_mta) == ("", "")


@pytest.mark.parametrize(
    ("action", "failure"),
    [("failed", True), ("Failed", True), ("delayed", False), ("delivered", False), ("relayed", False)],
)
def test_only_failed_is_a_failure(action: str, failure: bool) -> None:
    assert read_report(ndr(STAGED, action=action)).is_failure is failure


def test_one_failed_recipient_of_several_makes_a_failure() -> None:
    groups = b"Final-Recipient: rfc822; a@b\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient"
    report = read_report(ndr(STAGED).replace(b"Final-Recipient", groups, 1))
    assert [r.action for r in report.recipients] == ["delivered", "failed"]
    assert report.is_failure


def test_a_bounce_in_no_known_form_is_a_failure() -> None:
    report = read_report(b"Subject: Mail failed\r\n\r\nSorry.\r\n")
    assert (report.recipients, report.subject, report.is_failure) == ((), "Mail failed", True)


@given(st.binary(max_size=300))
def test_any_octets_can_be_read(content: bytes) -> None:
    read_report(content)
    read_report(ndr(STAGED).replace(b"Reporting-MTA", content, 1))
