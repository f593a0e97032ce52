"""Reads delivery attempts from the log of Haraka (`log.ini`: level=info, format=json, timestamps=true).

One line is a time stamp and a JSON object. What one attempt leaves there, for one message to one domain::

    {"uuid":"U.1","origin":"relay","message":"confirming recipient <b@c.test>"}
    {"uuid":"U.1.1","message":"Ongoing connection failed to 10.77.1.1:25 : Error: socket timeout waiting on ehlo"}
    {"uuid":"U.1.1","message":"Temp failing FILE for 5 seconds: Tried all MXs"}

No line has cause, outcome and recipients together. The recipients of U.1.1 are those that were confirmed under U.1 and
are of its first domain. What failed at a host stands in lines of their own before the outcome, and what was answered to
a single RCPT in a line that names the recipient; both become the beginning of the text. Control characters stay
escaped, as a reader of the log sees them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import EventLog

_CONFIRMED = re.compile(r"confirming recipient <(?P<recipient>.*)>")
_ANSWERED = re.compile(r"recipient <(?P<recipient>.*?)> (?:rejected|deferred): (?P<text>.*)", re.DOTALL)
_AT_HOST = re.compile(
    r"Ongoing connection failed to (?P<host>.*):\d+ : .*"
    r"|Remote end (?P<end>.*):\d+ closed connection while we were processing mail\. .*"
    r'|Failed to get socket: .*?"host":"(?P<sought>[^"]*)".*'
    r"|Failed to get socket: .*",
    re.DOTALL,
)
_DEFERRED = re.compile(r"Temp failing \S+ for [\d.]+ seconds: (?P<text>.*)", re.DOTALL)
_BOUNCED = re.compile(r"bouncing mail: (?P<text>.*)", re.DOTALL)
_SOME = re.compile(r"Some recipients (?:failed|temp failed): (?P<list><.*>)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
_GIVEN_UP = "Too many failures ("


@dataclass
class _Delivery:
    """One message to one domain, by the uuid that its lines bear."""

    waiting: list[str]  # not yet delivered or given up
    answered: dict[str, str] = field(default_factory=dict)  # what an attempt has heard of single recipients
    troubles: list[str] = field(default_factory=list)  # what an attempt has met at hosts
    host: str = ""  # the one tried last


class HarakaLog(EventLog):
    """A log file in growth. `at` of the events has milliseconds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._confirmed: dict[str, list[str]] = {}  # by the uuid of the transaction
        self._deliveries: dict[str, _Delivery] = {}

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first; what is not of this form is somebody else's (node's warnings)."""
        for line in lines:
            stamp, _, rest = line.partition(" ")
            if not rest.startswith("{"):
                continue
            try:
                said, at = json.loads(rest), datetime.fromisoformat(stamp).timestamp()
            except ValueError:
                continue
            if isinstance(said, dict):
                self._take(said, at)

    def _take(self, said: Mapping[str, Any], at: float) -> None:
        uuid, message = str(said.get("uuid", "")), _as_written(str(said.get("message", "")))
        if said.get("origin") == "relay" and (found := _CONFIRMED.fullmatch(message)):
            self._confirmed.setdefault(uuid, []).append(found["recipient"])
        elif said.get("origin") == "outbound" and (delivery := self._delivery(uuid)) is not None:
            self._attempt(delivery, said, message, at)

    def _delivery(self, uuid: str) -> _Delivery | None:
        """Return what is known of a message; None for one that Haraka itself made, a report."""
        if uuid not in self._deliveries:
            transaction, _, number = uuid.rpartition(".")
            recipients = self._confirmed.get(transaction)
            if recipients is None or not number.isdecimal():
                return None
            domains = list(dict.fromkeys(_domain(recipient) for recipient in recipients))
            mine = domains[int(number) - 1] if 0 < int(number) <= len(domains) else ""
            self._deliveries[uuid] = _Delivery([r for r in recipients if _domain(r) == mine])
        return self._deliveries[uuid]

    def _attempt(self, delivery: _Delivery, said: Mapping[str, Any], message: str, at: float) -> None:
        if answered := _ANSWERED.fullmatch(message):
            delivery.answered[answered["recipient"]] = answered["text"]
        elif trouble := _AT_HOST.fullmatch(message):
            delivery.troubles.append(message)
            delivery.host = trouble["host"] or trouble["end"] or trouble["sought"] or delivery.host
        elif "delivered file" in said:
            delivery.host = str(said.get("host", ""))
            there = [r for r in delivery.waiting if r not in delivery.answered]
            self._note(delivery, there, Outcome.DELIVERED, _as_written(str(said.get("response", ""))), at)
        elif deferred := _DEFERRED.fullmatch(message):
            self._note(delivery, _named(delivery, deferred["text"]), Outcome.DEFERRED, deferred["text"], at)
        elif bounced := _BOUNCED.fullmatch(message):
            text = bounced["text"]
            outcome = Outcome.EXPIRED if text.startswith(_GIVEN_UP) else Outcome.PERMANENT
            self._note(delivery, _named(delivery, text), outcome, text, at)

    def _note(
        self, delivery: _Delivery, recipients: list[str], outcome: Outcome, text: str, at: float
    ) -> None:
        for recipient in recipients:
            before = delivery.answered.pop(recipient, "") or "; ".join(delivery.troubles)
            self.events.append(
                DeliveryEvent(
                    recipient=recipient,
                    outcome=outcome,
                    text=text if outcome is Outcome.DELIVERED or not before else f"{before}; {text}",
                    destination=delivery.host,
                    at=at,
                )
            )
            if outcome is not Outcome.DEFERRED and recipient in delivery.waiting:
                delivery.waiting.remove(recipient)
        if outcome is not Outcome.DELIVERED:
            delivery.troubles.clear()


def _named(delivery: _Delivery, text: str) -> list[str]:
    """Return the recipients that a text is about: those it names, else all that still wait."""
    named = _SOME.search(text)
    if named is None:
        return list(delivery.waiting)
    return [recipient for recipient in delivery.waiting if f"<{recipient}>" in named["list"]]


def _as_written(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _domain(recipient: str) -> str:
    return recipient.rpartition("@")[2].lower()
