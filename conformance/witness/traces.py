"""All that an attempt leaves on the wire, whether or not it met the fault: questions, connections, lost SYNs.

What of it *proves* that the fault was met is for each witness to say; what *belongs* to an attempt is the same for all
of them. A trace lasts as long as the relay may be busy with it:

* *A question* until it is answered. Where no answer comes, or one that must not be believed (RFC 5452 section 9.1), it
  may be waited for until the time-out that the relay granted; but no longer once the relay connects to the host that
  it is about, since then it has found an address and does without.
* *A retransmission* (the same identifier) is the same question still: its time-out counts from the first.
* *A connection* until it is closed. One that carries mail to the scenario's sender is a report on its way, and none of
  the message's: a relay may have one route for all.
* *A SYN* without an answer until the time-out for connections; a refused one is over at once.

What the relay asks before it has taken the message (it may look at a recipient's domain, or call the destination back)
is no attempt at delivery. But a connection that outlasts the acceptance is one, even if it was opened before: a fast
relay is there before we have read its reply to the final dot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from conformance.evidence.view import Evidence
from conformance.witness.contact import Contact
from fake_servers import HangUp, Malformed, OtherName, Silence, WrongId
from fake_servers.events import DnsAnswer, DnsEvent, DnsQuery, TcpAccepted, TcpSyn

# Ways to answer after which a client may go on waiting for another answer.
_WAITED_ON = (Silence.name, WrongId.name, OtherName.name, Malformed.name)


def dns_patience(evidence: Evidence) -> float:
    """Return for how many seconds the relay waits for the answer to one question, retransmissions included."""
    return evidence.staged.granted.dns_timeout or evidence.record.header.asked.dns_timeout or 0.0


def connect_patience(evidence: Evidence) -> float:
    """Return for how many seconds the relay waits for a connection."""
    return evidence.staged.granted.connect_timeout or evidence.record.header.asked.connect_timeout or 0.0


def traces(evidence: Evidence) -> list[Contact]:
    """Return the traces of all attempts, at the message or at a report, in the order of time."""
    connected = [*_connections(evidence), *_syns(evidence)]
    found = [*_questions(evidence, connected), *connected]
    accepted = evidence.staged.submitted
    if accepted is not None:
        found = [each for each in found if _reaches(each, accepted)]
    return sorted(found, key=lambda each: each.at)


def _reaches(trace: Contact, accepted: float) -> bool:
    """Tell whether a trace is of the time after the message was taken."""
    return (trace.end if connection_number(trace) else trace.at) >= accepted


def is_lookup(contact: Contact) -> bool:
    """Tell whether a trace is a question to the name server."""
    return isinstance(contact.shown_by, DnsEvent)


def connection_number(contact: Contact) -> int:
    """Return the number of the connection that a trace is; 0: it is none."""
    return contact.shown_by.connection if isinstance(contact.shown_by, TcpAccepted) else 0


def name_of(evidence: Evidence, server: str) -> str:
    """Return the name of the host that has a server, or else the server as it is called."""
    return next((site.name for site in evidence.staged.sites if site.server == server), server)


def address_of(evidence: Evidence, server: str) -> str:
    """Return a server as it is called if its host has others beside it; else nothing."""
    return server if any(site.beside and site.server == server for site in evidence.staged.sites) else ""


def _connections(evidence: Evidence) -> Iterator[Contact]:
    for connection in evidence.all_connections:
        last = connection.events[-1].at if connection.closed is None else connection.closed.at
        yield Contact(
            at=connection.opened,
            end=last,
            latest_end=last,
            host=name_of(evidence, connection.server),
            address=address_of(evidence, connection.server),
            shown_by=connection.accepted,
            signs=tuple(event.at for event in connection.events),
        )


def _syns(evidence: Evidence) -> Iterator[Contact]:
    for syn in evidence.of(TcpSyn):
        last = syn.at + syn.seconds
        waited = syn.at + connect_patience(evidence) if syn.outcome == "dropped" else last
        yield Contact(
            at=syn.at,
            end=last,
            latest_end=max(last, waited),
            host=name_of(evidence, syn.server),
            address=address_of(evidence, syn.server),
            shown_by=syn,
            signs=(syn.at, last),
        )


def _questions(evidence: Evidence, connected: list[Contact]) -> Iterator[Contact]:
    hosts = {site.name.lower(): site.name for site in evidence.staged.sites}
    patience = dns_patience(evidence)
    first: dict[tuple[object, ...], Contact] = {}
    for query, answer in pairs(evidence.of(DnsEvent)):
        event = answer or query
        assert event is not None
        asked = event.at if query is None else query.at
        name = _host_of(event.host, hosts)
        trace = Contact(
            at=asked,
            end=event.at,
            latest_end=event.at,
            host=name or event.host,
            mark=f"{event.id}",
            what=f"{event.type} {event.transport}",
            shown_by=event,
            signs=(asked, event.at),
        )
        if answer is None or is_unanswered(answer):
            key = (trace.host, event.host, trace.what, trace.mark)
            before = first.get(key)
            # some relays give all their queries the same identifier: what comes later than that is asked anew
            if before is None or trace.at > before.at + patience:
                first[key] = before = trace
            until = max(event.at, before.at + patience)
            goes_on = (c.at for c in connected if c.at > asked and name in ("", c.host))
            trace = replace(trace, latest_end=max(event.at, min([until, *goes_on])))
        yield trace


def is_unanswered(answer: DnsAnswer) -> bool:
    """Tell whether a client may go on waiting, since nothing was answered, or nothing that it must believe."""
    hung_up = answer.answer == HangUp.name and answer.transport == "udp"
    return hung_up or answer.answer in _WAITED_ON


def pairs(events: Iterable[DnsEvent]) -> Iterator[tuple[DnsQuery | None, DnsAnswer | None]]:
    """Yield each question with its answer, as far as either was noted; those without an answer come last."""
    waiting: defaultdict[tuple[object, ...], list[DnsQuery]] = defaultdict(list)
    for event in events:
        key = (event.server, event.connection, event.name, event.type, event.id, event.transport)
        if isinstance(event, DnsQuery):
            waiting[key].append(event)
        elif isinstance(event, DnsAnswer):
            yield (waiting[key].pop(0) if waiting[key] else None), event
    for unanswered in waiting.values():
        for query in unanswered:
            yield query, None


def _host_of(name: str, hosts: dict[str, str]) -> str:
    """Return the smart host that a name is, or is below (an alias, a TLSA record); empty: none."""
    while name:
        if name in hosts:
            return hosts[name]
        name = name.partition(".")[2]
    return ""
