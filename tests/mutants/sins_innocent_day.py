"""Peculiarities of reports and of the last hour that no requirement forbids."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from conformance.reference import dsn, intake, schedule
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.patching import patch, sin
from mutants.reporting import rewritten
from mutants.sins_reports import told_of_delay

_MINUTES_LATE = 10


@sin
def expires_when_tried() -> None:
    patch(Relay, "_expire", lambda _: lambda self, message: None)


@sin
def expires_some_minutes_late() -> None:
    patch(
        schedule,
        "expires_at",
        lambda original: (
            lambda accepted_at, granted: (
                original(accepted_at, granted) + granted.queue_lifetime * _MINUTES_LATE / (24 * 60)
            )
        ),
    )


@sin
def tells_of_a_delay_of_hours() -> None:
    told_of_delay(b"delayed", 3)


@sin
def returns_headers_only() -> None:
    def make(_: Any) -> Any:
        def returned_part(message: Message, content: bytes) -> tuple[str, bytes]:
            return "text/rfc822-headers", dsn.header_section(content)

        return returned_part

    patch(dsn, "returned_part", make)


@sin
def reports_in_its_own_form() -> None:
    def change(report: bytes) -> bytes:
        report = report.replace(b"\r\nAction: failed", b"\r\nAction: Failed (expired)\r\nX-Queue: 7", 1)
        report = re.sub(rb"\r\nStatus: [\d.]+", b"\r\nStatus: 5.4.300 (message expired)", report, count=1)
        report = re.sub(
            rb"\r\nDiagnostic-Code: smtp;550 [\d.]+",
            b"\r\nDiagnostic-Code: smtp;550 5.4.300",
            report,
            count=1,
        )
        return re.sub(rb"(\r\n(?:Arrival|Last-Attempt)-Date: .* \+0000)", rb"\1 (UTC)", report)

    rewritten(change)


@sin
def reports_the_reply_as_it_was() -> None:
    def make(original: Any) -> Any:
        def fields(recipient: Recipient, failure: Failure) -> list[str]:
            last = recipient.failure
            rows: list[str] = original(recipient, failure)
            if last is None:
                return rows
            # the detail of a session that was refused is the reply
            said = dsn._ascii(last.line if last.remote else last.detail)
            quoted = {"Status": "Status: 5.4.300", "Diagnostic-Code": f"Diagnostic-Code: smtp; {said}"}
            return [quoted.get(row.partition(":")[0], row) for row in rows]

        return fields

    patch(dsn, "_recipient_fields", make)


@sin
def stamps_a_local_time() -> None:
    def make(original: Any) -> Any:
        def received_field(*args: Any, **kwargs: Any) -> bytes:
            field, _, stamp = original(*args, **kwargs).decode("ascii").rpartition("; ")
            local = parsedate_to_datetime(stamp.strip()).astimezone(timezone(timedelta(hours=9)))
            return f"{field}; {format_datetime(local)} (local time)\r\n".encode("ascii")

        return received_field

    patch(intake, "received_field", make)
