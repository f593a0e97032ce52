"""The non-delivery report: a failed DSN (RFC 3464) in a multipart/report (RFC 6522).

Three parts: words for people, fields for programs, and the returned message. It is put together by hand
around the standard library's header tools, because the returned message must come back octet for octet.
"""

from __future__ import annotations

import re
import secrets
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime, make_msgid

from .config_reader import is_ip_literal
from .errors import Failure, expired, safe_text, with_detail
from .message import Message, Recipient

_LONGEST_LINE = 900  # octets

_HEADERS_END = re.compile(rb"\r\n\r\n")

# What the live service tells senders, in words of our own.
_EXPLANATIONS = {
    "5.4.312": "a DNS query for the mail servers of the recipient's domain gave no usable answer",
    "5.4.315": "the recipient's mail server did not answer",
    "5.4.316": "the recipient's mail server refused to accept a connection",
    "5.4.317": "no mail session with the recipient's mail server could be set up",
    "5.4.318": "the recipient's mail server broke off the connection",
    "5.7.320": "the certificate of the recipient's mail server could not be validated",
}


def build_dsn(
    message: Message, content: bytes, failures: Mapping[Recipient, Failure], *, hostname: str, at: float
) -> bytes:
    """Return the content of the report about all recipients of one message that failed at the same time.

    Args:
        message: The undeliverable message; its reverse-path is where the report goes.
        content: Its octets.
        failures: Why each recipient failed, permanent failures only.
        hostname: This relay's name.
        at: Now, in seconds since the epoch.
    """
    original = BytesHeaderParser(policy=compat32).parsebytes(content)
    human = _human_part(message, failures, content, hostname=hostname, at=at)
    machine = _machine_part(message, failures, hostname=hostname)
    subject = _subject("Undeliverable", str(original.get("Subject", "")))
    return _multipart(message, content, subject, human, machine, hostname=hostname, at=at)


def report_of(
    message: Message,
    content: bytes,
    what: str,
    people: list[str],
    fields: list[str],
    *,
    hostname: str,
    at: float,
) -> bytes:
    """Return the content of a report about a message that has not failed.

    Args:
        message: The message; its reverse-path is where the report goes.
        content: Its octets.
        what: What happened to it, the first word of the subject.
        people: The lines for people.
        fields: The fields of each recipient, behind an empty line each.
        hostname: This relay's name.
        at: Now, in seconds since the epoch.
    """
    original = BytesHeaderParser(policy=compat32).parsebytes(content)
    human = _lines([_ascii(line) for line in people])
    machine = _lines([_fold(_ascii(field)) for field in (*_message_fields(message, hostname), *fields)])
    subject = _subject(what, str(original.get("Subject", "")))
    return _multipart(message, content, subject, human, machine, hostname=hostname, at=at)


def _multipart(
    message: Message, content: bytes, subject: str, human: bytes, machine: bytes, *, hostname: str, at: float
) -> bytes:
    boundary = secrets.token_hex(16)
    original = BytesHeaderParser(policy=compat32).parsebytes(content)
    return_type, returned = returned_part(message, content)
    head = [
        f"Date: {_rfc_date(at)}",
        f"From: Mail Delivery System <postmaster@{hostname}>",
        f"To: <{message.sender}>" if message.sender.isascii() else "To: undisclosed-recipients:;",
        subject,
        f"Message-ID: {make_msgid(domain=hostname)}",
        *_threading(str(original.get("Message-ID", ""))),
        "Auto-Submitted: auto-replied",
        "Content-Language: en-US",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"',
        "Content-Transfer-Encoding: 7bit",
        "",
        "This is a MIME-encapsulated message.",
    ]
    parts = [
        _part(boundary, "text/plain; charset=us-ascii", "7bit", human),
        _part(boundary, "message/delivery-status", "7bit", machine),
        _part(boundary, return_type, "7bit", returned),
    ]
    return _lines(head) + b"".join(parts) + _lines(["", f"--{boundary}--"])


def returned_part(message: Message, content: bytes) -> tuple[str, bytes]:
    """Return type and octets of what is sent back: all, or with RET=HDRS the headers (RFC 3461 4.3).

    Of 8-bit text as well: not everybody takes it, and a report must arrive.
    """
    if message.ret == "HDRS" or not content.isascii():
        return "text/rfc822-headers", _in_ascii(header_section(content)).encode("ascii")
    return "message/rfc822", content


def _in_ascii(octets: bytes) -> str:
    return octets.decode("ascii", "replace").replace("\ufffd", "?")


def header_section(content: bytes) -> bytes:
    """Return the headers of a message, the last line end included."""
    end = _HEADERS_END.search(content)
    return content if end is None else content[: end.start() + 2]


def _part(boundary: str, content_type: str, encoding: str, body: bytes) -> bytes:
    head = [
        "",
        f"--{boundary}",
        f"Content-Type: {content_type}",
        f"Content-Transfer-Encoding: {encoding}",
        "",
    ]
    return _lines(head) + body


def _machine_part(message: Message, failures: Mapping[Recipient, Failure], *, hostname: str) -> bytes:
    """Return the fields of RFC 3464, one group for the message and one for each recipient."""
    fields = _message_fields(message, hostname)
    for recipient, failure in failures.items():
        fields += ["", *_recipient_fields(recipient, failure)]
    return _lines([_fold(field) for field in fields])


def _message_fields(message: Message, hostname: str) -> list[str]:
    fields = [f"Original-Envelope-Id: {decode_xtext(message.envid)}"] if message.envid else []
    fields.append(f"Reporting-MTA: dns; {hostname}")
    if message.received_from:
        fields.append(f"Received-From-MTA: dns; {message.received_from}")
    return [*fields, f"Arrival-Date: {_rfc_date(message.accepted_at)}"]


def _recipient_fields(recipient: Recipient, failure: Failure) -> list[str]:
    fields = []
    if recipient.orcpt:
        kind, _, address = recipient.orcpt.partition(";")
        fields.append(f"Original-Recipient: {kind};{decode_xtext(address)}")
    fields += [
        f"Final-Recipient: {final_recipient(recipient)}",
        "Action: failed",
        f"Status: {dsn_status(failure)}",
    ]
    if failure.remote:
        fields.append(f"Remote-MTA: dns; {mta_name(failure.server)}")
    # Without the detail: what stands in parentheses is a comment in these fields (RFC 3464 2.1.1).
    fields.append(f"Diagnostic-Code: smtp;{_ascii(failure.line)}")
    if recipient.last_attempt_at is not None:
        fields.append(f"Last-Attempt-Date: {_rfc_date(recipient.last_attempt_at)}")
    return fields


def final_recipient(recipient: Recipient) -> str:
    """Return type and address; in a part that is ASCII what is beyond it is spelled by its numbers (RFC 6533 3)."""
    if recipient.address.isascii():
        return f"rfc822;{recipient.address}"
    return "utf-8;" + "".join(
        each if each.isascii() else f"\\x{{{ord(each):X}}}" for each in recipient.address
    )


def mta_name(server: str) -> str:
    """Return a host name, or an address literal in its brackets (RFC 3464 2.1.2)."""
    if not is_ip_literal(server):
        return server
    return f"[IPv6:{server}]" if ":" in server else f"[{server}]"


def dsn_status(failure: Failure) -> str:
    """Return the Status field: of class 5, as the reply code is; 5.0.0 where a remote reply has no status."""
    return "5" + failure.status[1:] if failure.status else "5.0.0"


def decode_xtext(text: str) -> str:
    """Decode xtext (RFC 3461 4); what would not be printable ASCII stays encoded."""

    def decode(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if " " <= character <= "~" else found[0]

    return re.sub(r"\+([0-9A-F]{2})", decode, text)


def _human_part(
    message: Message, failures: Mapping[Recipient, Failure], content: bytes, *, hostname: str, at: float
) -> bytes:
    lines = ["Your message was not delivered to:"]
    for recipient, failure in failures.items():
        lines += ["", f"  {recipient.address}", *textwrap.wrap(_explain(failure), 76)]
    lines += ["", "Diagnostic information for administrators:", "", f"Generating server: {hostname}"]
    for recipient, failure in failures.items():
        lines += [
            "",
            recipient.address,
            f"Receiving server: {_receiving(failure)}",
            *_history(recipient, failure, hostname, at),
        ]
    lines += ["", "Original message headers:", ""]
    headers = _in_ascii(header_section(content))
    short = [piece for line in lines for piece in _pieces(_ascii(line)) or [""]]
    return _lines([*short, *headers.splitlines()])


def _explain(failure: Failure) -> str:
    if failure.remote:
        return f"The recipient's mail server rejected it: {failure.line}"
    reason = _EXPLANATIONS.get(failure.status)
    if reason is not None:
        return f"Despite repeated attempts to deliver your message, {reason}."
    return f"The reason: {failure.line}"


def _history(recipient: Recipient, failure: Failure, hostname: str, at: float) -> list[str]:
    """Return what happened, newest first: what this relay says, then what it met last."""
    last = recipient.failure
    if failure.remote:
        return [f"{_us_date(at)} - Server at {_receiving(failure)} returned '{failure.line}'"]
    lines = [f"{_us_date(at)} - Server at {hostname} returned '{with_detail(failure)}'"]
    if last is not None and failure == expired(last) and recipient.last_attempt_at is not None:
        moment = _us_date(recipient.last_attempt_at)
        lines.append(f"{moment} - Server at {_receiving(last)} returned '{with_detail(last)}'")
    return lines


def _receiving(failure: Failure) -> str:
    address = failure.address.rpartition(":")[0]
    return f"{failure.server} ({address})" if address else failure.server or "(none)"


def _subject(what: str, original: str) -> str:
    text = f"{what}: {safe_text(original)}".rstrip()
    if text.isascii() and len(text) < 200:
        return f"Subject: {text}"
    return f"Subject: {Header(text, 'utf-8', header_name='Subject').encode(linesep=chr(13) + chr(10))}"


def _threading(message_id: str) -> list[str]:
    identifier = message_id.strip()
    if not re.fullmatch(r"<[!-~]{1,900}>", identifier):
        return []
    return [f"In-Reply-To: {identifier}", f"References: {identifier}"]


def _fold(field: str) -> str:
    """Fold a long field at spaces, so that unfolding gives back the very same text.

    What has no space for too long is broken all the same: no line is longer than 998 octets (RFC 5322 2.1.1).
    """
    lines = textwrap.wrap(field, 200, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)
    short = [piece for line in lines for piece in _pieces(line)]
    return "\r\n ".join(short) if short else field


def _pieces(line: str) -> list[str]:
    return [line[at : at + _LONGEST_LINE] for at in range(0, len(line), _LONGEST_LINE)]


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _lines(lines: list[str]) -> bytes:
    return b"".join(line.encode("ascii", "backslashreplace") + b"\r\n" for line in lines)


def _rfc_date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(at), UTC))  # ends in +0000, never in GMT


def _us_date(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:%S} {half}"
