"""The addresses and the message of a scenario; no two scenarios share any."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

from conformance.catalogue.course import TRAITS, Timing
from conformance.catalogue.message import RECIPIENT
from conformance.catalogue.scenario import Scenario
from conformance.target import Envelope

SENDER_DOMAIN = "sender.test"

# RFC 5321 section 4.5.3.1.6: a text line may have 1000 octets with its line end.
_LONGEST_LINE = 998

# Octets of a message that meets its fault again and again: enough for one that falls inside the content.
_LONGEST_OF_MANY = 64_000


def domain_of(scenario: Scenario) -> str:
    """Return the recipient domain, for instance `connection-refused.healed.test`."""
    return f"{scenario.label.replace('_', '-')}.test"


def sender_of(scenario: Scenario) -> str:
    """Return the address of the sender; it is the reverse-path unless the course wants the null one."""
    return f"{scenario.label}@{SENDER_DOMAIN}"


def recipient_of(scenario: Scenario) -> str:
    """Return the envelope recipient that is judged."""
    return f"{RECIPIENT}@{domain_of(scenario)}"


def backlog_of(scenario: Scenario) -> list[Envelope]:
    """Return the messages that wait for the scenario's own dead destination."""
    return [
        Envelope(
            sender=f"backlog-{number}-of-{scenario.label}@{SENDER_DOMAIN}",
            recipients=(f"{RECIPIENT}@{dead_domain_of(scenario)}",),
            content=f"Subject: backlog {number}\r\n\r\nThis waits.\r\n".encode("ascii"),
        )
        for number in range(1, scenario.failure_mode.message.backlog + 1)
    ]


def earlier_of(scenario: Scenario) -> Envelope:
    """Return the message that waits for the scenario's own destination before it is submitted, from and to others."""
    return Envelope(
        sender=f"earlier-than-{scenario.label}@{SENDER_DOMAIN}",
        recipients=(f"earlier@{domain_of(scenario)}",),
        content=b"Subject: earlier\r\n\r\nThis waits until its time is up.\r\n",
    )


def dead_domain_of(scenario: Scenario) -> str:
    """Return the recipient domain of a scenario's backlog."""
    return f"dead.{domain_of(scenario)}"


def author_of(scenario: Scenario) -> str:
    """Return the address in the From header: not the envelope sender, so that an NDR sent there is seen."""
    return f"author-{scenario.label}@{SENDER_DOMAIN}"


def envelope_of(scenario: Scenario) -> Envelope:
    """Return the message to submit, with everything in its body that careless relays damage."""
    recipient = recipient_of(scenario)
    head = [
        f"From: Author <{author_of(scenario)}>",
        f"To: Recipient <{recipient}>",
        f"Subject: {scenario.label}",
        f"Date: {email.utils.format_datetime(datetime.now(UTC))}",
        f"Message-ID: <{scenario.label}.{datetime.now(UTC):%Y%m%d%H%M%S%f}@{SENDER_DOMAIN}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit",
        f"X-Scenario: {scenario.label};\r\n folded=yes",
    ]
    body = [
        f"Staged by mailflow-conformance: {scenario.failure_mode.staged}",
        ".",
        "..",
        ".a line that begins with a dot",
        "From a line that begins with From",
        "a line that ends with blanks  ",
        "",
        "x" * _LONGEST_LINE,
    ]
    filler = "The quick brown fox jumps over the lazy dog, again and again, until there are enough octets."
    if _octets(scenario) > _LONGEST_OF_MANY:  # fewer lines: relays and fakes take content line by line
        filler = " ".join([filler] * 10)
    missing = _octets(scenario) - sum(len(line) + 2 for line in (*head, *body))
    body += [filler] * (missing // (len(filler) + 2) + 1 if missing > 0 else 0)
    content = "\r\n".join([*head, "", *body, ""]).encode("ascii")
    traits = TRAITS[scenario.course]
    return Envelope(
        sender="" if traits.null_sender else sender_of(scenario),
        recipients=(
            recipient,
            *(f"{name}@{domain_of(scenario)}" for name in scenario.failure_mode.message.also_to),
        ),
        content=content,
        notify=traits.notify,
    )


def _octets(scenario: Scenario) -> int:
    """Return how large the message is; where a day is played it is carried many times, and returned."""
    wanted = scenario.failure_mode.message.octets
    once = scenario.timing in (Timing.STEADY, Timing.CRASHED)
    return wanted if once else min(wanted, _LONGEST_OF_MANY)
