"""Witnesses: what shows that an attempt met the fault, without the target's word.

Each witness reads the journal of the fake world. What it sees are *contacts*; contacts in direct succession
form an *attempt*. A scenario in which its witness saw nothing was not provoked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from conformance.evidence.connections import Connection
from conformance.evidence.view import Evidence
from fake_servers import OtherName, WrongId
from fake_servers.events import (
    DnsAnswer,
    Event,
    TcpProbe,
    TcpSyn,
)

# Address look-ups of one name within one attempt: some relays ask more than once (aliases, DNSSEC).
QUERIES_PER_ATTEMPT = 3

# A relay counts in its own ticks: from this part of the interval on a retry may be due.
_NEARLY = 0.9

# Answers that hold records and that a client must not believe (RFC 5452 section 9.1).
_INCREDIBLE = (WrongId.name, OtherName.name)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One trace an attempt left.

    Attributes:
        at: When it began.
        end: When it was over at the earliest.
        latest_end: When it was over at the latest.
        host: The smart host it concerned.
        mark: Contacts with the same mark in direct succession repeat one another (a retransmitted query).
        what: What was asked of the host; different questions do not use up one another's number.
    """

    at: float
    end: float
    latest_end: float
    host: str
    mark: str = ""
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at delivery; see `Contact` for the times."""

    at: float
    end: float
    latest_end: float
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """A way to see attempts.

    Attributes:
        sentence: What it takes as proof, for the docs and for reports.
        see: Returns the contacts in the order of time.
        per_attempt: How many contacts of one kind with one host one attempt may leave.
        indirect: Labs in which it sees what precedes an attempt, a look-up, and not the attempt itself.
        either_end: Whether some relays give up with the contact itself and others go on waiting after it, as for an
            answer that must not be believed. Then the same question, asked again when a retry is due, is a retry.
    """

    sentence: str
    see: Callable[[Evidence], list[Contact]]
    per_attempt: int = 1
    indirect: frozenset[str] = frozenset()
    either_end: bool = False

    def attempts(self, evidence: Evidence, *, connections: int = 1) -> list[Attempt]:
        """Group contacts into attempts.

        Contacts belong together if they repeat one another, or if they follow in less than half the
        shortest retry interval and the attempt has not yet used up its contacts; so a relay that comes
        back at once, again and again, is seen as making many attempts.
        """
        interval = evidence.staged.granted.retry_interval
        most = self.per_attempt * connections
        # a moved clock separates attempts, however little time passed for us
        stops = evidence.staged.milestones.values()
        groups: list[list[Contact]] = []
        for contact in self.see(evidence):
            jumped = groups and any(groups[-1][-1].at < stop <= contact.at for stop in stops)
            if groups and not jumped and self._belongs(contact, groups[-1], interval, most):
                groups[-1].append(contact)
            else:
                groups.append([contact])
        return [
            Attempt(
                at=group[0].at,
                end=max(c.end for c in group),
                latest_end=max(c.latest_end for c in group),
                contacts=tuple(group),
            )
            for group in groups
        ]

    def _belongs(self, contact: Contact, group: list[Contact], interval: float, most: int) -> bool:
        pause = contact.at - max(c.latest_end for c in group)
        alike = [c for c in group if (c.host, c.what) == (contact.host, contact.what)]
        # not for ever: some relays give all their queries the same identifier
        if contact.mark and any(contact.mark == other.mark for other in alike) and pause < interval:
            return True
        if self.either_end and alike and contact.at - max(c.end for c in alike) >= _NEARLY * interval:
            return False
        # marks count once: retransmissions do not use up an attempt
        used = {c.mark or str(n) for n, c in enumerate(alike)}
        # a question that this attempt has not asked yet (AAAA after A) may take its time
        fresh = bool(contact.what) and not alike
        return pause < (interval if fresh else interval / 2) and len(used) < most


def _site_names(evidence: Evidence) -> dict[str, str]:
    return {site.server: site.name for site in evidence.staged.sites}


def connections_with(
    evidence: Evidence, telling: Callable[[Connection], Iterable[Event]], *, patience: float = 0.0
) -> list[Contact]:
    """Return one contact for each connection on which something telling happened.

    A relay may give up after its patience, in seconds from then, and keep the connection for a while: to say QUIT,
    for one, which shows when it gave up.
    """
    names = _site_names(evidence)
    contacts = []
    for connection in evidence.connections:
        told = next(iter(telling(connection)), None)
        if told is None:
            continue
        ended = max(told.at, connection.opened if connection.closed is None else connection.closed.at)
        heard = math.inf if connection.heard is None else connection.heard.at
        contact = Contact(
            at=connection.opened,
            end=min(ended, told.at + patience, heard),
            latest_end=ended,
            host=names.get(connection.server, connection.server),
        )
        contacts.append(contact)
    return sorted(contacts, key=lambda contact: contact.at)


def _queries(evidence: Evidence, *, failed: bool = False, lasting: float = 0.0) -> list[Contact]:
    """Return one contact for each look-up of a smart host's address, failed or not.

    Some relays ask for IPv6 addresses too, first, or only: our names have none, so these look-ups count where
    the name itself fails, and never where it has an address.
    """
    names = {site.name.lower(): site.name for site in evidence.staged.sites}
    sound = _resolved(evidence)
    contacts = []
    for event in evidence.of(DnsAnswer):
        name = event.host
        # where the name itself fails, whatever is asked about it belongs to the attempt (MX, TLSA)
        about = event.type == "A" or (failed and name not in sound)
        if name in names and about and useless(event) is failed:
            contacts.append(
                Contact(
                    at=event.at,
                    end=event.at,
                    latest_end=event.at + lasting,
                    host=names[name],
                    mark=f"{event.id}",
                    what=asked(event),
                )
            )
    return contacts


def asked(event: DnsAnswer) -> str:
    """Return what a query asked for, and by which transport: each may be tried three times (RFC 9520 section 3.1)."""
    return f"{event.type} {event.transport}"


def useless(event: DnsAnswer) -> bool:
    """Tell whether a DNS answer leaves the client without what it asked for."""
    return not event.records or event.answer in _INCREDIBLE


def _resolved(evidence: Evidence) -> set[str]:
    """Return the names that gave an IPv4 address before the repair: a missing IPv6 address is no fault of theirs."""
    repaired = evidence.staged.repaired
    return {
        event.host
        for event in evidence.of(DnsAnswer)
        if event.type == "A" and not useless(event) and (repaired is None or event.at < repaired)
    }


def before_repair(evidence: Evidence, contacts: list[Contact]) -> list[Contact]:
    """Leave out what came after the repair."""
    repaired = evidence.staged.repaired
    return [c for c in contacts if repaired is None or c.at < repaired]


def _fault_played(evidence: Evidence) -> list[Contact]:
    return connections_with(evidence, lambda connection: connection.faults)


def _stalled(evidence: Evidence) -> list[Contact]:
    granted = evidence.staged.granted.command_timeout or evidence.record.header.asked.command_timeout or 0.0
    return connections_with(evidence, lambda connection: connection.faults, patience=granted)


def _failed_query(evidence: Evidence) -> list[Contact]:
    return before_repair(evidence, _queries(evidence, failed=True))


def _failed_mx_query(evidence: Evidence) -> list[Contact]:
    domain = evidence.staged.domain
    contacts = [
        Contact(at=e.at, end=e.at, latest_end=e.at, host=domain, mark=f"{e.id}", what=asked(e))
        for e in evidence.of(DnsAnswer)
        if e.host == domain.lower() and e.type == "MX" and useless(e)
    ]
    return before_repair(evidence, contacts)


def _unanswered_query(evidence: Evidence) -> list[Contact]:
    granted = evidence.staged.granted.dns_timeout or evidence.record.header.asked.dns_timeout or 0.0
    return before_repair(evidence, _queries(evidence, failed=True, lasting=granted))


def _syns(evidence: Evidence, outcome: Literal["dropped", "refused"]) -> list[Contact]:
    names = _site_names(evidence)
    contacts = []
    for event in evidence.of(TcpSyn):
        if event.outcome == outcome:
            contact = Contact(
                at=event.at,
                end=event.at + event.seconds,
                latest_end=event.at + event.seconds,
                host=names.get(event.server, event.server),
            )
            contacts.append(contact)
    return sorted(contacts, key=lambda contact: contact.at)


def _dropped(evidence: Evidence) -> list[Contact]:
    # the last sign of a dropped SYN is its last retransmission; the relay waits on until its time-out
    granted = evidence.staged.granted.connect_timeout or evidence.record.header.asked.connect_timeout or 0.0
    return [replace(c, latest_end=max(c.end, c.at + granted)) for c in _syns(evidence, "dropped")]


def _between_probes(evidence: Evidence, outcome: Literal["refused", "unreachable"]) -> list[Contact]:
    """Return the look-ups between our own probes if all of these met the fault, and none otherwise.

    While the fault lasts there is only the first probe; the second one is made right at the repair.
    """
    probes = list(evidence.of(TcpProbe))
    repaired = evidence.staged.repaired
    framed = bool(probes) and (repaired is None or probes[-1].at >= repaired)
    if not framed or any(probe.outcome != outcome for probe in probes):
        return []
    probed = {site.name for site in evidence.staged.sites if site.server in {p.server for p in probes}}
    looked_up = [c for c in _queries(evidence) if c.at >= probes[0].at and c.host in probed]
    return before_repair(evidence, looked_up)


def _refused(evidence: Evidence) -> list[Contact]:
    if evidence.record.header.lab == "namespace":
        return _syns(evidence, "refused")
    return _between_probes(evidence, "refused")


def _unreachable(evidence: Evidence) -> list[Contact]:
    return _between_probes(evidence, "unreachable")


def _delivered(evidence: Evidence) -> list[Contact]:
    arrived = connections_with(evidence, lambda connection: connection.messages)
    # what came back, or went to another, shows as well that the relay took the message in hand
    elsewhere = {m.connection: m for m in reversed((*evidence.returned, *evidence.astray))}
    contacts = [
        Contact(at=message.at, end=message.at, latest_end=message.at, host=message.server)
        for message in elsewhere.values()
    ]
    return sorted([*arrived, *contacts], key=lambda contact: contact.at)


fault_played = Witness(
    sentence="the journal of the fake server shows a connection on which the scripted fault was played",
    see=_fault_played,
)
stalled = Witness(
    sentence="the journal of the fake server shows a connection on which it fell silent",
    see=_stalled,
)
query_failed = Witness(
    sentence="the fake name server was asked for the smart host's address and gave the failing answer",
    see=_failed_query,
    per_attempt=QUERIES_PER_ATTEMPT,
)
mx_query_failed = Witness(
    sentence="the fake name server was asked for the MX records of the recipient domain and gave the failing answer",
    see=_failed_mx_query,
    per_attempt=QUERIES_PER_ATTEMPT,
)
query_unanswered = Witness(
    sentence="the fake name server was asked for the smart host's address and stayed silent",
    see=_unanswered_query,
    per_attempt=QUERIES_PER_ATTEMPT,
)
syn_dropped = Witness(
    sentence="a SYN to the destination stayed unanswered (namespace: seen on the wire; loopback: in the "
    "kernel's socket table)",
    see=_dropped,
)
syn_refused = Witness(
    sentence="namespace: a SYN was answered with RST on the wire; loopback: the smart host's address (TTL 0) "
    "was looked up between two probes of ours that were both refused",
    see=_refused,
    indirect=frozenset({"loopback"}),
    per_attempt=QUERIES_PER_ATTEMPT,
)
unreachable = Witness(
    sentence="the smart host's address (TTL 0) was looked up between two probes of ours that both found the "
    "host unreachable",
    see=_unreachable,
    indirect=frozenset({"loopback", "namespace"}),
    per_attempt=QUERIES_PER_ATTEMPT,
)
delivered = Witness(sentence="the message arrived", see=_delivered)
