"""What the suite does as submitter and as operator, and what the relay answered."""

from __future__ import annotations

from dataclasses import dataclass, field

# What the client calls itself by which messages are handed to a relay.
CLIENT = "submitter.test"

# The command to which an SMTP server answers that it does not know a recipient.
RCPT = "RCPT"

# Local parts of those whose messages are offered while a relay has no room on its disk, and once it has again.
WHILE_FULL, AFTERWARDS = "while-full", "afterwards"

# Names of actions: that the disk was filled, and that a relay was started again which had ended meanwhile.
DISK_FULL, STARTED_AGAIN = "disk full", "started again"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One of several messages of a scenario, each to a recipient of its own; times are the journal's.

    Attributes:
        recipient: Its only envelope recipient.
        known: Whether the relay was told of this recipient, where the domain is one of its own.
        content: The message as submitted (base64 in the file).
        at: When we began to offer it.
        accepted: When the relay took responsibility for it; None if it never did.
        refusal: What the relay said instead, reply code first.
        refused_at: The command to which it said so, `RCPT` for instance.
        in_mailbox: What lay in the recipient's mailbox at the relay when the window was closed (base64 in the file).
    """

    recipient: str
    known: bool
    content: bytes
    at: float
    accepted: float | None = None
    refusal: str = ""
    refused_at: str = ""
    in_mailbox: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class OperatorAction:
    """Something the operator did; times are the journal's.

    Attributes:
        name: `fix now`, `connector switched off`, ...
        asked: When the relay was asked for it.
        done: When it had answered.
        refused: Whether it refused (EditRefused).
        reason: Why, word for word.
        proof: What shows that it met what it was meant for, where that is not plain by itself; empty: nothing does.
    """

    name: str
    asked: float
    done: float
    refused: bool = False
    reason: str = ""
    proof: str = ""
