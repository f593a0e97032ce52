"""The content of a scenario's message: an ordinary text, unless the failure mode says what is special about it.

Ordinary means what every relay has seen a thousand times, so that nothing but the fault can be the reason for what
becomes of it: lines of at most 78 characters (RFC 5322 section 2.1.1) in ASCII, none of which begins with a dot or ends
with a blank. No field of the header is folded, and none is longer or shorter for the length of a name of ours.
"""

from __future__ import annotations

import email.utils
import textwrap
from datetime import UTC, datetime
from hashlib import sha256

from conformance.catalogue.course import Timing
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.special import Special

# Octets of a message that meets its fault again and again: enough for one that falls inside the content.
_LONGEST_OF_MANY = 64_000

_FILLER = "The quick brown fox jumps over the lazy dog, again, until there are enough."

# What is forged into a message, behind what may be taken for its end.
_FORGED = (
    b"MAIL FROM:<%(author)s>\r\nRCPT TO:<%(forged)s>\r\nDATA\r\n"
    b"Subject: forged\r\n\r\nthe text of the second message\r\n"
)


def digest_of(scenario: Scenario) -> str:
    """Return what tells a scenario from all others in few characters, always as many."""
    return sha256(scenario.id.encode()).hexdigest()[:12]


def content_of(scenario: Scenario, *, author: str, recipient: str, forged: str) -> bytes:
    """Return the content of a scenario's message, without dot-stuffing.

    Args:
        scenario: The scenario.
        author: The address in its From field.
        recipient: That in its To field, if it is to have a recipient of the envelope.
        forged: The recipient of a second message that is forged within it, if one is to be.
    """
    special = scenario.failure_mode.message.special or Special()
    now, digest, domain = datetime.now(UTC), digest_of(scenario), author.partition("@")[2]
    text = b"8bit" if special.eight_bit else b"7bit"
    head = [
        f"From: <{author}>",
        f"To: <{recipient if scenario.failure_mode.message.named else f'everybody@{domain}'}>",
        f"Subject: conformance {digest}{special.subject}",
        *([] if special.undated else [f"Date: {email.utils.format_datetime(now)}"]),
        *([] if special.unidentified else [f"Message-ID: <{digest}.{now:%Y%m%d%H%M%S%f}@{domain}>"]),
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={special.charset if special.eight_bit else 'us-ascii'}",
        f"X-Scenario: {digest}",
    ]
    if special.rare_forms:
        head = [_in_a_rare_form(line) for line in head]
    fields = [
        *(_hop(number, domain, now) for number in range(special.received, 0, -1)),
        *(line.encode("ascii") for line in head),
        b"Content-Transfer-Encoding: " + text,
        *(field.replace(b"{author}", author.encode("ascii")) for field in special.fields),
    ]
    header = b"\r\n".join(fields) + b"\r\n\r\n"
    if special.header_alone:
        return header.removesuffix(b"\r\n")
    if special.forged_end is not None:
        before, behind = special.forged_end
        commands = _FORGED % {b"author": author.encode(), b"forged": forged.encode()}
        return header + b"the text of the first message" + before + b"." + behind + commands
    if special.body is not None:
        return header + special.body
    return header + _ordinary(scenario, digest, _octets(scenario) - len(header))


def _in_a_rare_form(line: str) -> str:
    """Return a field as few write it, though they may (RFC 5322 sections 1.2.2 and 2.2.3)."""
    name, _, rest = line.partition(": ")
    match name:
        case "Message-ID":
            return f"{name}:\r\n {rest}"
        case "From" | "Date":
            return f"{name.upper()}: {rest}"
        case "To" | "Subject":
            return f"{name.lower()}: {rest}"
    return line


def hops(number: int, domain: str) -> bytes:
    """Return so many Received fields, those of hosts that a message passed just now (RFC 5321 section 4.4)."""
    return b"".join(_hop(each, domain, datetime.now(UTC)) + b"\r\n" for each in range(number, 0, -1))


def _hop(number: int, domain: str, now: datetime) -> bytes:
    stamp = email.utils.format_datetime(now)
    return (
        f"Received: from h{number}.{domain} by h{number + 1}.{domain} with ESMTP id {number}; {stamp}".encode(
            "ascii"
        )
    )


def _ordinary(scenario: Scenario, digest: str, octets: int) -> bytes:
    """Return an ordinary body of about so many octets."""
    lines = [
        f"Staged by mailflow-conformance as scenario-{digest}:",
        *(f"  {line}" for line in textwrap.wrap(scenario.failure_mode.staged, 70)),
        "",
    ]
    missing = octets - sum(len(line) + 2 for line in lines)
    lines += [_FILLER] * (missing // (len(_FILLER) + 2) + 1 if missing > 0 else 0)
    return "\r\n".join([*lines, "The end.", ""]).encode("ascii")


def _octets(scenario: Scenario) -> int:
    """Return how large the message is; where a day is played it is carried many times, and returned."""
    wanted = scenario.failure_mode.message.octets
    once = scenario.timing in (Timing.STEADY, Timing.CRASHED, Timing.INTERRUPTED)
    return wanted if once else min(wanted, _LONGEST_OF_MANY)
