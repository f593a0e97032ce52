"""Whose an event of a record is: which scenario it concerns, by what it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import cast

from conformance.evidence.record import Record, Staged
from fake_servers.events import ClientEvent, DnsEvent, Event, FakeBroke, RelayEvent, SmtpMessage

# What is done to the relay is done to all its messages, and on the name server, the sink, a witness everybody relies.
_EVERYBODY = "everybody"


class Shares:
    """The events of a complete record, sorted out once for all its scenarios."""

    def __init__(self, record: Record) -> None:
        servers = {site.server for staged in record.staged.values() for site in staged.sites}
        self._by_trait: defaultdict[str, list[tuple[int, Event]]] = defaultdict(list)
        for number, event in enumerate(record.events):
            for trait in set(_traits(event, servers)):
                self._by_trait[trait].append((number, event))

    def of(self, staged: Staged) -> tuple[Event, ...]:
        """Return the events at a scenario's own servers and names, mail to its sender, and defects of shared fakes."""
        found: dict[int, Event] = {}
        for trait in _own_traits(staged):
            found.update(self._by_trait.get(trait, ()))
        return tuple(event for _, event in sorted(found.items(), key=lambda item: item[0]))


def shares_of(record: Record) -> Shares:
    """Return the shares of a record, worked out once."""
    views: Mapping[str, object] = record.views
    if "shares" not in views:
        record.views["shares"] = Shares(record)
    return cast(Shares, views["shares"])


def _own_traits(staged: Staged) -> Iterator[str]:
    yield _EVERYBODY
    yield f"submitted by {staged.sender}"
    for person in (staged.sender, staged.author):
        yield f"mail for {person.lower()}"
    for site in staged.sites:
        yield f"at {site.server}"
        yield f"name {site.name.lower()}"
    yield f"name {staged.domain.lower()}"


def _traits(event: Event, servers: set[str]) -> Iterator[str]:
    """Yield everything by which an event can belong to a scenario; `servers` are those of all scenarios."""
    if isinstance(event, RelayEvent):
        yield _EVERYBODY
    elif isinstance(event, ClientEvent):
        yield f"submitted by {event.sender}"
    elif isinstance(event, DnsEvent):
        name = event.host
        while name:  # the names below a scenario's are its own as well
            yield f"name {name}"
            name = name.partition(".")[2]
    elif isinstance(event, FakeBroke) and event.server not in servers:
        yield _EVERYBODY
    else:
        yield f"at {event.server}"
        if isinstance(event, SmtpMessage):
            yield from (f"mail for {person.lower()}" for person in event.recipients)
