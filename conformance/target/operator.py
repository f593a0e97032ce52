"""What a relay may offer its operator: alerts, Fix now, connectors that are edited while it runs, mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.target.config import AcceptedDomain, Connector


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert about the queued mail of one connector; times are seconds since the epoch, by the relay's clock.

    Attributes:
        connector: The recipient domain of the connector.
        queued: How many messages waited for it when the alert was raised or last brought up to date.
        raised_at: When it was raised.
        cleared_at: When its cause ended; None while it lasts.
        queue_start: When the oldest of these messages was accepted.
        oldest_expires: When that message will expire.
        destination_server: The host tried last.
        last_address: The IP address tried last; empty if none was.
        last_error: The last error, word for word.
        how_to_fix: What the operator can do about it.
    """

    connector: str
    queued: int
    raised_at: float
    cleared_at: float | None = None
    queue_start: float | None = None
    oldest_expires: float | None = None
    destination_server: str = ""
    last_address: str = ""
    last_error: str = ""
    how_to_fix: str = ""


class RaisesAlerts(Protocol):
    """A relay that tells its operator of mail that waits too long (capability ALERTS)."""

    async def alerts(self) -> Sequence[Alert]:
        """Return every alert since the start, oldest first, cleared ones too; asked at most four times a second.

        One that lasts is not forgotten when the relay is killed and started again.
        """


class FixesNow(Protocol):
    """A relay that offers *Fix now* for a destination that was shut down for good (capability FIX_NOW)."""

    async def fix_now(self, domain: str) -> None:
        """Take this alert's remedy: the connector is off, the domain authoritative, in force when this returns.

        From then on unknown recipients of the domain are refused, known ones still accepted. Mail in the queue is
        neither kept from its known recipients nor dropped: each is delivered somewhere or returned.

        Raises:
            EditRefused: There is no such connector, or it has no accepted domain; nothing has changed.
        """


class EditsConnectors(Protocol):
    """A relay whose connectors can be changed while it runs (capability EDIT_CONNECTOR)."""

    async def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        """Save new settings for the connector of `connector.domain`; in force, also for queued mail, on return.

        Args:
            connector: All its settings, also those that stay as they are.
            enabled: Whether it is turned on.
            trust_anchors: A PEM file with all that this connector or the relay trusts from now on; None: no change.

        Raises:
            EditRefused: The settings are not valid; nothing has changed.
        """

    async def delete_connector(self, domain: str) -> None:
        """Delete the connector of a domain; in force on return.

        Raises:
            EditRefused: As for `edit_connector`.
        """

    async def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        """Change type and known recipients of an accepted domain; in force on return (with ACCEPTED_DOMAINS only).

        Raises:
            EditRefused: As for `edit_connector`.
        """


class EditRefused(Exception):
    """The relay refused an edit; the text is its reason, word for word."""


class KeepsMailboxes(Protocol):
    """A relay that keeps the mailboxes of known recipients whose mail no connector takes (capability MAILBOXES).

    It is how mail of an accepted domain without a connector can be seen to have arrived.
    """

    async def mailbox(self, recipient: str) -> Sequence[bytes]:
        """Return the content of every message in the mailbox of a recipient, in any order; none if it has none."""
