"""What a sender hears last of a message that expired: promises, words of another kind, other forms."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.message import Message
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.reporting import Change, field_changed, rewritten, told_of_delay

_EXPIRES = ("connection_refused.expires",)
_FIELDS = "ndr/fields"
_DSN = "ndr/notification"
_ENDS = (fails("expires", "lifetime/ends"), fails("expires", "rfc/gives-up", profile="rfc"))


def _without_report() -> None:
    async def report(self: Any, message: Message, now: float, failures: Any) -> None:
        return None

    patch(Relay, "_report", lambda _: report)


def _as_plain_text(report: bytes) -> bytes:
    return re.sub(
        rb"Content-Type: multipart/report.*?\r\n boundary=[^\r]*",
        b"Content-Type: text/plain; charset=us-ascii",
        report,
        count=1,
    )


def _delayed(status: bytes = b"") -> Change:
    def change(report: bytes) -> bytes:
        report = report.replace(b"\r\nAction: failed", b"\r\nAction: delayed", 1)
        return re.sub(rb"(?m)^Status: [\d.]+", b"Status: " + status, report, count=1) if status else report

    return change


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day", "greeting_421.restarted"),
    caught=_ENDS,
    also=tuple(
        expected
        for profile in ("eop", "rfc")
        for expected in hence(
            "all that came to the sender promises more",
            *("survives_restart", "tells_why"),
            verdict="not_applicable",
            courses=("restarted",),
            profile=profile,
        )
    ),
)
def warned_then_lost() -> None:
    """Tells the sender of a delay, and drops the message at the end without another word."""
    told_of_delay(b"delayed", 2)
    _without_report()


@mutation(scenarios=(*_EXPIRES, "greeting_421.day"), caught=_ENDS)
def warned_and_lost_at_once() -> None:
    """Tells the sender of a delay as it drops the message, and says until when it will be tried."""

    def change(report: bytes) -> bytes:
        return _delayed(b"4.4.1")(report).replace(
            b"\r\nDiagnostic-Code: ",
            b"\r\nWill-Retry-Until: Thu, 01 Jan 2099 00:00:00 +0000\r\nDiagnostic-Code: ",
            1,
        )

    rewritten(change)


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day", "greeting_421.restarted", "reply_like_fields.expires"),
    caught=(
        fails("ndr_form", _FIELDS),
        fails("ndr_form", _FIELDS, profile="rfc"),
    ),
    brings=dict.fromkeys(
        ("replies/refusal-class",),
        "the Status of each kind of report is a requirement of its own",
    ),
)
def last_word_delayed() -> None:
    """Writes into its reports that the message is delayed because its time is over (4.4.7)."""
    rewritten(_delayed(b"4.4.7"))


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day", "greeting_421.restarted", "reply_like_fields.expires"),
    caught=(
        fails("ndr_form", _FIELDS),
        fails("ndr_form", _FIELDS, profile="rfc"),
    ),
)
def no_action() -> None:
    """Leaves Action out of its reports."""
    field_changed(rb"Action: failed\r\n", b"")


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day"),
    caught=(fails("ndr_form", _FIELDS), fails("ndr_form", _FIELDS, profile="rfc")),
)
def action_of_another_word() -> None:
    """Writes Action: error."""
    field_changed(rb"Action: failed", b"Action: error")


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day", "greeting_421.restarted"),
    caught=(deviates("ndr_form", _DSN), deviates("ndr_form", _DSN, profile="rfc")),
)
def multipart_mixed_report() -> None:
    """Writes its reports as multipart/mixed."""
    rewritten(
        lambda report: report.replace(
            b"Content-Type: multipart/report; report-type=delivery-status;", b"Content-Type: multipart/mixed;"
        )
    )


@mutation(
    scenarios=(*_EXPIRES, "greeting_421.day", "connection_refused"),
    profiles=("rfc", "eop-observed"),
)
def warns_in_plain_text() -> None:
    """Tells the sender of a delay in plain text, and reports the end as it should."""
    told_of_delay(b"delayed", 1, change=_as_plain_text)


@mutation(
    scenarios=(
        *_EXPIRES,
        "greeting_421.day",
        "connection_refused",
        "tls_not_offered.edited",
        "mix_deferred_accepted_refused",
    ),
    profiles=("rfc", "eop-observed"),
)
def warns_of_a_delay_without_its_status() -> None:
    """Tells the sender of a delay with Status 4.4.7, and goes on trying."""
    told_of_delay(
        b"delayed", 1, change=lambda report: re.sub(rb"(?m)^Status: [\d.]+", b"Status: 4.4.7", report)
    )
