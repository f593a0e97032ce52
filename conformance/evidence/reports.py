"""Our own reader of delivery status notifications (RFC 3464 in a multipart/report of RFC 6522)."""

from __future__ import annotations

import binascii
import email
import email.policy
import email.utils
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import EmailMessage, Message
from functools import lru_cache

from conformance.evidence.report_addresses import address_of

# RFC 5322 section 3.2.2, which RFC 3464 section 2.1.1 lets into every structured field
_COMMENT = re.compile(r"\([^()]*\)")
_TYPE = re.compile(r"[\w.-]+\s*;\s*")
_ASCII_PART = "message/delivery-status"
GLOBAL_PART = "message/global-delivery-status"

# What Action says of a message that went on its way (RFC 3464 section 2.3.3).
ARRIVED = ("delivered", "relayed", "expanded")

# Of the first group, which is about the message (section 2.2), none has these; each of the others has one, and a report
# in which the field with the address is missing speaks of a recipient all the same.
_OF_A_RECIPIENT = (
    "Final-Recipient",
    "Original-Recipient",
    "Action",
    "Status",
    "Diagnostic-Code",
    "Remote-MTA",
)

_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": binascii.a2b_base64,
    "quoted-printable": quopri.decodestring,
}

MACHINE_PARTS = (_ASCII_PART, GLOBAL_PART)


@dataclass(frozen=True, kw_only=True)
class RecipientReport:
    """The per-recipient fields (RFC 3464 section 2.3), empty where absent.

    Attributes:
        final_recipient: The address, without its type (`report_addresses.py`).
        action: `failed`, `delayed`, `delivered`, `relayed` or `expanded`, in lower case.
        status: The enhanced status code, comments removed.
        diagnostic: Diagnostic-Code without its type.
        remote_mta: Remote-MTA without its type.
        will_retry_until: Will-Retry-Until, if it is a date, in seconds since the epoch.
    """

    final_recipient: str
    action: str
    status: str
    diagnostic: str
    remote_mta: str
    will_retry_until: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a message says as a report.

    Attributes:
        recipients: What it says of each recipient; none if it has no fields of any.
        subject: Its Subject.
        date: Its Date, if that is one, in seconds since the epoch.
    """

    recipients: tuple[RecipientReport, ...]
    subject: str
    date: float | None = None


@lru_cache(maxsize=512)
def parsed(content: bytes) -> Message:
    """Parse a message; those who ask are several for each report, and none of them may change it."""
    return email.message_from_bytes(content, policy=email.policy.compat32)


def read_report(content: bytes) -> Report:
    """Read a message as a delivery status notification."""
    message = parsed(content)
    groups = recipient_groups(message)
    return Report(
        recipients=tuple(map(_recipient, groups)),
        subject=str(message.get("Subject", "")),
        date=_date(message.get("Date")),
    )


def field_groups(message: Message) -> list[Message]:
    """Return the groups of fields of the first machine-readable part (RFC 3464 section 2.1, RFC 6533 section 3)."""
    return [group for group in _groups(message) if group.keys()]


def stray_lines(message: Message) -> list[str]:
    """Return the lines of the first machine-readable part that are no field, nor any field's continuation.

    What is behind such a line is read as what it is not: nobody finds the fields there.
    """
    texts = [str(group.get_payload()) for group in _groups(message)]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def _groups(message: Message) -> list[Message]:
    for part in message.walk():
        kind = part.get_content_type()
        if kind in MACHINE_PARTS and part.is_multipart():
            # the library splits the older type only
            groups = _split(part) if kind == GLOBAL_PART else part.get_payload()
            return [group for group in groups if isinstance(group, Message)]
    return []


def recipient_groups(message: Message) -> list[Message]:
    """Return the groups of fields that are each about a recipient (RFC 3464 section 2.3)."""
    return [group for group in field_groups(message) if any(group.get(name) for name in _OF_A_RECIPIENT)]


def has_fields(content: bytes) -> bool:
    """Tell whether a report has a part for programs."""
    return bool(field_groups(parsed(content)))


def words(content: bytes, original: bytes = b"") -> str:
    """Return what a report says to people: its texts, without the lines of the message that it returns.

    Args:
        content: The report.
        original: The message that it may return, in a part of its own or at the end of its text.
    """
    returned = {line.strip() for line in original.decode("latin-1").splitlines()}
    lines = [line for text in _texts(parsed(content)) for line in text.splitlines()]
    return "\n".join(line for line in lines if line.lstrip("> ").strip() not in returned)


def names(address: str, said: str) -> bool:
    """Tell whether an address stands in a text, and not as a part of a longer one; the case of letters is nothing."""
    return re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-])", said, re.IGNORECASE) is not None


def octets_of(part: Message) -> bytes:
    """Return the content of a part, decoded if it is a text, or a message in an encoding.

    A soft line break may fall into a long field. A message/global may be in any encoding (RFC 6532 section 3.7).
    """
    if is_encoded_message(part):
        return _message_in(part)
    if not part.is_multipart():
        try:
            decoded = part.get_payload(decode=True)
        except ValueError:
            decoded = None  # its charset is no name of one
        if isinstance(decoded, bytes):
            return decoded
    return part.as_bytes()


def _texts(part: Message) -> Iterator[str]:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.get_payload():
            if isinstance(inner, Message):
                yield from _texts(inner)
    elif part.get_content_type() in ("text/plain", "text/html") and not part.is_multipart():
        yield octets_of(part).decode(
            "utf-8", "replace"
        )  # codes and addresses are ASCII, whatever the charset


def is_encoded_message(part: Message) -> bool:
    """Tell whether a part is a message in an encoding, of which the parser has taken the encoded lines for fields."""
    return part.get_content_maintype() == "message" and part.is_multipart() and _encoding(part) in _DECODERS


def _encoding(part: Message) -> str:
    return without_comments(part.get("Content-Transfer-Encoding")).lower()


def _message_in(part: Message) -> bytes:
    """Return what a part of type message has in it, decoded; nothing if it cannot be."""
    inner = [each for each in part.get_payload() if isinstance(each, Message)]
    decoder = _DECODERS.get(_encoding(part))
    if decoder is None:
        return b"".join(each.as_bytes() for each in inner)
    try:
        return decoder(b"".join(map(_as_it_came, inner)))
    except binascii.Error:
        return b""


def _as_it_came(inner: Message) -> bytes:
    """Return what was parsed as a message with no blank line that was not there: an encoded line ends the fields."""
    body = inner.get_payload()
    if not isinstance(body, str):
        return inner.as_bytes()
    fields = "".join(f"{name}: {value}\n" for name, value in inner.raw_items())
    ended = any(isinstance(each, MissingHeaderBodySeparatorDefect) for each in inner.defects)
    blank = "" if ended or not fields else "\n"
    return f"{fields}{blank}{body}".encode("utf-8", "surrogateescape")


def _split(part: Message) -> list[Message]:
    """Split a message/global-delivery-status, which may be encoded, at its blank lines."""
    content = _message_in(part)
    blocks = re.split(rb"(?:\r?\n){2,}", content)
    return [email.message_from_bytes(block.strip(b"\r\n"), policy=email.policy.compat32) for block in blocks]


def _recipient(group: Message | EmailMessage) -> RecipientReport:
    return RecipientReport(
        final_recipient=address_of(group, "Final-Recipient"),
        action=without_comments(group.get("Action")).lower(),
        status=without_comments(group.get("Status")),
        diagnostic=_after_type(group.get("Diagnostic-Code")),
        remote_mta=_after_type(group.get("Remote-MTA")),
        will_retry_until=_date(group.get("Will-Retry-Until")),
    )


def _date(value: object) -> float | None:
    """Return a date in seconds since the epoch; one without a zone is taken for UTC."""
    try:
        found = email.utils.parsedate_to_datetime(_unfold(value))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def without_comments(value: object) -> str:
    """Return the value of a structured field without its folds and comments; empty if there is no such field.

    A comment may go over several lines and have others in it (RFC 5322 section 3.2.2).
    """
    text = _unfold(value)
    while (shorter := _COMMENT.sub("", text)) != text:
        text = shorter
    return text.strip()


def _unfold(value: object) -> str:
    return re.sub(r"\r?\n[ \t]+", " ", str(value or "")).strip()


def _after_type(value: object) -> str:
    # whether the type is there at all is another question than what is said
    text = _unfold(value)
    typed = _TYPE.match(text)
    return text[typed.end() :] if typed else text
