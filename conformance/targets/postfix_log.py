"""Reads delivery attempts from the log of Postfix.

One line is one attempt for one recipient::

    Jan  2 03:04:05 relay postfix/smtp[77]: 3F1A2: to=<b@c.test>, relay=mx.c.test[10.77.1.1]:25, delay=0.1, \
delays=0.1/0/0/0, dsn=4.4.2, status=deferred (lost connection with mx.c.test[10.77.1.1] while ...)

A line is taken only if its whole structure fits, so nothing that a remote server or an envelope address puts
into the text can pass for another field. Expiry is logged by the queue manager for the message as a whole; it
becomes one event for each recipient that was deferred before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import EventLog, seconds_of

_LINE = re.compile(
    r"(?P<stamp>\w{3} [ \d]\d \d\d:\d\d:\d\d) \S+ postfix(?:/[\w-]+)*/(?P<service>[\w-]+)\[\d+\]: "
    r"(?P<queue_id>[0-9A-Za-z]+): (?P<rest>.*)"
)
_ATTEMPT = re.compile(
    r"to=<(?P<recipient>.*?)>, (?:orig_to=<.*?>, )?relay=(?P<relay>[^,]*), (?:conn_use=\d+, )?"
    r"delay=[\d.e+]+, delays=[\d./e+]+, dsn=(?P<status>[245]\.\d{1,3}\.\d{1,3}), "
    r"status=(?P<outcome>sent|deferred|bounced) \((?P<text>.*)\)"
)
_EXPIRED = re.compile(r"from=<.*>, status=(?:expired|force-expired), returned to sender")
# Postfix quotes a reply after the name and address of the host, so its place in the text is fixed.
_OUTCOMES = {"sent": Outcome.DELIVERED, "deferred": Outcome.DEFERRED, "bounced": Outcome.PERMANENT}


class PostfixLog(EventLog):
    """A log file in growth.

    `at` of the events has whole seconds, like the log. `text` is what the log has in parentheses; `status`
    its `dsn=`; `destination` the host name in `relay=`, empty if no connection was made. Postfix has no reply
    code of its own: one that it quotes in the text is the remote server's.

    Args:
        path: The file, written with the time zone UTC.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._deferred: dict[str, dict[str, DeliveryEvent]] = {}  # by queue id and recipient, until removed

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for text in lines:
            line = _LINE.fullmatch(text)
            if line is None:
                continue
            queue_id, rest = line["queue_id"], line["rest"]
            if attempt := _ATTEMPT.fullmatch(rest):
                self._attempt(queue_id, attempt, seconds_of(line["stamp"]))
            elif _EXPIRED.fullmatch(rest) and line["service"] in {"qmgr", "nqmgr", "oqmgr"}:
                self._expire(queue_id, seconds_of(line["stamp"]))
            elif rest == "removed":  # short queue ids are used again
                self._deferred.pop(queue_id, None)

    def _attempt(self, queue_id: str, attempt: re.Match[str], at: float) -> None:
        relay = attempt["relay"]
        event = DeliveryEvent(
            recipient=attempt["recipient"],
            outcome=_OUTCOMES[attempt["outcome"]],
            text=attempt["text"],
            status=attempt["status"],
            destination="" if relay == "none" else relay.partition("[")[0],
            at=at,
        )
        self.events.append(event)
        waiting = self._deferred.setdefault(queue_id, {})
        if event.outcome is Outcome.DEFERRED:
            waiting[event.recipient] = event
        else:
            waiting.pop(event.recipient, None)

    def _expire(self, queue_id: str, at: float) -> None:
        for last in self._deferred.pop(queue_id, {}).values():
            self.events.append(
                DeliveryEvent(
                    recipient=last.recipient,
                    outcome=Outcome.EXPIRED,
                    text=last.text,
                    status=last.status,
                    destination=last.destination,
                    at=at,
                )
            )
