"""The operator of a relay: looks at its alerts, chooses Fix now, edits and deletes connectors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from conformance.evidence.inputs import OperatorAction
from conformance.evidence.record import AlertListing
from conformance.target import AcceptedDomain, Alert, Capability, Connector, EditRefused
from conformance.wave.adapter import Instance
from conformance.wave.unusable import defect
from fake_servers import Journal

# How often the alerts are looked at, in seconds. Nothing depends on a look being in time: a relay tells of its alerts
# for ever, cleared or not.
LOOK_INTERVAL = 0.25

_TEXTS = ("connector", "destination_server", "last_address", "last_error", "how_to_fix")
_MAY_BE_MISSING = ("cleared_at", "queue_start", "oldest_expires")


@dataclass
class AlertWatch:
    """Asks one relay for its alerts, again and again.

    Attributes:
        instance: The relay.
        journal: The clock.
        tell: Called with every listing.
        latest: The last listing, None before the first.
    """

    instance: Instance
    journal: Journal
    tell: Callable[[AlertListing], None]
    latest: AlertListing | None = None

    async def run(self) -> None:
        """Ask until cancelled.

        Raises:
            TargetUnusable: The relay cannot be asked.
        """
        while True:
            await self.ask()
            await asyncio.sleep(LOOK_INTERVAL)

    async def ask(self) -> None:
        """Ask once."""
        asked = self.journal.now()
        alerts = await self.instance.ask("alerts", Alert, _check)
        self.latest = AlertListing(asked=asked, at=self.journal.now(), epoch=time.time(), alerts=alerts)
        self.tell(self.latest)

    def of(self, connector: str) -> list[Alert]:
        """Return the alerts of one connector at the last listing."""
        seen = self.latest.alerts if self.latest else []
        return [alert for alert in seen if alert.connector.lower() == connector.lower()]


def alert_watch(
    instance: Instance,
    capabilities: frozenset[Capability],
    journal: Journal,
    tell: Callable[[AlertListing], None],
) -> AlertWatch | None:
    """Return who looks at the alerts of a relay; None if it raises none."""
    return AlertWatch(instance, journal, tell) if Capability.ALERTS in capabilities else None


@dataclass(frozen=True)
class Operator:
    """Does things to one relay and notes what it answered; a refused edit is an answer, everything else trouble.

    Attributes:
        instance: The relay.
        journal: The clock.
        has_mailboxes: Whether the relay shows mailboxes of its own.
    """

    instance: Instance
    journal: Journal
    has_mailboxes: bool = False

    async def mailbox(self, recipient: str) -> list[bytes]:
        """Return what lies in the mailbox of a recipient; nothing if the relay shows none."""
        return (
            await self.instance.ask("mailbox", bytes, lambda *_: None, recipient)
            if self.has_mailboxes
            else []
        )

    async def fix_now(self, domain: str) -> OperatorAction:
        """Choose Fix now for a domain."""
        return await self._do("fix now", lambda: self.instance.call("fix_now", domain))

    async def edit(
        self, name: str, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> OperatorAction:
        """Save settings of a connector; `name` says in words what was changed."""
        call = self.instance.call
        return await self._do(
            name, lambda: call("edit_connector", connector, enabled=enabled, trust_anchors=trust_anchors)
        )

    async def delete(self, domain: str) -> OperatorAction:
        """Delete the connector of a domain."""
        return await self._do("connector deleted", lambda: self.instance.call("delete_connector", domain))

    async def start_second(self) -> OperatorAction:
        """Start another instance on the same spool."""
        return await self._do("second instance started", lambda: self.instance.call("start_second"))

    async def set_accepted_domain(self, accepted: AcceptedDomain) -> OperatorAction:
        """Change the type of an accepted domain."""
        return await self._do(
            f"domain {accepted.type}", lambda: self.instance.call("set_accepted_domain", accepted)
        )

    async def _do(self, name: str, call: Callable[[], Awaitable[object]]) -> OperatorAction:
        asked = self.journal.now()
        try:
            await call()
        except EditRefused as refusal:
            return OperatorAction(
                name=name, asked=asked, done=self.journal.now(), refused=True, reason=str(refusal)
            )
        return OperatorAction(name=name, asked=asked, done=self.journal.now())


def _check(name: str, alert: Alert) -> None:
    """Complain of a field of the wrong type (or not a number): a None among the texts would be read as the word."""
    for field, value in vars(alert).items():
        if field in _MAY_BE_MISSING and value is None:
            continue
        wanted = str if field in _TEXTS else int if field == "queued" else int | float
        if not isinstance(value, wanted) or isinstance(value, bool) or value != value:
            raise defect(f"{name}() returned an Alert whose {field} is {value!r}")
