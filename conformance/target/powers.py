"""What a relay may offer beyond that: a log to read, a clock to move, a start after a kill, a way in without SMTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """How one attempt ended for one recipient, as the relay says."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    PERMANENT = "permanent"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class DeliveryEvent:
    """What the relay recorded of one attempt for one recipient, usually in its log.

    Attributes:
        recipient: The envelope recipient, without angle brackets.
        outcome: How the attempt ended.
        text: The error, word for word. A reply code and an enhanced status code at its very beginning
            (`450 4.4.316 Connection refused ...`) are read from there; codes further in are not.
        code: The reply code (`450`), if the relay records it apart from the text.
        status: The enhanced status code (`4.4.316`), if the relay records it apart from the text.
        destination: The host or address tried last, if the relay records it apart from the text.
        at: Seconds since the epoch, by the relay's clock.
    """

    recipient: str
    outcome: Outcome
    text: str
    code: str = ""
    status: str = ""
    destination: str = ""
    at: float = 0.0


class ReportsEvents(Protocol):
    """A relay whose log or event stream can be read (capability EVENTS)."""

    async def events(self) -> Sequence[DeliveryEvent]:
        """Return everything recorded since the relay was started, oldest first."""


class MovesClock(Protocol):
    """A relay whose clock can be moved while it runs (capability CLOCK)."""

    async def move_clock(self, seconds: float) -> None:
        """Move the clock forward by so many seconds, and make the relay look at its whole queue at once.

        With the capability CLOCK_BACK it is moved back by a negative number.
        What is due by the new time is tried, and what is too old is given up, without waiting in real time.
        Time-outs must stay real.
        """


class Restarts(Protocol):
    """A relay that can be killed and started again on the same spool (capability RESTART)."""

    async def kill(self) -> None:
        """End the relay as a power cut would: SIGKILL to all its processes (stopped first if not in one group)."""

    async def restart(self) -> None:
        """Start it again; it accepts mail at `submission` (which may have changed) when this returns."""


class Stops(Protocol):
    """A relay that can be told to stop, and be started again (capability STOP, with RESTART)."""

    async def stop(self) -> None:
        """Stop the relay in good order, as its service manager would; none of its processes is left on return."""


class RunsTwice(Protocol):
    """A relay of which a second instance can be started by mistake (capability SECOND_INSTANCE)."""

    async def start_second(self) -> None:
        """Start one more instance with the same configuration and spool; return once it runs or has refused to.

        It ends with the first one.
        """


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A message to submit.

    Attributes:
        sender: The reverse-path without angle brackets; empty for the null reverse-path.
        recipients: The forward-paths.
        content: The message with CRLF line ends, ready for the wire but for dot-stuffing.
        notify: Value of the NOTIFY parameter for each recipient (RFC 3461 section 4.1); empty: none.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    notify: str = ""


class MessageRefused(Exception):
    """The relay refused this one message, and nothing is wrong with itself or with its adapter.

    Attributes:
        temporary: Whether it would take the same message later (with SMTP, a reply 4yz).
    """

    def __init__(self, reply: str, *, temporary: bool = False) -> None:
        """Make one.

        Args:
            reply: What the relay said, word for word; codes first, if it gives any.
            temporary: Whether it would take the same message later.
        """
        super().__init__(reply)
        self.temporary = temporary


class TakesEnvelopes(Protocol):
    """A relay without an SMTP listener: `submit` is used instead of `submission`."""

    async def submit(self, envelope: Envelope) -> None:
        """Hand over one message; returning means that the relay has taken responsibility for it.

        Raises:
            MessageRefused: It has not, and says so.
        """
