"""Reads delivery attempts from the main log of Exim.

One line is one attempt for one recipient (Exim specification, chapter 52)::

    2026-01-02 03:04:05.678 1vOxyz-000001-0A == b@c.test R=router T=transport defer (111): Connection refused

A line is taken only if its beginning fits: what a remote server said stands at its end. That a message was not tried
because its time had not come is no attempt. Where the line does not name a host, a line of its own did before::

    2026-01-02 03:04:05.670 1vOxyz-000001-0A H=mx.c.test [10.77.1.1] Connection refused
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import EventLog

_LINE = re.compile(
    r"(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?P<id>[0-9A-Za-z]+-[0-9A-Za-z]+-[0-9A-Za-z]+) (?P<rest>.*)"
)
_ATTEMPT = re.compile(
    r"(?P<flag>=>|->|>>|\*\*|==) (?P<recipient>\S+?)(?: <(?P<original>[^>]*)>)?(?P<text>:? .*)", re.DOTALL
)
_HOST = re.compile(r"(?:(?: [A-Z]+=\S+)*(?: defer \(-?\d+\))? )?H=(?P<host>\S+)")
_NO_ADDRESS = re.compile(r"no IP address found for host (?P<host>[^\s()]+)(?: .*)?")
_NOT_TRIED = re.compile(r" defer \(-\d+\): retry time not reached")
_EXPIRED = (
    "retry timeout exceeded",
    "have been failing for a long time (and retry time not reached)",
    "have been failing for a long time and were last tried after this message arrived",
)
_OUTCOMES = {
    "=>": Outcome.DELIVERED,
    "->": Outcome.DELIVERED,
    ">>": Outcome.DELIVERED,
    "**": Outcome.PERMANENT,
    "==": Outcome.DEFERRED,
}


class EximLog(EventLog):
    """A main log in growth, written with `log_selector = +millisec` and the time zone UTC.

    `text` is everything after the recipient; `destination` the host in `H=`, of this line or of the one before.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._hosts: dict[str, str] = {}  # named last, by message

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for text in lines:
            line = _LINE.fullmatch(text)
            if line is None:
                continue
            if attempt := _ATTEMPT.fullmatch(line["rest"]):
                self._attempt(line["id"], attempt, line["stamp"])
            elif host := _HOST.match(line["rest"]) or _NO_ADDRESS.fullmatch(line["rest"]):
                self._hosts[line["id"]] = host["host"]

    def _attempt(self, message: str, attempt: re.Match[str], stamp: str) -> None:
        before = self._hosts.pop(message, "")
        if _NOT_TRIED.search(attempt["text"]):
            return
        host = _HOST.match(attempt["text"])
        outcome = _OUTCOMES[attempt["flag"]]
        if outcome is Outcome.PERMANENT and attempt["text"].endswith(_EXPIRED):
            outcome = Outcome.EXPIRED
        self.events.append(
            DeliveryEvent(
                recipient=attempt["original"] or attempt["recipient"],
                outcome=outcome,
                text=attempt["text"].removeprefix(":").strip(),
                destination=host["host"] if host else before,
                at=datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp(),
            )
        )
