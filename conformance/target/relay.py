"""What every adapter is made of: a target, the relay that it starts, and what that granted and keeps in its queue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from conformance.target.config import Address, Capability, RelayConfig


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What a relay granted of the schedule it was asked for, in seconds.

    Attributes:
        retry_interval: Shortest wait between the end of an attempt and the next one; that of the first two gaps.
        max_retry_interval: Longest such wait; that of all later gaps.
        queue_lifetime: Age at which an undelivered message is returned.
        granularity: How late any of these may come (a retry: how early, too), because the relay wakes only so often
            or its queue runner waits for slow destinations one after the other.
        connect_timeout: What was granted of `RelayConfig.connect_timeout`; None: as asked.
        command_timeout: What was granted of `RelayConfig.command_timeout`; None: as asked.
        dns_timeout: What was granted of `RelayConfig.dns_timeout`; None: as asked.
        content_timeout: How long it waits for a server to take more of the content (RFC 5321 section 4.5.3.2.5), where
            that is another time-out than the one for replies; None: `command_timeout`.
        final_timeout: How long it waits for the reply to the final dot (section 4.5.3.2.6), likewise.
        delivery_deadline: After how long it gives up a delivery over one connection, whatever the server does, in
            addition to its time-outs; None: there is no such deadline.
        deadline_only: Whether it has that deadline instead of time-outs for replies and for content; section 4.5.3.2
            forbids that, and it is judged as that.
    """

    retry_interval: float
    max_retry_interval: float
    queue_lifetime: float
    granularity: float
    connect_timeout: float | None = None
    command_timeout: float | None = None
    dns_timeout: float | None = None
    content_timeout: float | None = None
    final_timeout: float | None = None
    delivery_deadline: float | None = None
    deadline_only: bool = False


@dataclass(frozen=True, kw_only=True)
class QueuedMessage:
    """One recipient of a message that waits in the queue.

    Attributes:
        sender: The envelope sender, without angle brackets; the null reverse-path is empty, or `<>`.
        recipient: The envelope recipient, without angle brackets.
        error: Why it still waits, word for word as the relay shows it to its operator; empty if it shows nothing.
    """

    sender: str
    recipient: str
    error: str = ""


class Relay(Protocol):
    """A running relay."""

    submission: Address
    schedule: Schedule

    async def queue(self) -> Sequence[QueuedMessage]:
        """Return every recipient that waits; one that is being tried may be missing. Asked once a second or more.

        Raises:
            TargetError: The relay is gone.
        """


class Target(Protocol):
    """A relay that can be started. `name` appears in reports, and so does `version`, an attribute it may have."""

    name: str
    capabilities: frozenset[Capability]

    def running(self, config: RelayConfig) -> AbstractAsyncContextManager[Relay]:
        """Start the relay; it accepts mail when this is entered and is gone when it is left."""


class TargetError(Exception):
    """The relay is at fault, or cannot be run on this machine.

    Attributes:
        hint: What the reader can do about it, one sentence; empty if there is nothing to say.
        log: The last lines the relay wrote.
        installation: True if the machine lacks something, so that nothing was judged.
    """

    def __init__(self, message: str, *, hint: str = "", log: str = "", installation: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.log = log
        self.installation = installation
