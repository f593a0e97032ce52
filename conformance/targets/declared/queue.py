"""Reads a queue by patterns, from the text that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from conformance.target import QueuedMessage

GROUPS = ("sender", "recipient", "error", "done")


def read(text: str, patterns: Iterable[re.Pattern[str]], null: Iterable[str] = ("",)) -> list[QueuedMessage]:
    """Return every recipient that waits, from a listing.

    What the patterns find counts in the order in which it stands in the text. A `sender` begins a message; an `error`
    holds for the recipients after it, and where it stands after them for those that have none yet.

    Args:
        text: What shows the queue.
        patterns: With the groups `GROUPS`.
        null: How the null reverse-path may be written.
    """
    messages: list[_Message] = []
    for said in _said(text, patterns):
        if "sender" in said or not messages:
            messages.append(_Message(_sender(said, null)))
        messages[-1].take(said)
    return [each for message in messages for each in message.waiting()]


def read_one(
    text: str, patterns: Iterable[re.Pattern[str]], null: Iterable[str] = ("",)
) -> list[QueuedMessage] | None:
    """Return every recipient that waits of one message, whose sender may stand anywhere; None: no pattern fits."""
    found = _said(text, patterns)
    message = _Message(next((_sender(said, null) for said in found if "sender" in said), ""))
    for said in found:
        message.take(said)
    return list(message.waiting()) if found else None


def _said(text: str, patterns: Iterable[re.Pattern[str]]) -> list[dict[str, str]]:
    matches = sorted((match for pattern in patterns for match in pattern.finditer(text)), key=re.Match.start)
    return [
        {name: group for name, group in each.groupdict().items() if group is not None} for each in matches
    ]


def _sender(said: Mapping[str, str], null: Iterable[str]) -> str:
    sender = said.get("sender", "")
    return "" if sender in null else _bare(sender)


@dataclass
class _Message:
    """What was found of one message."""

    sender: str
    recipients: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # of the first so many recipients
    done: set[str] = field(default_factory=set)
    error: str = ""

    def take(self, said: dict[str, str]) -> None:
        """Take the groups of one match."""
        if "error" in said:
            self.error = " ".join(said["error"].split())
            self.errors += [self.error] * (len(self.recipients) - len(self.errors))
        if "recipient" in said:
            self.recipients.append(_bare(said["recipient"]))
            if self.error:
                self.errors.append(self.error)
        if "done" in said:
            self.done.add(_bare(said["done"]))

    def waiting(self) -> Iterator[QueuedMessage]:
        """Yield every recipient that is not done."""
        for recipient, error in zip_longest(self.recipients, self.errors, fillvalue=""):
            if recipient not in self.done:
                yield QueuedMessage(sender=self.sender, recipient=recipient, error=error)


def _bare(address: str) -> str:
    """Return an address without angle brackets."""
    return address.strip().removeprefix("<").removesuffix(">")
