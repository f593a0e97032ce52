"""What hostile words can do to a report or a log line is seen, and what is in order is left alone."""

from __future__ import annotations

import pytest

from conformance.judging import quoting

WHO = "recipient@a.test"
FIELDS = (
    b"Reporting-MTA: dns; relay.test\r\n\r\n"
    b"Final-Recipient: rfc822;recipient@a.test\r\nAction: failed\r\nStatus: 5.2.1\r\n"
    b"Diagnostic-Code: smtp;550 5.2.1 Mailbox busy%s\r\n"
)


def _report(fields: bytes) -> bytes:
    return (
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsp\xc3\xa4ter\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + fields + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize("words", [b"", b"\r\n Status: 2.0.0", b" \\x1b[2J", b"\ttab"])
def test_a_report_in_order_is_left_alone(words: bytes) -> None:
    assert quoting.report(_report(FIELDS % words), WHO) == []


@pytest.mark.parametrize(
    ("action", "right"),
    [
        (b"failed (expired)", True),
        (b"Failed(a)(b)", True),
        (b"delivered (failed)", False),
        (b"(failed)", False),
    ],
)
def test_a_comment_is_no_part_of_action(action: bytes, right: bool) -> None:
    fields = (FIELDS % b"").replace(b"Action: failed", b"Action: " + action)
    assert (quoting.report(_report(fields), WHO) == []) is right


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (b"\r\nStatus: 2.0.0", "2 fields Status"),
        (b"\rStatus: 2.0.0", "CR or LF alone"),
        (b"\nAction: delivered", "2 fields Action"),
        (b"\r\n\r\nFinal-Recipient: rfc822;x@b.test\r\nAction: delivered\r\nStatus: 2.0.0", "2 groups"),
        (b"\r\nDiagnostic-Code: smtp;250 OK", "2 fields Diagnostic-Code"),
        (b" \x00", "control characters"),
        (b" \x1b[2J", "control characters"),
        (b" sp\xc3\xa4ter", "not 7bit"),
        (b" " + b"x" * 1000, "a line of"),
    ],
)
def test_what_breaks_a_report_is_seen(words: bytes, complaint: str) -> None:
    assert any(complaint in each for each in quoting.report(_report(FIELDS % words), WHO))


@pytest.mark.parametrize(
    ("words", "complaints"),
    [(b"", []), (b"\r\nAction: delivered", ["Action is delivered"]), (b" \xc3\xa4", ["not 7bit"])],
)
def test_who_has_no_group_for_the_recipient_may_quote_in_the_other(
    words: bytes, complaints: list[str]
) -> None:
    fields = b"Received-From-MTA: dns; a.test\r\nDiagnostic-Code: smtp; 550 5.2.1 Mailbox busy%s\r\n" % words
    found = quoting.report(_report(fields), WHO)
    assert len(found) == len(complaints)
    assert all(expected in each for expected, each in zip(complaints, found, strict=True))


def test_no_group_for_the_recipient_and_no_quotation() -> None:
    found = quoting.report(_report(b"Reporting-MTA: dns; relay.test\r\n"), WHO)
    assert found == ["0 groups of fields for one recipient"]


def test_a_message_without_fields_is_no_report() -> None:
    assert quoting.report(b"Subject: returned\r\n\r\nSorry.\r\n", WHO) == [
        "there is no message/delivery-status part"
    ]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("450 busy", False),
        ("450 busy\tlater", False),
        ("450 sp\u00e4ter", False),
        ("450\nbusy", True),
        ("\x1b[2J", True),
    ],
)
def test_control_characters_are_seen(text: str, seen: bool) -> None:
    assert bool(quoting.control_characters(text)) is seen
