"""Which scenario an event belongs to: by the server where it happened, the name asked for, the sender or the recipient.

Decided here for both who ask: for a complete record, whose events are sorted out once for all scenarios (`Shares`), and
for a wave that hands each event to the player of its scenario while it goes on (`wave/directory.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address
from typing import cast

from conformance.evidence.record import Record, Staged
from fake_servers.addresses import known_as
from fake_servers.events import ClientEvent, DnsEvent, Event, FakeBroke, RelayEvent, SmtpMessage

# Name server, sink and witnesses serve everybody.
_EVERYBODY = "everybody"


def traits_of_scenario(staged: Staged) -> Iterator[str]:
    """Yield everything by which an event can belong to a scenario."""
    for site in (*staged.sites, *([] if staged.way_back is None else [staged.way_back])):
        yield f"at {site.server}"
        yield f"name {site.name.lower()}"
        yield f"name {ip_address(site.host).reverse_pointer}"
    yield f"name {staged.domain.lower()}"
    for person in (staged.sender, staged.author):
        yield f"mail for {known_as(person)}"
    yield f"submitted by {staged.sender}"


def traits_of_event(event: Event) -> Iterator[str]:
    """Yield everything by which an event belongs to a scenario if it has the same, the most telling first."""
    if isinstance(event, DnsEvent):
        labels = event.host.split(".")
        # the names below a scenario's are its own as well, and so is one with the suffix of somebody's search list
        for end in range(len(labels), 0, -1):
            for begin in range(end):
                yield f"name {'.'.join(labels[begin:end])}"
    elif isinstance(event, ClientEvent):
        yield f"submitted by {event.sender}"
    elif isinstance(event, SmtpMessage) and not event.mail_from:
        # what comes back is about the sender's scenario, wherever a relay with one route for all mail sent it
        yield from _persons(event)
        yield f"at {event.server}"
    else:
        yield f"at {event.server}"
        if isinstance(event, SmtpMessage):
            yield from _persons(event)


def _persons(message: SmtpMessage) -> Iterator[str]:
    return (f"mail for {known_as(person)}" for person in message.recipients)


class Shares:
    """The events of a complete record, sorted out once for all its scenarios."""

    def __init__(self, record: Record) -> None:
        servers = {site.server for staged in record.staged.values() for site in staged.sites}
        self._by_trait: defaultdict[str, list[tuple[int, Event]]] = defaultdict(list)
        for number, event in enumerate(record.events):
            shared = isinstance(event, FakeBroke) and event.server not in servers
            traits = {_EVERYBODY} if shared else set(traits_of_event(event))
            for trait in {_of_relay(event.relay)} if isinstance(event, RelayEvent) else traits:
                self._by_trait[trait].append((number, event))

    def of(self, staged: Staged) -> tuple[Event, ...]:
        """Return the events of a scenario.

        Those at its own servers and names, mail to its sender, what was done to its relay, defects of shared fakes.
        """
        found: dict[int, Event] = {}
        # what is done to a relay is done to all its messages
        for trait in (_EVERYBODY, _of_relay(0), _of_relay(staged.relay), *traits_of_scenario(staged)):
            found.update(self._by_trait.get(trait, ()))
        return tuple(found[number] for number in sorted(found))


def _of_relay(number: int) -> str:
    """Return the trait of what was done to one instance of the relay; 0 if it is not known to which."""
    return f"done to relay {number}"


def shares_of(record: Record) -> Shares:
    """Return the shares of a record, worked out once."""
    if "shares" not in record.views:
        record.views["shares"] = Shares(record)
    return cast(Shares, record.views["shares"])
