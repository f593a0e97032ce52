from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories.reports import ndr
from stories.staging import staged

from conformance.evidence.reports import read_report, words

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


def test_the_action_without_comments_in_lower_case() -> None:
    for action in ("failed", "Failed", "failed (given up)", "(a\r\n\tb) failed (given (or not) up)"):
        assert [r.action for r in read_report(ndr(STAGED, action=action)).recipients] == ["failed"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("(of (old)) rfc822; (One)\r\n one@a.test (not (two))", "one@a.test"),
        ("rfc822;one@a.test(One)", "one@a.test"),
        ('rfc822; "(one \\" (two"@a.test (One)', '"(one \\" (two"@a.test'),
        ("rfc822; one@a.test (never closed", "one@a.test (never closed"),
    ],
)
def test_an_address_without_comments_beside_its_quotes(said: str, meant: str) -> None:
    report = ndr(STAGED).replace(f"rfc822; {STAGED.recipient}".encode(), said.encode())
    assert [each.final_recipient for each in read_report(report).recipients] == [meant]


def test_each_recipient_has_a_group() -> None:
    groups = b"Final-Recipient: rfc822; a@b\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient"
    report = read_report(ndr(STAGED).replace(b"Final-Recipient", groups, 1))
    assert [r.action for r in report.recipients] == ["delivered", "failed"]


def test_a_bounce_in_no_known_form_says_nothing_of_anybody() -> None:
    report = read_report(b"Subject: Mail failed\r\n\r\nSorry.\r\n")
    assert (report.recipients, report.subject, report.date) == ((), "Mail failed", None)


def test_dates_are_seconds_whatever_their_zone() -> None:
    content = ndr(STAGED).replace(b"Status:", b"Will-Retry-Until: Thu, 1 Jan 1970 02:00:00 +0100\r\nStatus:")
    content = b"Date: Thu, 01 Jan 1970 00:30:00 -0000\r\n" + content
    report = read_report(content)
    assert report.date == 1800.0
    assert [r.will_retry_until for r in report.recipients] == [3600.0]
    assert (
        read_report(content.replace(b"Thu, 1 Jan 1970 02:00:00 +0100", b"soon"))
        .recipients[0]
        .will_retry_until
        is None
    )


_GROUPS = """Reporting-MTA: dns; relay.test

Final-Recipient: utf-8; jörg@x.test
Action: failed
Status: 5.1.2
Diagnostic-Code: smtp; 550 5.1.2 unbekannt:
 Jörg

Final-Recipient: rfc822; a@b.test
Action: delivered
Status: 2.0.0
"""


@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable", ""])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_the_younger_type_may_be_encoded(encoding: str, line_end: bytes) -> None:
    body = _GROUPS.encode().replace(b"\n", line_end)
    body = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(body)
    head = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    content = f"Content-Type: message/global-delivery-status\r\n{head}\r\n".encode() + body
    first, second = read_report(content).recipients
    assert first.final_recipient.endswith("rg@x.test")  # other letters may be lost in our reader
    assert (first.action, first.status) == ("failed", "5.1.2")
    assert first.diagnostic.startswith("550 5.1.2 unbekannt: J")
    assert (second.final_recipient, second.action) == ("a@b.test", "delivered")


def test_what_cannot_be_decoded_says_nothing() -> None:
    content = (
        b"Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\nabcde\r\n"
    )
    assert read_report(content).recipients == ()


@given(st.binary(max_size=300))
def test_any_octets_can_be_read(content: bytes) -> None:
    read_report(content)
    read_report(ndr(STAGED).replace(b"Reporting-MTA", content, 1))


def test_a_charset_that_is_no_name_of_one_hides_nothing() -> None:
    content = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/plain; charset="us\x00ascii"\r\n\r\nNo such \xf6ne.\r\n\r\n'
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.test\r\n\r\n"
        b"Final-Recipient: rfc822; r@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert [recipient.status for recipient in read_report(content).recipients] == ["5.1.1"]
    assert "No such" in words(content)
