"""The message of a failure mode: what is submitted, and what must become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import Host
from conformance.catalogue.special import Special
from fake_servers import Reply

# Local part of the recipient of every message; a rule for it is meant for that recipient alone.
RECIPIENT = "recipient"


class Kind(StrEnum):
    """What must become of the message."""

    CONTROL = "control"  # delivered at the first attempt
    HARMLESS = "harmless"  # delivered at the first attempt, although something is wrong
    TRANSIENT = "transient"  # queued and retried
    PASSING = "passing"  # the same, but over without any repair: a later attempt succeeds
    PERMANENT = "permanent"  # returned at once
    SCHEDULE = "schedule"  # one fault after another; delivered or returned, as it comes
    MIXED = "mixed"  # each recipient has a fate of its own
    KILLED = "killed"  # delivered or reported, although the relay was killed
    AMID = "amid"  # delivered or reported, whatever falls into its first attempt
    CONTENT = "content"  # delivered as it was sent, although it is not an ordinary message
    BATCH = "batch"  # each of several messages has a fate of its own
    REPORTED = (
        "reported"  # returned at once, and what counts is the report: what it says, and what becomes of it
    )


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A further recipient, in a domain of its own that has one smart host.

    Attributes:
        local: Its local part, and the label of its domain below that of the others.
        host: The smart host; what is wrong with it is so for this recipient alone.
    """

    local: str
    host: Host = field(default_factory=Host)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Several messages for one destination, each to a recipient of its own.

    Attributes:
        count: How many.
        alike: Whether they are one message, handed over for each recipient on its own; else each has its own content.
        one_by_one: Whether each is submitted once the one before has come to its end; else all of them together.
        repaired: Whether the destination is repaired while they wait; else they come to their end without.
        rule: What is asked of TLS for the last of them, which is in a domain of its own, whose smart host is the same
            server by another name; None: it is as the others are.
        most: How many connections at the same time are no more than a server commonly takes from one client; 0: that
            is not looked at.
    """

    count: int
    alike: bool = False
    one_by_one: bool = False
    repaired: bool = False
    rule: TlsRule | None = None
    most: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is submitted.

    Attributes:
        octets: Its size; on clocks that are moved or compressed at most 64,000.
        also_to: Local parts of further recipients; what is wrong with one says a rule for it.
        elsewhere: Further recipients in domains of their own, after these.
        backlog: Messages that wait for a dead destination of the scenario's own before it is submitted.
        special: What is not ordinary about it; None: it is a short text in ASCII, and everybody can take it.
        batch: How many of its kind are submitted; None: it is the only one.
        named: Whether its To field names the first recipient of the envelope; else nobody of it is named.
        own_domain: Whether the recipient domain is one of the relay's own as well as a connector's: an internal relay
            domain, in which the recipient is known.
    """

    octets: int = 1_500
    also_to: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    backlog: int = 0
    special: Special | None = None
    batch: Batch | None = None
    named: bool = False
    own_domain: bool = False

    @property
    def recipients(self) -> tuple[str, ...]:
        """The local parts of all recipients, the one that is judged everywhere first."""
        return (RECIPIENT, *self.also_to, *(each.local for each in self.elsewhere))

    @property
    def comes_back(self) -> bool:
        """Whether the next host sends it back, again and again."""
        return self.special is not None and self.special.sent_back > 0

    @property
    def everybody(self) -> tuple[str, ...]:
        """The local parts of all whom the messages of a scenario are for."""
        return self.recipients if self.batch is None else members(self.batch.count)


def members(count: int) -> tuple[str, ...]:
    """Return the local parts of the recipients of so many messages, the one that is judged everywhere first."""
    return (RECIPIENT, *(f"{RECIPIENT}-{number}" for number in range(2, count + 1)))


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What of the remote server's words must come back.

    Attributes:
        reply: The reply that is the error, word for word; its code and status are kept.
        hostile: Whether the words are made to break whatever quotes them.
    """

    reply: Reply | None = None
    hostile: bool = False
