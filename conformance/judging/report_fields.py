"""What each field of a report says by itself, whatever others there are: its type, and whether anybody gave it.

Each function returns complaints in words; an empty list means that nothing is wrong. Which fields have to be there, and
what they must say of the message, is a question of the form (`report_form.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from conformance.evidence.report_addresses import address_of
from conformance.evidence.reports import field_groups, parsed, without_comments
from conformance.judging.addresses import canonical

# RFC 3464 sections 2.1.2, 2.2.2 to 2.2.4, 2.3.1, 2.3.2, 2.3.5 and 2.3.6: they begin with a type and a semicolon.
_TYPED = (
    "Reporting-MTA",
    "DSN-Gateway",
    "Received-From-MTA",
    "Original-Recipient",
    "Final-Recipient",
    "Remote-MTA",
    "Diagnostic-Code",
)
_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*\s*;")

# RFC 3461 section 9.2, which has three digits or more; what ends behind them has lost a blank that nobody needs.
_SMTP = re.compile(r"smtp\s*;\s*", re.IGNORECASE)
_REPLY = re.compile(r"\d{3,}(?:[ -]|$)")

# What is asked of such a Diagnostic-Code.
SMTP = "Diagnostic-Code of type smtp begins with a reply code"


def types(content: bytes) -> list[str]:
    """Complain about fields without the type that says how to read them."""
    return [
        f"{name} has no type: {value}"
        for group in _groups(content)
        for name in _TYPED
        for value in group.get_all(name) or []
        if not _TYPE.match(without_comments(value))
    ]


def not_smtp(content: bytes) -> list[str]:
    """Complain about a Diagnostic-Code of type smtp that does not begin with a reply code (RFC 3461 section 9.2)."""
    return [
        f"Diagnostic-Code is {' '.join(value.split())}"
        for value in diagnostics(content)
        if not _REPLY.match(_SMTP.sub("", value, count=1))
    ]


def diagnostics(content: bytes) -> list[str]:
    """Return each Diagnostic-Code that says it is of type smtp."""
    values = (
        without_comments(value)
        for group in _groups(content)
        for value in group.get_all("Diagnostic-Code") or []
    )
    return [value for value in values if _SMTP.match(value)]


def invented(content: bytes, recipient: str) -> list[str]:
    """Complain about what a report says that the sender gave, and did not (RFC 3464 sections 2.2.1 and 2.3.1).

    Nobody submits an envelope identifier here, or an original recipient. Many relays repeat the recipient of the
    envelope as the original one, which is true.

    Args:
        content: The report.
        recipient: The recipient of the envelope.
    """
    return [*_identifiers(content), *_recipients(content, recipient)]


def _identifiers(content: bytes) -> Iterator[str]:
    for group in _groups(content):
        for value in group.get_all("Original-Envelope-Id") or []:
            yield f"Original-Envelope-Id is {value}, and the envelope had none"


def _recipients(content: bytes, recipient: str) -> Iterator[str]:
    for group in _groups(content):
        value = group.get("Original-Recipient")
        if value:
            address = address_of(group, "Original-Recipient")
            if canonical(address).lower() != canonical(recipient).lower():
                yield f"Original-Recipient is {value}, and the envelope had {recipient}"


def _groups(content: bytes) -> list[Message]:
    return field_groups(parsed(content))
