"""Each field of a report by itself: its type, and whether anybody gave it."""

from __future__ import annotations

import pytest
from stories.reports import exchange_like, postfix_like
from stories.staging import staged

from conformance.judging import report_fields

STAGED = staged("connection_refused")
WHO = STAGED.recipient
POSTFIX, EXCHANGE = postfix_like(STAGED, more="Remote-MTA: dns; mx1.test\n"), exchange_like(STAGED)


def _with(old: str, new: str) -> bytes:
    assert old.encode() in POSTFIX
    return POSTFIX.replace(old.encode(), new.encode())


@pytest.mark.parametrize("report", [POSTFIX, EXCHANGE, b"Subject: x\r\n\r\nSorry.\r\n"])
def test_nothing_is_wrong(report: bytes) -> None:
    assert report_fields.types(report) == report_fields.invented(report, WHO) == []


@pytest.mark.parametrize(
    "field",
    ["Reporting-MTA: dns;", "Final-Recipient: rfc822;", "Remote-MTA: dns;", "Diagnostic-Code: X-Relay;"],
)
@pytest.mark.parametrize("action", ["Action: failed\r\n", "Action: failed\r\nX-Other: 1\r\n", ""])
def test_a_field_without_its_type(field: str, action: str) -> None:
    name, _, kind = field.partition(": ")
    report = _with(field, f"{name}:").replace(b"Action: failed\r\n", action.encode())
    [complaint] = report_fields.types(report)
    assert complaint.startswith(f"{name} has no type: ")
    allowed = _with(field, f"{name}: (a comment) {kind.upper()}")
    assert report_fields.types(allowed) == []


@pytest.mark.parametrize("action", ["Action: failed\r\n", ""])
def test_what_nobody_gave(action: str) -> None:
    report = _with("Action: failed\r\n", action)
    told = report.replace(b"Reporting-MTA:", b"Original-Envelope-Id: Q7\r\nReporting-MTA:")
    assert report_fields.invented(told, WHO) == ["Original-Envelope-Id is Q7, and the envelope had none"]
    other = _with(f"Original-Recipient: rfc822;{WHO}", "Original-Recipient: rfc822;else@x.test")
    assert report_fields.invented(other, WHO) == [
        f"Original-Recipient is rfc822;else@x.test, and the envelope had {WHO}"
    ]
    assert report_fields.invented(_with(f"Original-Recipient: rfc822;{WHO}", "X-None: 1"), WHO) == []


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("smtp; 550 5.1.1 No such user", True),
        ("SMTP ;550-No such user\r\n 550 here", True),
        ("(what it said) smtp; 550", True),
        ("X-Relay; connection refused", True),
        ("smtp;", False),
        ("smtp; 5.1.1 No such user", False),
        ("smtp; Connection refused", False),
        ("smtp; 55 short", False),
    ],
)
def test_what_is_of_type_smtp_begins_with_a_reply_code(value: str, *, right: bool) -> None:
    field = next(line for line in POSTFIX.decode().split("\r\n") if line.startswith("Diagnostic-Code:"))
    told = report_fields.not_smtp(_with(field, f"Diagnostic-Code: {value}"))
    assert (told == []) is right
    assert bool(report_fields.diagnostics(_with(field, f"Diagnostic-Code: {value}"))) is ("X-" not in value)
