"""Whether a message arrived as it was sent."""

from __future__ import annotations

import re
from itertools import zip_longest

from conformance.evidence.record import Staged
from fake_servers.events import SmtpMessage

_FOLD = re.compile(rb"\r\n(?=[ \t])")


def altered(staged: Staged, message: SmtpMessage) -> str:
    """Say in what a message differs from the one submitted, envelope included; empty if in nothing.

    A mail object is envelope and content (RFC 5321 section 2.3.1); of an address only the domain may change its
    case (section 2.4). Of several recipients each message may have some.
    """
    if _same_case(message.mail_from) != _same_case(staged.sender):
        return f"the reverse-path is <{message.mail_from}> instead of <{staged.sender}>"
    everybody = [_same_case(address) for address in (staged.recipient, *staged.others)]
    paths = [_same_case(address) for address in message.recipients]
    if not paths or len(set(paths)) < len(paths) or not set(paths) <= set(everybody):
        wanted = "> or <".join((staged.recipient, *staged.others))
        return f"the forward-path is <{'>, <'.join(message.recipients)}> instead of <{wanted}>"
    return difference(staged.content, message.content)


def _same_case(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


def difference(sent: bytes, received: bytes) -> str:
    """Say in what a received message differs from the one sent, beyond added header fields; empty if in nothing.

    A relay adds trace fields and alters nothing else (RFC 5321 sections 4.4 and 6.4): every field sent is there
    with its value, in its order, and the body is the same octet for octet.
    """
    sent_fields, sent_body = _split(sent)
    received_fields, received_body = _split(received)
    if sent_body != received_body:
        return _where(sent_body, received_body)
    rest = iter(received_fields)
    for wanted in sent_fields:
        if not any(wanted == found for found in rest):
            name = wanted.split(b":")[0].decode("ascii", "replace")
            return f"the header field {name} is altered, moved or missing"
    return ""


def _split(message: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = message.partition(b"\r\n\r\n")
    return [_FOLD.sub(b"", field) for field in re.split(rb"\r\n(?![ \t])", head)], body


def _where(sent: bytes, received: bytes) -> str:
    if len(sent) != len(received):
        lines = zip_longest(sent.splitlines(keepends=True), received.splitlines(keepends=True), fillvalue=b"")
        number, (was, now) = next((n, pair) for n, pair in enumerate(lines, 1) if pair[0] != pair[1])
        return (
            f"the body has {len(received)} octets instead of {len(sent)}: line {number} has {len(now)} instead of "
            f"{len(was)}, and ends in {now[-20:]!r} instead of {was[-20:]!r}"
        )
    at = next(n for n, (a, b) in enumerate(zip(sent, received, strict=True)) if a != b)
    return (
        f"the body differs from octet {at} on: {received[at : at + 20]!r} instead of {sent[at : at + 20]!r}"
    )
