"""How late the fake servers were for one scenario: each event of theirs that had waited for us says for how long.

What a scenario's own servers and names are asked is its own. What concerns nobody in particular is everybody's whose
window was open: a look-up of the senders' domain, a connection to the sink on which no message came. A connection to
the sink on which a message came is of the scenarios to which the message belongs.

What a flood of questions had no answer is the doing of whoever asked, and not ours. Whose question it was nobody knows,
so it may have been anybody's whose window was open (`Punctuality.unanswered`).

A client that went on when it had our answer has endured the wait: no time-out of its has passed. So megabytes that are
read for a second, while others are read as well, spoil nothing by themselves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, cast

from conformance.evidence.attribution import traits_of_event, traits_of_scenario
from conformance.evidence.record import Record, Staged
from fake_servers.events import (
    DnsAnswer,
    DnsDropped,
    DnsQuery,
    Event,
    SmtpMessage,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpLate,
)


class Kind(StrEnum):
    """What waited for us, and so which time-out of a relay's ran meanwhile."""

    QUESTION = "question"  # a DNS query, for its answer
    SESSION = "session"  # a client, for the greeting or for a reply
    ENDURED = "endured"  # the same, and the client went on


class _Wait(NamedTuple):
    """From when to when something waited for us; of what was never read nobody knows until when."""

    kind: Kind
    begin: float
    end: float

    def within(self, begin: float, end: float) -> float:
        """Return for how long it waited, if that was while a window was open; what never ended, until it closed."""
        if self.end < begin or self.begin > end:
            return 0.0
        return (end if math.isinf(self.end) else self.end) - self.begin


class Punctuality:
    """Everything in a record that had to wait for us."""

    def __init__(self, record: Record) -> None:
        self._everybody: list[_Wait] = []
        self._own: defaultdict[str, list[_Wait]] = defaultdict(list)
        self._excess = [e for e in record.events if isinstance(e, DnsDropped) and e.excess]
        waited = [(event, wait) for event in record.events if (wait := _wait(event))]
        if not waited:
            return
        endured = _endured(record.events)
        waited = [
            (event, wait._replace(kind=Kind.ENDURED) if id(event) in endured else wait)
            for event, wait in waited
        ]
        owners: defaultdict[str, set[str]] = defaultdict(set)
        for staged in record.staged.values():
            for trait in traits_of_scenario(staged):
                owners[trait].add(staged.scenario)
        carried: defaultdict[int, set[str]] = defaultdict(set)
        for event in record.events:
            if isinstance(event, SmtpMessage):
                carried[event.connection] |= _concerned(event, owners)
        for event, wait in waited:
            concerned = _concerned(event, owners) or carried.get(event.connection, set())
            for scenario in concerned:
                self._own[scenario].append(wait)
            if not concerned:
                self._everybody.append(wait)

    def lags(self, staged: Staged) -> dict[Kind, float]:
        """Return the longest wait for us of each kind while the window of a scenario was open, in seconds."""
        begin, end = _window(staged)
        waits = (*self._own.get(staged.scenario, ()), *self._everybody)
        lags = dict.fromkeys(Kind, 0.0)
        for wait in waits:
            lags[wait.kind] = max(lags[wait.kind], wait.within(begin, end))
        return lags

    def unanswered(self, staged: Staged) -> int:
        """Return how many questions had no answer while the window of a scenario was open, for there were too many."""
        begin, end = _window(staged)
        return sum(dropped.queries for dropped in self._excess if begin <= dropped.at <= end)


def _window(staged: Staged) -> tuple[float, float]:
    begin = staged.submitted or 0.0 if staged.offered is None else staged.offered
    return begin, math.inf if staged.closed is None else staged.closed


def punctuality_of(record: Record) -> Punctuality:
    """Return what had to wait for us in a record, worked out once."""
    if "punctuality" not in record.views:
        record.views["punctuality"] = Punctuality(record)
    return cast(Punctuality, record.views["punctuality"])


def _wait(event: Event) -> _Wait | None:
    match event:
        case DnsQuery(lag=lag) | DnsAnswer(lag=lag) if lag:
            return _Wait(Kind.QUESTION, event.at - lag, event.at)
        case TcpAccepted(lag=lag) | TcpLate(lag=lag) if lag:
            return _Wait(Kind.SESSION, event.at - lag, event.at)
        case DnsDropped():
            return _Wait(Kind.QUESTION, event.at, math.inf)
    return None


def _endured(events: Iterable[Event]) -> set[int]:
    """Return what had waited for us in sessions in which the client said something when it was answered, by identity.

    What it had said before we answered shows nothing: it may have been given up by then.
    """
    found: set[int] = set()
    waiting: defaultdict[int, list[Event]] = defaultdict(list)
    answered: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        number = event.connection
        match event:
            case TcpLate():
                waiting[number].append(event)
            case SmtpSent() if number in waiting:
                answered[number] += waiting.pop(number)
            case SmtpReceived(ahead=False) if number in answered:
                found |= {id(each) for each in answered.pop(number)}
    return found


def _concerned(event: Event, owners: defaultdict[str, set[str]]) -> set[str]:
    found: Iterator[set[str]] = (owners[trait] for trait in traits_of_event(event) if trait in owners)
    return set().union(*found)
