"""Reads delivery attempts from a log by patterns.

A line is taken only if a pattern fits the whole of it: so what a remote server said cannot pass for another field.
Where no line has all that belongs to an attempt, those with the same `id` are put together: what its recipients are,
and what was the cause of an outcome that a later line tells. Without any `id` the lines are of the attempt that goes
on, which begins where its recipients are named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.declared.format import Means
from conformance.targets.kit.log import EventLog
from conformance.targets.kit.stamps import seconds_of

GROUPS = (
    *("recipient", "recipients", "text", "code", "status", "destination", "at", "id", "part", "domain"),
)
_SPLIT = re.compile(r"[,\s]+")
_OUTCOMES = {Means(outcome.value): outcome for outcome in Outcome}
_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass
class _Message:
    """What lines said of one message, or of the part of it that goes to one domain."""

    waiting: dict[str, None] = field(default_factory=dict)  # its recipients, in their order, not yet done
    causes: list[str] = field(default_factory=list)
    of_one: dict[str, str] = field(default_factory=dict)  # causes that concern single recipients
    destination: str = ""
    domain: str = ""


class DeclaredLog(EventLog):
    """A log in growth.

    Args:
        path: The file.
        lines: Patterns and what the lines mean that they fit.
        escaped: `json`: texts are strings of JSON.
    """

    def __init__(
        self, path: Path, lines: Iterable[tuple[re.Pattern[str], Means]], *, escaped: str = ""
    ) -> None:
        super().__init__(path)
        self._lines = tuple(lines)
        self._escaped = escaped == "json"
        self._messages: dict[str, _Message] = {}
        self._parts: dict[tuple[str, str], _Message] = {}

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for line in lines:
            for pattern, means in self._lines:
                if match := pattern.fullmatch(line.removesuffix("\r")):
                    if means is not Means.NOTHING:
                        self._take(means, _groups(match))
                    break

    def _take(self, means: Means, said: dict[str, str]) -> None:
        message = self._messages.setdefault(said.get("id", ""), _Message())
        part = self._parts.setdefault((said.get("id", ""), said.get("part", "")), _Message())
        named = [said.get("recipient", ""), *_SPLIT.split(said.get("recipients", ""))]
        named = [address for each in named if (address := each.strip("<>"))]
        text = self._as_written(said.get("text", ""))
        part.destination = said.get("destination") or part.destination
        part.domain = said.get("domain") or part.domain
        if means is Means.RECIPIENT:
            if "id" not in said:  # one attempt after the other: this one begins
                message.waiting.clear()
                part.causes.clear()
            message.waiting |= dict.fromkeys(named)
        elif means is Means.CAUSE:
            if named:
                part.of_one |= dict.fromkeys(named, text)
            elif text:
                part.causes.append(text)
        else:
            self._attempt(_OUTCOMES[means], said, text, named or _meant(message, part, means), message, part)

    def _attempt(
        self,
        outcome: Outcome,
        said: dict[str, str],
        text: str,
        recipients: list[str],
        message: _Message,
        part: _Message,
    ) -> None:
        delivered = outcome is Outcome.DELIVERED
        for recipient in recipients:
            cause = part.of_one.pop(recipient, "") or "; ".join(part.causes)
            self.events.append(
                DeliveryEvent(
                    recipient=recipient,
                    outcome=outcome,
                    text=text if delivered else "; ".join(filter(None, (cause, text))),
                    code=said.get("code", ""),
                    status=said.get("status", ""),
                    destination=part.destination,
                    at=seconds_of(said["at"]) if said.get("at") else 0.0,
                )
            )
            if outcome is not Outcome.DEFERRED:
                message.waiting.pop(recipient, None)
        if not delivered:
            part.causes.clear()
        part.destination = ""

    def _as_written(self, text: str) -> str:
        """Return a text as a reader sees it, control characters escaped."""
        text = text.strip()
        if self._escaped:
            with suppress(ValueError):  # cut off within an escape
                text = str(json.loads(f'"{text}"'))
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _meant(message: _Message, part: _Message, means: Means) -> list[str]:
    """Return the recipients of a line that names none: all that wait; if delivered, but for those with a cause."""
    mine = [each for each in message.waiting if not part.domain or _domain(each) == part.domain.lower()]
    if means is Means.DELIVERED:
        return [each for each in mine if each not in part.of_one]
    return mine


def _groups(match: re.Match[str]) -> dict[str, str]:
    """Return what a line has of each name: `text2` is a second place where `text` may stand."""
    said: dict[str, str] = {}
    for name, text in match.groupdict().items():
        if text is not None:
            said.setdefault(name.rstrip("0123456789"), text)
    return said


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
