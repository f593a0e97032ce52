"""Reports in the form of RFC 6533, which many readers do not know."""

from __future__ import annotations

from mutants.mutant import mutation
from mutants.reporting import rewritten

_SCENARIOS = (
    "connection_refused.expires",
    "greeting_421.day",
    "rejected_at_rcpt",
    "rejected_utf8",
    "reply_like_fields.expires",
    "one_recipient_rejected",
)


def _globally(report: bytes) -> bytes:
    report = report.replace(
        b"Content-Type: message/delivery-status", b"Content-Type: message/global-delivery-status", 1
    )
    return report.replace(b"Content-Type: message/rfc822", b"Content-Type: message/global", 1)


@mutation(scenarios=_SCENARIOS, profiles=("rfc", "eop-observed"))
def reports_globally() -> None:
    """Writes message/global-delivery-status, with an address of the type utf-8."""
    rewritten(
        lambda report: _globally(report).replace(b"Final-Recipient: rfc822;", b"Final-Recipient: utf-8; ")
    )


@mutation(scenarios=_SCENARIOS, profiles=("rfc", "eop-observed"))
def reports_globally_with_plain_addresses() -> None:
    """Writes message/global-delivery-status, with addresses of the type rfc822."""
    rewritten(_globally)
