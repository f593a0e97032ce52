"""What the trace fields say that a relay adds (RFC 5321 section 4.4)."""

from __future__ import annotations

import email
import email.policy
import re

from conformance.evidence.reports import without_comments

# What stands behind the word up to the next clause, or to the semicolon in front of the date.
_FOR = re.compile(r"\sfor\s+(.*?)\s*(?:;|\s(?:from|by|via|with|id)\s|$)", re.IGNORECASE)
_WITH = re.compile(r"\swith(?=\s)(.*?)(?=;|\s(?:from|by|via|id|for)\s|$)", re.IGNORECASE | re.DOTALL)
# A path or a mailbox, in brackets or not; Postmaster alone is one, too (RFC 5321 section 4.5.1).
_PATH = re.compile(r"<?(?:[^\s<>,;]+|\"[^\"]*\")@[^\s<>,;@]+>?|<?postmaster>?", re.IGNORECASE)


def added(content: bytes, original: bytes) -> list[str]:
    """Return the Received fields of a copy that the message had not when it was submitted, topmost first."""
    fields = _received(content)
    return fields[: len(fields) - len(_received(original))]


def recipients(field: str) -> str:
    """Return what a Received field has in its FOR clause; empty: it has none."""
    found = _FOR.search(without_comments(field))
    return found[1].strip() if found else ""


def protocol(field: str) -> str | None:
    """Return what a Received field has in its WITH clause, which may be empty; None: it has none."""
    found = _WITH.search(without_comments(field))
    return " ".join(found[1].split()) if found else None


def is_path(text: str) -> bool:
    """Tell whether a text is one path and nothing else."""
    return _PATH.fullmatch(text) is not None


def _received(content: bytes) -> list[str]:
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    return [str(value) for value in message.get_all("Received") or []]
