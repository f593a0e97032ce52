"""A message in the queue and its recipients."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum, auto

from .errors import Failure


class State(Enum):
    """What is going on with one recipient."""

    WAITING = auto()  # for its next attempt
    TRYING = auto()  # an attempt is under way and may still be called off
    SETTLING = auto()  # the message is being handed over, or the outcome is being recorded
    GONE = auto()  # delivered or returned


@dataclass(eq=False, kw_only=True)
class Recipient:
    """One recipient of a message.

    Attributes:
        number: Its place among the recipients, from 0.
        address: As in the envelope, case kept.
        notify: The value of NOTIFY (RFC 3461 4.1) in upper case; empty if there was none.
        orcpt: The value of ORCPT (RFC 3461 4.2) as received, case kept; empty if there was none.
        attempts: How many attempts have ended.
        next_retry: When the next one is due, seconds since the epoch.
        failure: How the last one ended.
        last_error: The same as text, as the queue shows it.
    """

    number: int
    address: str
    notify: str = ""
    orcpt: str = ""
    attempts: int = 0
    next_retry: float = 0.0
    failure: Failure | None = None
    last_error: str = ""
    last_attempt_at: float | None = None
    state: State = State.WAITING

    @property
    def wants_failure_report(self) -> bool:
        """Whether a failed DSN is due: no NOTIFY at all, or one with FAILURE (RFC 3461 5.2.6)."""
        return not self.notify or "FAILURE" in self.notify.split(",")

    @property
    def wants_success_report(self) -> bool:
        """Whether a success is to be reported (RFC 3461 4.1)."""
        return "SUCCESS" in self.notify.split(",")


@dataclass(eq=False, kw_only=True)
class Message:
    """An accepted message; its content stays in the spool.

    Attributes:
        queue_id: Sixteen hexadecimal digits.
        sender: The reverse-path without angle brackets; empty for a notification.
        accepted_at: Seconds since the epoch; the lifetime counts from here.
        ret: The value of RET (RFC 3461 4.3), `FULL`, `HDRS` or empty.
        envid: The value of ENVID (RFC 3461 4.4) as received, or empty.
        body: `8BITMIME` or `7BIT` as declared with BODY (RFC 6152), or empty.
        received_from: The client that handed the message over.
    """

    sender: str
    accepted_at: float
    recipients: list[Recipient]
    queue_id: str = field(default_factory=lambda: secrets.token_hex(8).upper())
    ret: str = ""
    envid: str = ""
    body: str = ""
    received_from: str = ""
