"""What hostile words of a remote server have done to what quotes them.

Each function returns complaints in words; an empty list means that nothing is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from email.message import Message

from conformance.evidence.report_addresses import address_of
from conformance.evidence.reports import ARRIVED, MACHINE_PARTS, field_groups, parsed, without_comments

# The C0 controls that RFC 5424 section 6.4 warns of, but for the tab.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f]")
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LONGEST_LINE = 998  # octets, RFC 5322 section 2.1.1
# RFC 3464 section 2.3: never twice. Whether one is there, and what it says of itself, is a question of the form.
_ONCE = (
    "Final-Recipient",
    "Action",
    "Status",
    "Original-Recipient",
    "Remote-MTA",
    "Diagnostic-Code",
    "Last-Attempt-Date",
)


def control_characters(text: str) -> list[str]:
    """Complain about characters that end a line, or that a terminal obeys (RFC 5424 section 6.4)."""
    found = sorted({f"U+{ord(character):04X}" for character in _CONTROL.findall(text)})
    return [f"{', '.join(found)} in {text!r}"] if found else []


def report(content: bytes, recipient: str) -> list[str]:
    """Complain about a report whose fields are not its own: injected, repeated, or not 7bit (RFC 3464 section 2).

    Args:
        content: The report.
        recipient: The only one whom it is about.
    """
    message = parsed(content)
    groups = field_groups(message)
    if not groups:
        return ["there is no message/delivery-status part"]
    found = _octets(content, message)
    # who has no group for the recipient quotes in the only one: that is a question of the form, and of no words
    quoting = groups if len(groups) == 1 and "Diagnostic-Code" in groups[0] else groups[1:]
    if len(quoting) != 1:
        found.append(f"{len(quoting)} groups of fields for one recipient")
    for group in quoting:
        found += _fields(group, recipient)
    return found


def _fields(group: Message, recipient: str) -> list[str]:
    count = Counter(name.lower() for name in group.keys())  # noqa: SIM118 - one for each field, not for each name
    found = [f"{count[name.lower()]} fields {name}" for name in _ONCE if count[name.lower()] > 1]
    action = group.get("Action")
    # injected words may say the contrary, or leave nothing; what a relay likes to call it is a question of the form
    if action is not None and without_comments(action).lower() in ("", *ARRIVED):
        found.append(f"Action is {action}")
    final = address_of(group, "Final-Recipient") if ";" in str(group.get("Final-Recipient")) else ""
    if final and final.lower() != recipient.lower():
        found.append(f"Final-Recipient is {final}")
    return found


def _octets(content: bytes, message: Message) -> list[str]:
    """Complain about octets that fields must not have (RFC 3464 section 2.1, RFC 2045 section 2.7, RFC 5322 2.2)."""
    found = []
    raw = _machine_part(content, message)
    if _UNPRINTABLE.search(raw):
        found.append("control characters in the delivery-status part")
    if _BARE.search(raw):
        found.append("CR or LF alone in the delivery-status part")
    ascii_only = any(part.get_content_type() == MACHINE_PARTS[0] for part in message.walk())
    if ascii_only and not raw.isascii():
        found.append("the delivery-status part is not 7bit")
    longest = max((len(line) for line in raw.split(b"\r\n")), default=0)
    if longest > LONGEST_LINE:
        found.append(f"a line of {longest} octets in the delivery-status part")
    return found


def _machine_part(content: bytes, message: Message) -> bytes:
    """Return the octets of the delivery-status part as they came, head included; a parsed part has lost its CRs."""
    boundary = str(message.get_param("boundary") or "")
    pieces = content.split(b"--" + boundary.encode("ascii", "replace")) if boundary else [content]
    kinds = tuple(kind.encode("ascii") for kind in MACHINE_PARTS)
    for piece in pieces:
        head = piece.partition(b"\r\n\r\n")[0].lower()
        if any(kind in head for kind in kinds) and b"multipart/" not in head:
            return piece
    return b""
