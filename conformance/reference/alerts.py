"""The alert about mail that waits too long for a connector.

It is raised when at least so many messages have each waited for so long, once for all of them; it lasts,
brought up to date, until that is no longer so, and may then be raised again. Alerts are kept in the spool: one
that lasts when the relay ends goes on, or is cleared at the first look, when the relay is back.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .config import Config
from .message import Message, Recipient, State
from .remedies import how_to_fix
from .routing import connector_of, fix_now_domains
from .schedule import Agenda, expires_at
from .spool import Spool

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert; times are seconds since the epoch.

    Attributes:
        connector: The domain of the connector.
        queued: How many messages waited for the connector, young ones included, when it last held.
        raised_at: When it was raised.
        cleared_at: When its cause had ended; None while it lasts.
        queue_start: When the oldest of those messages was accepted.
        oldest_expires: When that one will be returned.
        destination_server: The host tried last.
        last_address: The IP address tried last; empty if none was.
        last_error: The last error as the queue shows it.
        how_to_fix: What the operator can do.
    """

    connector: str
    queued: int
    raised_at: float
    cleared_at: float | None = None
    queue_start: float
    oldest_expires: float
    destination_server: str
    last_address: str
    last_error: str
    how_to_fix: str


@dataclass
class _Queue:
    """What waits for one connector.

    Attributes:
        waiting: All messages, oldest first.
        overdue: Those that have waited long enough to count.
        last: The recipient whose attempt failed last.
    """

    waiting: dict[str, Message] = field(default_factory=dict)
    overdue: set[str] = field(default_factory=set)
    last: Recipient | None = None


class AlertWatch:
    """Watches the queue of each connector, and raises and clears its alert."""

    def __init__(self, config: Config, spool: Spool) -> None:
        self._config = config
        self._spool = spool
        self._queues: dict[str, _Queue] = {}
        self._birthdays: Agenda[Message] = Agenda()
        self._alerts = [Alert(**details) for details in spool.load_alerts()]
        self._lasting = {each.connector: n for n, each in enumerate(self._alerts) if each.cleared_at is None}
        self._changed = set(self._lasting)

    def alerts(self) -> list[dict[str, Any]]:
        """Return every alert, oldest first, ready for JSON."""
        return [asdict(alert) for alert in self._alerts]

    def next(self) -> float | None:
        """Return when a message will have waited long enough to count; None: no message is younger."""
        return self._birthdays.next()

    def apply(self, config: Config, messages: Iterable[Message]) -> None:
        """Watch by new settings; `messages` is all that waits, oldest first."""
        self._config = config
        self._changed |= {*self._queues, *self._lasting}
        self._queues, self._birthdays = {}, Agenda()
        for message in messages:
            self.joined(message)

    def joined(self, message: Message) -> None:
        """Take note of a message in the queue."""
        for recipient in message.recipients:
            name = self._connector(recipient)
            if name and recipient.state is not State.GONE:
                self._queues.setdefault(name, _Queue()).waiting[message.queue_id] = message
                self.failed(recipient)
        self._birthdays.add(message.accepted_at + self._config.alert.age, message)

    def failed(self, recipient: Recipient) -> None:
        """Take note of a recipient that has failed, if it has."""
        queue = self._queues.get(self._connector(recipient))
        if queue is None or recipient.failure is None:
            return
        if queue.last is None or _last_attempt(recipient) >= _last_attempt(queue.last):
            queue.last = recipient
            self._changed.add(self._connector(recipient))

    def settled(self, message: Message) -> None:
        """Take note that some recipients of a message may be gone."""
        names = {self._connector(each) for each in message.recipients}
        still = {self._connector(each) for each in message.recipients if each.state is not State.GONE}
        for name in (names - still) & self._queues.keys():
            self._queues[name].waiting.pop(message.queue_id, None)
            self._queues[name].overdue.discard(message.queue_id)
            self._changed.add(name)

    async def look(self, now: float) -> None:
        """Raise, bring up to date and clear what is due; an alert is on disk before anybody sees it."""
        self._come_of_age(now)
        while self._changed:
            name = self._changed.pop()
            try:
                await self._judge(name, now)
            except sqlite3.Error as error:
                log.error("alert for %s not recorded, tried again: %s", name, error)
                self._changed.add(name)
                return
            self._come_of_age(now)  # settings may have been saved meanwhile, by which all are counted anew

    def _come_of_age(self, now: float) -> None:
        for _, message in self._birthdays.due(now):
            for name in {self._connector(each) for each in message.recipients} & self._queues.keys():
                if message.queue_id in self._queues[name].waiting:
                    self._queues[name].overdue.add(message.queue_id)
                    self._changed.add(name)

    async def _judge(self, name: str, now: float) -> None:
        queue = self._queues.get(name)
        number = self._lasting.get(name)
        if queue is not None and len(queue.overdue) >= self._config.alert.messages:
            if number is not None:
                self._alerts[number] = self._describe(name, queue, self._alerts[number].raised_at)
                return
            alert = self._describe(name, queue, now)
            await self._spool.keep_alert(len(self._alerts), asdict(alert))
            self._lasting[name] = len(self._alerts)
            self._alerts.append(alert)
            log.warning("alert: %d messages wait for %s: %s", alert.queued, name, alert.last_error)
        elif number is not None:
            alert = replace(self._alerts[number], cleared_at=now)
            await self._spool.keep_alert(number, asdict(alert))
            self._alerts[number] = alert
            del self._lasting[name]
            log.info("alert for %s cleared", name)

    def _describe(self, name: str, queue: _Queue, raised_at: float) -> Alert:
        oldest = next(iter(queue.waiting.values()))
        failure = None if queue.last is None else queue.last.failure
        status = "" if failure is None or failure.remote else failure.status
        return Alert(
            connector=name,
            queued=len(queue.waiting),
            raised_at=raised_at,
            queue_start=oldest.accepted_at,
            oldest_expires=expires_at(oldest.accepted_at, self._config.schedule),
            destination_server="" if failure is None else failure.server,
            last_address="" if failure is None else failure.address.rpartition(":")[0].strip("[]"),
            last_error="" if queue.last is None else queue.last.last_error,
            how_to_fix=how_to_fix(status, connector=name, fixable=bool(fix_now_domains(name, self._config))),
        )

    def _connector(self, recipient: Recipient) -> str:
        """Return the domain of the connector that a recipient's mail waits for; empty: none."""
        connector = connector_of(recipient.address, self._config)
        return "" if connector is None else connector.domain


def _last_attempt(recipient: Recipient) -> float:
    return recipient.last_attempt_at or 0.0
