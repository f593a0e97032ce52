"""Witnesses of connections: of those that came about, and of those that did not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from conformance.evidence.connections import Connection
from conformance.evidence.view import Evidence
from conformance.witness.attempts import Witness, before_repair
from conformance.witness.contact import Contact
from conformance.witness.dns import QUERIES_PER_ATTEMPT, look_ups
from conformance.witness.traces import address_of, connect_patience, name_of
from fake_servers import Stage, Stall, Trickle
from fake_servers.events import Event, SmtpFault, SmtpSent, TcpProbe, TcpSyn

# Ways to answer that leave nothing to give up for but the time.
_SILENT = (Stall.name, Trickle.name)


def connections_with(
    evidence: Evidence, telling: Callable[[Connection], Iterable[Event]], *, stalls: bool = False
) -> list[Contact]:
    """Return one contact for each connection on which something telling happened.

    Where that is a server that stalls, a relay gives up after its time-out at that stage, and may keep the connection
    for a while: to say QUIT, for one, which shows when it gave up, though we may see that late. After anything else it
    may have given up at once.
    """
    contacts = []
    for connection in evidence.connections:
        told = next(iter(telling(connection)), None)
        if told is None:
            continue
        ended = max(told.at, connection.opened if connection.closed is None else connection.closed.at)
        heard = math.inf if connection.heard is None else connection.heard.at
        given_up = told.at
        if stalls and isinstance(told, SmtpFault) and told.action in _SILENT:
            timed_out = told.at + evidence.time_out_at(told.stage)
            given_up = max(given_up, min(ended, timed_out, heard) - evidence.lag)
        contact = Contact(
            at=connection.opened,
            end=given_up,
            latest_end=ended,
            host=name_of(evidence, connection.server),
            address=address_of(evidence, connection.server),
            shown_by=connection.accepted,
            told=told.at,
        )
        contacts.append(contact)
    return contacts


def _fault_played(evidence: Evidence, *, stalls: bool = False) -> list[Contact]:
    apart = _by_helo_instead(evidence)
    return connections_with(
        evidence,
        lambda connection: () if connection.number in apart else connection.faults,
        stalls=stalls,
    )


def _stalled(evidence: Evidence) -> list[Contact]:
    return _fault_played(evidence, stalls=True)


def _by_helo_instead(evidence: Evidence) -> frozenset[int]:
    """Return the connections on which HELO is said since the server closed the one before upon EHLO.

    That belongs to the same attempt: by RFC 1869 section 4.7 a new connection can be opened then, and HELO be used.
    """
    soon = evidence.staged.granted.retry_interval / 2
    lost: dict[str, Connection] = {}
    found = set()
    for connection in sorted(evidence.connections, key=lambda each: each.opened):
        before = lost.pop(connection.server, None)
        if before is not None and connection.greetings == {"HELO"}:
            ended = before.opened if before.closed is None else before.closed.at
            if connection.opened - ended < soon:
                found.add(connection.number)
        elif connection.greetings == {"EHLO"} and _closed_upon_ehlo(connection):
            lost[connection.server] = connection
    return frozenset(found)


def _closed_upon_ehlo(connection: Connection) -> bool:
    closed = connection.closed is not None and connection.closed.by == "server"
    return closed and any(fault.stage is Stage.EHLO for fault in connection.faults)


def offered(extensions: Iterable[str]) -> Witness:
    """Return the witness that EHLO, or HELO, was answered with these extensions, and no others."""
    wanted = {_keyword(each) for each in extensions}

    def see(evidence: Evidence) -> list[Contact]:
        return connections_with(
            evidence, lambda connection: [reply for reply in connection.replies if _offers(reply) == wanted]
        )

    return Witness(
        sentence="the journal of the fake server shows a connection on which EHLO was answered with this offer",
        by_ehlo=True,
        see=see,
    )


def offered_as(extensions: Iterable[str], *, mixed_case: bool = False) -> Witness:
    """Return the witness that EHLO was answered with these lines, as they are spelled, whatever else was offered.

    Args:
        extensions: Keywords, with what stands behind them; SIZE alone may have any number there.
        mixed_case: Whether they have one capital letter each.
    """
    wanted = [each.title() if mixed_case else each for each in extensions]

    def telling(connection: Connection) -> list[SmtpSent]:
        return [reply for reply in connection.replies if _has_lines(reply, wanted)]

    return Witness(
        sentence="the journal of the fake server shows a connection on which EHLO was answered with these lines",
        by_ehlo=True,
        see=lambda evidence: connections_with(evidence, telling),
    )


def _has_lines(reply: SmtpSent, wanted: Iterable[str]) -> bool:
    if reply.stage not in (Stage.EHLO, Stage.EHLO_TLS):
        return False
    lines = [line[4:] for line in reply.text.split("\n")[1:]]
    words = {line.partition(" ")[0] for line in lines}
    return all(each in lines or (each.upper() == "SIZE" and each in words) for each in wanted)


def _offers(reply: SmtpSent) -> set[str] | None:
    """Return what a reply to EHLO offers besides TLS; None: it is another one."""
    if reply.stage not in (Stage.EHLO, Stage.EHLO_TLS):
        return None
    # the first line has the server's name
    return {_keyword(line[4:]) for line in reply.text.split("\n")[1:]} - {"HELP", "STARTTLS"}


def _keyword(line: str) -> str:
    return line.partition(" ")[0].upper()


def _delivered(evidence: Evidence) -> list[Contact]:
    arrived = connections_with(evidence, lambda connection: connection.messages)
    # what came back, or went to another, shows as well that the relay took the message in hand
    elsewhere = {each.connection: each for each in reversed((*evidence.returned, *evidence.astray))}
    contacts = [
        Contact(at=each.at, end=each.at, latest_end=each.at, host=each.server) for each in elsewhere.values()
    ]
    return sorted([*arrived, *contacts], key=lambda contact: contact.at)


def _syns(evidence: Evidence, outcome: Literal["dropped", "refused"]) -> list[Contact]:
    contacts = [
        Contact(
            at=syn.at,
            end=syn.at + syn.seconds,
            latest_end=syn.at + syn.seconds,
            host=name_of(evidence, syn.server),
            address=address_of(evidence, syn.server),
            shown_by=syn,
        )
        for syn in evidence.of(TcpSyn)
        if syn.outcome == outcome
    ]
    return sorted(contacts, key=lambda contact: contact.at)


def _dropped(evidence: Evidence) -> list[Contact]:
    # the last sign of a dropped SYN is its last retransmission; the relay waits on until its time-out
    waited = connect_patience(evidence)
    return [replace(c, latest_end=max(c.end, c.at + waited)) for c in _syns(evidence, "dropped")]


def _refused(evidence: Evidence) -> list[Contact]:
    if evidence.record.header.lab == "namespace":
        return _syns(evidence, "refused")
    return _between_probes(evidence, "refused")


def _unreachable(evidence: Evidence) -> list[Contact]:
    return _between_probes(evidence, "unreachable")


def _between_probes(evidence: Evidence, outcome: Literal["refused", "unreachable"]) -> list[Contact]:
    """Return the look-ups between our own probes if all of these met the fault, and none otherwise.

    While the fault lasts there is only the first probe; the second one is made right at the repair.
    """
    probes = list(evidence.of(TcpProbe))
    repaired = evidence.staged.fault_ended
    framed = bool(probes) and (repaired is None or probes[-1].at >= repaired)
    if not framed or any(probe.outcome != outcome for probe in probes):
        return []
    probed = {site.name for site in evidence.staged.sites if site.server in {p.server for p in probes}}
    looked_up = [c for c in look_ups(evidence) if c.at >= probes[0].at and c.host in probed]
    return before_repair(evidence, looked_up)


fault_played = Witness(
    sentence="the journal of the fake server shows a connection on which the scripted fault was played",
    see=_fault_played,
)
stalled = Witness(
    sentence="the journal of the fake server shows a connection on which it fell silent",
    see=_stalled,
)
delivered = Witness(sentence="the message arrived", see=_delivered)
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
