r"""A log whose lines are told by patterns: named groups are what an event is made of.

    log = PatternLog(
        folder / "relay.log",
        Line(
            r"(?P<at>\S+) (?P<id>\w+): to=<(?P<recipient>.*?)> host=(?P<destination>\S+) (?P<outcome>\w+) (?P<text>.*)",
            {"sent": Outcome.DELIVERED, "deferred": Outcome.DEFERRED, "bounced": Outcome.PERMANENT},
        ),
        Line(r"\S+ (?P<id>\w+): too old", Outcome.EXPIRED),
    )

A pattern is of a whole line, so that nothing that a remote server says can pass for another field; the first that fits
counts, and a line that fits none is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit.log import EventLog
from conformance.targets.kit.stamps import seconds_of

_FIELDS = ("recipient", "text", "code", "status", "destination")
_KNOWN = {*_FIELDS, "recipients", "id", "outcome", "at"}
_IN_BRACKETS = re.compile(r"<(.*?)>(?:,|$)")


@dataclass(frozen=True)
class Line:
    """A kind of line.

    With a recipient (or `recipients`: `<a@b.test>,<c@d.test>`, an event for each) and an outcome it is an attempt.
    With an outcome and the `id` of a message, but no recipient, it is about each recipient of that message that was
    deferred before, in whose words the event is told again. With an `id` and no outcome it says something (a host, a
    cause) of the attempt that is told next.

    Attributes:
        pattern: A regular expression for the whole line. Its named groups are `id`, of the message, for what several
            lines say of it; `outcome`; `at` (see `seconds_of`); `recipients`; and the fields of `DeliveryEvent`. A
            digit at the end of a name does not count: where a line has something in one of several places each may be
            named (`destination`, `destination2`), and the first that is there is taken.
        outcome: What became of the attempt: the same for all of these lines; or by the word in the group `outcome`,
            where a line with another word is passed over; or none.
    """

    pattern: str
    outcome: Outcome | Mapping[str, Outcome] | None = None

    def __post_init__(self) -> None:
        """Complain of what could never be read.

        Raises:
            ValueError: The pattern, or a name in it, means nothing.
        """
        try:
            names = {_plain(name) for name in re.compile(self.pattern).groupindex}
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from error
        if unknown := sorted(names - _KNOWN):
            raise ValueError(
                f"{self.pattern!r}: no group is called {', '.join(unknown)}; there are {', '.join(sorted(_KNOWN))}"
            )
        if isinstance(self.outcome, Mapping) != ("outcome" in names):
            raise ValueError(f"{self.pattern!r}: a group `outcome` and a table of its words go together")
        if not names & {"recipient", "recipients", "id"}:
            raise ValueError(f"{self.pattern!r}: it names neither `recipient`, `recipients` nor `id`")
        if self.outcome is None and names & {"recipient", "recipients"}:
            raise ValueError(f"{self.pattern!r}: what became of the attempt is not said")


class PatternLog(EventLog):
    """A log file in growth, by the kinds of lines in it."""

    def __init__(self, path: Path, *kinds: Line) -> None:
        super().__init__(path)
        self._kinds = [(re.compile(kind.pattern), kind.outcome) for kind in kinds]
        self._said: dict[str, dict[str, str]] = {}  # before an attempt is told, by message
        self._waiting: dict[str, dict[str, DeliveryEvent]] = {}  # deferred last, by message and recipient

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for line in lines:
            for pattern, outcomes in self._kinds:
                if found := pattern.fullmatch(line.removesuffix("\r")):
                    self._take(_groups(found), outcomes)
                    break

    def _take(self, said: dict[str, str], outcomes: Outcome | Mapping[str, Outcome] | None) -> None:
        outcome = outcomes.get(said.get("outcome", "")) if isinstance(outcomes, Mapping) else outcomes
        message = said.get("id", "")
        recipients = _IN_BRACKETS.findall(said["recipients"]) if "recipients" in said else []
        recipients += [said["recipient"]] if "recipient" in said else []
        at = seconds_of(said["at"]) if "at" in said else 0.0
        if outcome is None:
            if outcomes is None:
                self._remember(message, said)
        elif recipients:
            self._attempt(message, recipients, outcome, self._complete(message, said), at)
        else:
            for last in self._waiting.pop(message, {}).values():
                self.events.append(replace(last, outcome=outcome, at=at))

    def _remember(self, message: str, said: Mapping[str, str]) -> None:
        kept = self._said.setdefault(message, {})
        kept |= {name: said[name] for name in _FIELDS if name in said}

    def _complete(self, message: str, said: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of an attempt with what was said before; a cause comes before what became of it."""
        before = self._said.pop(message, {}) if message else {}
        fields = before | {name: said[name] for name in _FIELDS if name in said}
        if "text" in before and "text" in said:
            fields["text"] = f"{before['text']} {said['text']}"
        return fields

    def _attempt(
        self, message: str, recipients: list[str], outcome: Outcome, fields: dict[str, str], at: float
    ) -> None:
        waiting = self._waiting.setdefault(message, {}) if message else {}
        for recipient in recipients:
            event = DeliveryEvent(**{"text": "", **fields, "recipient": recipient}, outcome=outcome, at=at)
            self.events.append(event)
            if outcome is Outcome.DEFERRED:
                waiting[recipient] = event
            else:
                waiting.pop(recipient, None)


def _plain(name: str) -> str:
    return name.rstrip("0123456789")


def _groups(found: re.Match[str]) -> dict[str, str]:
    """Return what a line has of each name, the first where there are several places for it."""
    said: dict[str, str] = {}
    for name, text in found.groupdict().items():
        if text is not None:
            said.setdefault(_plain(name), text)
    return said
