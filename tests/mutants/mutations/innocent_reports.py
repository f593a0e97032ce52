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
from mutants.mutant import Expected, hence, mutation
from mutants.patching import patch
from mutants.reporting import rewritten, told_of_delay

_MINUTES_LATE = 10
_ALL_PROFILES = ("rfc", "eop-observed")


def _tells(profile: str) -> tuple[Expected, ...]:
    return hence("there is a notice to judge", "delay_notice", verdict="pass", profile=profile)


@mutation(
    scenarios=("greeting_421.day", "connection_refused.expires"),
    also=tuple(
        each
        for profile in ("eop", *_ALL_PROFILES)
        for each in hence(
            "gaps of an hour say nothing about those of fifteen minutes",
            "retried_all_day",
            verdict="not_applicable",
            profile=profile,
        )
    ),
    profiles=_ALL_PROFILES,
    granted={"retry_interval": 4.0},
)
def grants_an_hour_at_first() -> None:
    """Takes an hour for the first gaps as well, and says so."""
    # what it grants, and then does, is declared above


@mutation(
    scenarios=(
        "connection_refused.expires",
        "connection_refused.null_sender",
        "greeting_421.day",
        "certificate_expired.restarted",
    ),
    profiles=_ALL_PROFILES,
)
def expires_when_tried() -> None:
    """Gives a message up at the first attempt that fails after its lifetime."""
    patch(Relay, "_expire", lambda _: lambda self, message: None)


@mutation(
    scenarios=(
        "connection_refused.expires",
        "connection_refused.null_sender",
        "greeting_421.day",
        "dns_servfail.restarted",
    ),
    profiles=_ALL_PROFILES,
)
def expires_some_minutes_late() -> None:
    """Gives messages up 10 minutes late."""
    patch(
        schedule,
        "expires_at",
        lambda original: (
            lambda accepted_at, granted: (
                original(accepted_at, granted) + granted.queue_lifetime * _MINUTES_LATE / (24 * 60)
            )
        ),
    )


@mutation(
    scenarios=("connection_refused.expires", "close_at_data.expires"),
    also=(*_tells("eop"), *_tells("rfc")),
    profiles=_ALL_PROFILES,
)
def tells_of_a_delay_of_hours() -> None:
    """Tells the sender after the third attempt that the message is delayed."""
    told_of_delay(b"delayed", 3)


@mutation(scenarios=("connection_refused.expires", "rejected_at_data"), profiles=_ALL_PROFILES)
def returns_headers_only() -> None:
    """Returns the header section of a message instead of the whole."""

    def make(_: Any) -> Any:
        def returned_part(message: Message, content: bytes) -> tuple[str, bytes]:
            return "text/rfc822-headers", dsn.header_section(content)

        return returned_part

    patch(dsn, "returned_part", make)


@mutation(
    scenarios=(
        "connection_refused.expires",
        "certificate_expired.expires",
        "greeting_421.day",
        "reply_like_fields.expires",
    ),
    profiles=_ALL_PROFILES,
)
def reports_in_its_own_form() -> None:
    """Writes comments, capitals, a field of its own and 5.4.300 into its reports."""

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


@mutation(
    scenarios=("reply_499.expires", "greeting_421.expires", "reply_like_fields.expires"),
    profiles=_ALL_PROFILES,
)
def reports_the_reply_as_it_was() -> None:
    """Writes the last reply of the remote server into Diagnostic-Code, and 5.4.300 into Status, at the end."""

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


@mutation(scenarios=("connection_refused.expires", "plain"), profiles=_ALL_PROFILES)
def stamps_a_local_time() -> None:
    """Stamps its trace fields with the time of another zone."""

    def make(original: Any) -> Any:
        def received_field(*args: Any, **kwargs: Any) -> bytes:
            field, _, stamp = original(*args, **kwargs).decode("ascii").rpartition("; ")
            local = parsedate_to_datetime(stamp.strip()).astimezone(timezone(timedelta(hours=9)))
            return f"{field}; {format_datetime(local)} (local time)\r\n".encode("ascii")

        return received_field

    patch(intake, "received_field", make)
