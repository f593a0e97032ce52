"""What is wrong with the form of a non-delivery report: RFC 3464 in a multipart/report of RFC 6522.

Each function returns complaints in words; an empty list means that nothing is wrong. The message is read from its
octets, because much of what matters (7bit, numeric zones, order of fields) is lost in a parsed view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice

from flufl.bounce import scan_message

from conformance.catalogue.special import LAST_FIELD
from conformance.evidence.report_addresses import address_of
from conformance.evidence.reports import (
    GLOBAL_PART,
    MACHINE_PARTS,
    field_groups,
    octets_of,
    parsed,
    recipient_groups,
    stray_lines,
    without_comments,
)
from conformance.judging.addresses import canonical
from conformance.judging.content import bare_ends
from conformance.judging.quoting import LONGEST_LINE

# RFC 5322 section 3.3: a numeric zone; RFC 3464 sections 2.2.5, 2.3.7 and 2.3.9 demand one.
_DATE = re.compile(r"^(?:[A-Z][a-z]{2}, ?)?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}$")
_DATE_FIELDS = ("Arrival-Date", "Last-Attempt-Date", "Will-Retry-Until")
_STATUS = re.compile(r"^[245]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$")
_NEVER_REWRITTEN = ("Message-ID", "Subject", LAST_FIELD)
# RFC 6522 section 3 has "the returned message or a portion thereof" in the last part, and names no type for it.
_RETURNED = ("message", "text")


# Fields that name other messages, and one such name, roughly (RFC 5322 section 3.6.4).
_THREADING = ("In-Reply-To", "References")
_MESSAGE_ID = re.compile(r"<[^<>]+>")

# RFC 5322 sections 2.2 and 4.5, and a line of a field that is folded (section 2.2.3); what is in it is not looked at.
_FIELD = re.compile(rb"[ \t]|[!-9;-~]+[ \t]*:")

# RFC 2045 section 5.1: a type and a subtype, which are tokens.
_TYPE = re.compile(r"^\s*[!#$%&'*+.^_`{|}~0-9A-Za-z-]+/[!#$%&'*+.^_`{|}~0-9A-Za-z-]+\s*(?:;|$)")

# RFC 2045 section 6.1; what has an encoding that nobody knows is for nobody to read (section 6.4).
_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64")


def is_status(text: str) -> bool:
    """Tell whether a text is an enhanced status code of RFC 3463, as Status has it, with or without a comment."""
    return _STATUS.match(without_comments(text)) is not None


def is_report(content: bytes) -> bool:
    """Tell whether RFC 6522 is about this message at all: whether it says that it is a multipart/report."""
    return parsed(content).get_content_type() == "multipart/report"


def notification(content: bytes) -> list[str]:
    """Complain about a message that is no delivery status notification (RFC 3464 section 2)."""
    message = parsed(content)
    if not is_report(content):
        return [f"it is {message.get_content_type()}, of which RFC 3464 and RFC 6522 ask nothing more"]
    found = []
    report_type = str(message.get_param("report-type") or "")
    if report_type.lower() != "delivery-status":
        found.append(f"report-type is {report_type or 'missing'}")
    if not field_groups(message):
        found.append("there is no message/delivery-status part")
    return found


def bare(content: bytes) -> list[str]:
    """Complain about a CR or LF that stands alone (RFC 5321 section 2.3.8)."""
    number = bare_ends(content)
    return [f"a CR or LF stands alone, {number} times"] if number else []


def nameless(content: bytes) -> list[str]:
    """Complain about a field that refers to other messages and names none (RFC 5322 section 3.6.4)."""
    message = parsed(content)
    return [
        f"{name} is {_unfolded(value) or 'empty'}"
        for name in _THREADING
        for value in message.get_all(name) or []
        if not _MESSAGE_ID.search(str(value))
    ]


def form(content: bytes) -> list[str]:
    """Complain about the outer form (RFC 6522 section 3, RFC 2046 section 5.1.1), encodings that are none among it."""
    message = parsed(content)
    found = []
    if message.get_content_type() != "multipart/report":
        return [f"it is {message.get_content_type()}, not multipart/report"]
    report_type = str(message.get_param("report-type") or "")
    if report_type.lower() != "delivery-status":
        found.append(f"report-type is {report_type or 'missing'}")
    parts = _parts(message)
    found += filter(None, map(_no_encoding, (message, *parts)))
    found += filter(None, map(_no_type, parts))
    if not 2 <= len(parts) <= 3:
        return [*found, f"it has {len(parts)} parts"]
    if parts[0].get_content_maintype() == "message":  # any other type may be for people to read
        found.append(f"the first part is {parts[0].get_content_type()}, not for people to read")
    if parts[1].get_content_type() not in MACHINE_PARTS:
        found.append(f"the second part is {parts[1].get_content_type()}, not message/delivery-status")
    if len(parts) == 3 and parts[2].get_content_maintype() not in _RETURNED:
        found.append(f"the third part is {parts[2].get_content_type()}, no returned message")
    # a CR that stands alone ends a line for some who read, and is a fault of its own (`bare`)
    stray = [] if bare_ends(content) else stray_lines(message)
    found += [f"its delivery-status has a line that is no field: {line}" for line in stray[:1]]
    found += _header(content)
    closing = b"--" + (message.get_boundary() or "").encode("ascii", "replace") + b"--"
    if not any(line.rstrip() == closing for line in content.splitlines()):
        found.append("it ends without its closing boundary")
    return found


def _header(content: bytes) -> Iterator[str]:
    """Complain about lines of the header that are too long, or neither a field nor a part of one (RFC 5322 2.2)."""
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    longest = max(map(len, lines))
    if longest > LONGEST_LINE:
        yield f"a line of its header has {longest} octets"
    if not bare_ends(content):
        stray = (line.decode("ascii", "replace") for line in lines if not _FIELD.match(line))
        yield from (f"its header has a line that is no field: {line}" for line in islice(stray, 1))


def _no_encoding(part: Message) -> str:
    """Return what is wrong with the encoding that a part says it has, if it says any; private names may be known."""
    if part.get("Content-Transfer-Encoding") is None:
        return ""
    encoding = without_comments(part.get("Content-Transfer-Encoding")).lower()
    if encoding in _ENCODINGS or encoding.startswith("x-"):
        return ""
    return f"the encoding of {part.get_content_type()} is {encoding or 'nothing'}"


def _no_type(part: Message) -> str:
    """Return what is wrong with the type that a part says it has, if it says any (RFC 2045 section 5.1)."""
    said = part.get("Content-Type")
    if said is None or _TYPE.match(without_comments(said)):
        return ""
    return f"the type of a part is {_unfolded(said) or 'nothing'}"


def fields(content: bytes, recipient: str) -> list[str]:
    """Complain about the fields of the machine-readable part (RFC 3464 sections 2.1 to 2.3)."""
    message = parsed(content)
    groups = field_groups(message)
    if not groups:
        return ["there is no message/delivery-status part"]
    found = [] if groups[0].get("Reporting-MTA") else ["Reporting-MTA is missing"]
    about = recipient_groups(message)
    if not about:
        found.append("there is no group of fields for a recipient")
    for group in about:
        found += _recipient(group, recipient)
    for group in groups:
        found += _dates(group)
    ascii_only = any(part.get_content_type() == "message/delivery-status" for part in message.walk())
    if ascii_only and not all(str(value).isascii() for group in groups for value in group.values()):
        found.append("the delivery-status part is not 7bit")
    return found


def _recipient(group: Message, recipient: str) -> Iterator[str]:
    final = str(group.get("Final-Recipient") or "")
    # that it has no type is a fault of its own
    if canonical(address_of(group, "Final-Recipient")) != canonical(recipient):
        yield f"Final-Recipient is {final or 'missing'}, the envelope had <{recipient}>"
    action = without_comments(group.get("Action")).lower()
    if action != "failed":
        yield f"Action is {action or 'missing'}"
    status = str(group.get("Status") or "").strip()
    if not is_status(status):
        yield f"Status is {status or 'missing'}"


def _dates(group: Message) -> Iterator[str]:
    for name in _DATE_FIELDS:
        value = group.get(name)
        if value is not None and not _DATE.match(re.sub(r"\s+", " ", without_comments(value))):
            yield f"{name} is not a date with a numeric zone: {value}"


def returns(content: bytes, original: bytes) -> list[str]:
    """Complain unless the original message, or its header section, came back (RFC 6522 sections 3 and 4)."""
    parts = _parts(parsed(content))
    if len(parts) < 3:
        return ["neither the original message nor its header section came back"]
    return altered(content, original)


def altered(content: bytes, original: bytes) -> list[str]:
    """Complain about what came back, if anything did, and does not have the header of the original message.

    Of its fields those are looked for that nobody on the way has a reason to rewrite, and of these what is ASCII: how
    the rest is returned by who must not send it is left open. Behind a message that came back to its end is nothing;
    where it was cut short may stand that it was.
    """
    parts = _parts(parsed(content))[2:3]
    message = parsed(original)
    fields = {name: _unfolded(message.get(name)) for name in _NEVER_REWRITTEN}
    found = []
    for part in parts:
        lines = _unfolded(octets_of(part).decode("ascii", "replace"))
        for name, value in fields.items():
            if value and value.isascii() and f"{name}: {value}".lower() not in lines.lower():
                found.append(f"what came back has no {name}: {value}")
        found += _behind(octets_of(part), original)
    return found[:1]


def _behind(returned: bytes, original: bytes) -> list[str]:
    """Complain about what stands behind the end of a message that came back, if its text did, to its end."""
    text, came_back = (each.replace(b"\r\n", b"\n") for each in (original, returned))
    text = b"\n\n" + text.partition(b"\n\n")[2].strip()
    behind = came_back.rpartition(text)[2].strip() if text.strip() and text in came_back else b""
    return [f"behind the message that came back stands {behind.decode('ascii', 'replace')}"] if behind else []


def _unfolded(value: object) -> str:
    return " ".join(str(value or "").split())


def others_claim_to_read(content: bytes) -> bool:
    """Tell whether the independent reader knows the form: flufl.bounce knows neither that of RFC 6533 nor comments."""
    message = parsed(content)
    values = (
        group.get(name) for group in recipient_groups(message) for name in ("Final-Recipient", "Action")
    )
    commented = any("(" in str(value or "") for value in values)
    return not commented and not any(part.get_content_type() == GLOBAL_PART for part in message.walk())


def others_read(content: bytes, recipient: str) -> list[str]:
    """Complain unless an independent reader (flufl.bounce) finds exactly the recipient that failed."""
    try:
        found = {address.decode("ascii", "replace") for address in scan_message(parsed(content))}
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        # its readers of ancient formats rely on fields such as From, which a bad report may lack
        return [f"flufl.bounce cannot read it: {error!r}"]
    if {address.lower() for address in found} != {recipient.lower()}:
        return [f"flufl.bounce finds {', '.join(sorted(found)) or 'nobody'} instead of {recipient}"]
    return []


def remote_mta(content: bytes) -> list[str]:
    """Return the Remote-MTA fields, as complaints where no remote server was involved."""
    groups = recipient_groups(parsed(content))
    return [f"Remote-MTA is {group['Remote-MTA']}" for group in groups if group.get("Remote-MTA")]


def will_retry(content: bytes) -> list[str]:
    """Complain about Will-Retry-Until in a report of a failure (RFC 3464 section 2.3.9)."""
    groups = recipient_groups(parsed(content))
    return [
        f"Will-Retry-Until is {group['Will-Retry-Until']}"
        for group in groups
        if group.get("Will-Retry-Until")
    ]


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]
