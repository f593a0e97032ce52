"""Reads delivery attempts from the syslog lines of sendmail.

One line is one attempt for one recipient or more::

    Jan  2 03:04:05 sendmail[77]: 6A2xyz: to=<b@c.test>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30345, \
relay=mx.c.test. [10.77.1.1], dsn=4.0.0, stat=Deferred: Connection refused by mx.c.test.

A line is taken only if its whole structure fits, so nothing that a remote server puts into the text can pass for
another field. Expiry is logged for the message as a whole, before the report is made; it becomes one event for each
recipient that was deferred before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import EventLog

_LINE = re.compile(r"\w{3} [ \d]\d \d\d:\d\d:\d\d sendmail\[\d+\]: (?P<id>[0-9A-Za-z]+): (?P<rest>.*)")
_ATTEMPT = re.compile(
    r"to=(?P<recipients><.*?>(?:,<.*?>)*),? (?:ctladdr=.*?, )?delay=[\d:+]+, (?:xdelay=[\d:+]+, )?mailer=\w+, "
    r"(?:pri=\d+, )?(?:relay=(?P<relay>.*?), )?(?:dsn=(?P<status>[245]\.\d{1,3}\.\d{1,3}), )?(?:reply=.*?, )?"
    r"stat=(?P<text>.*)"
)
_RECIPIENT = re.compile(r"<(.*?)>(?:,|$)")
_EXPIRED = re.compile(r"[0-9A-Za-z]+: sender notify: Cannot send message for .*")


class SendmailLog(EventLog):
    """A log file in growth.

    `text` is what stands after `stat=`; `status` the `dsn=`; `destination` the host in `relay=`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._deferred: dict[str, dict[str, DeliveryEvent]] = {}  # by queue id and recipient

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for text in lines:
            line = _LINE.fullmatch(text)
            if line is None:
                continue
            if attempt := _ATTEMPT.fullmatch(line["rest"]):
                self._attempt(line["id"], attempt)
            elif _EXPIRED.fullmatch(line["rest"]):
                for last in self._deferred.pop(line["id"], {}).values():
                    self._add(last.recipient, Outcome.EXPIRED, last.text, last.status, last.destination)

    def _attempt(self, message: str, attempt: re.Match[str]) -> None:
        text, status = attempt["text"], attempt["status"] or ""
        if text.startswith("queued"):
            return  # not tried
        host, _, address = (attempt["relay"] or "").partition(" ")
        destination = address.strip("[]") if "..." in host else host.rstrip(".")  # a long name is shortened
        if text.startswith("Sent"):
            outcome = Outcome.DELIVERED
        else:
            deferred = text.startswith("Deferred") or status.startswith("4")
            outcome = Outcome.DEFERRED if deferred else Outcome.PERMANENT
        waiting = self._deferred.setdefault(message, {})
        for recipient in _RECIPIENT.findall(attempt["recipients"]):
            event = self._add(recipient, outcome, text, status, destination)
            if outcome is Outcome.DEFERRED:
                waiting[recipient] = event
            else:
                waiting.pop(recipient, None)

    def _add(
        self, recipient: str, outcome: Outcome, text: str, status: str, destination: str
    ) -> DeliveryEvent:
        event = DeliveryEvent(
            recipient=recipient, outcome=outcome, text=text, status=status, destination=destination
        )
        self.events.append(event)
        return event
