"""Mail is told by its envelope, not by the server at which it arrives.

Theory of operation
-------------------

A relay may have one route for all its mail. Then what it sends back to a sender arrives where the message itself was to
go: at a staged server, over a connection that looks like one more attempt. Only the envelope tells them apart (RFC 5321
section 2.3.1); this file does, for everybody.

*A message at a staged server* has come back if its reverse-path is null (RFC 5321 section 4.5.5) and all its recipients
are in the domain of the senders, where no scenario has a recipient. It belongs to the scenario whose sender it is for,
wherever it arrived (`attribution.py`). Anything else is a copy: for a recipient of ours, or with a wrong envelope. A
message that was itself submitted with the null reverse-path goes to its recipient, so it is a copy as well.

*A connection* was made for a report if every transaction on it (MAIL, and the RCPT that follow) was one. No RCPT need
have come: MAIL with the null reverse-path is enough, unless the message itself has that. Under TLS the fake server sees
commands as well.

*A trace without MAIL* (a connection that ended before, a SYN, a look-up) does not say whose it is. While the message
waits it is the message's. Once it was given up, and no other message of its scenario waits, it may be the report's,
and then it proves no other attempt and no wrong way. Nobody sees the moment at which a relay gives up, so it counts
from the last sure sign of the message: it was accepted, it was listed, its envelope was offered, or its time was not up
yet. That holds only for a relay that says that it has one route (`Capability.ONE_ROUTE`), or that was seen to offer a
report at any staged server of the record; and for none of whose reports one came to the senders' own server.

What this cannot see: a notice of delay by that one route that never comes as far as MAIL. It is sent while the message
waits, and passes for an attempt at it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from conformance.evidence.connections import Connection, Transaction, reverse_path
from conformance.evidence.queue import Presence, QueueReading
from conformance.evidence.record import Record, Staged
from conformance.target import Capability, Outcome
from fake_servers.addresses import known_as
from fake_servers.events import E, SmtpMessage, SmtpReceived

# The course whose message has the null reverse-path itself, as records call it (the catalogue is a room above).
_NULL_SENDER = "null_sender"

# The clock on which a day is played in seconds, likewise, and the part of it for which a message must wait.
_COMPRESSED = "compressed"
_STILL_QUEUED = 1 - 5 / (24 * 60)

_GIVEN_UP = (Outcome.PERMANENT, Outcome.EXPIRED)


class Seen(Protocol):
    """What is known of one scenario (`Evidence`), as far as it matters here."""

    @property
    def record(self) -> Record:
        """The record."""

    @property
    def staged(self) -> Staged:
        """The scenario."""

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections for the message."""

    @property
    def messages(self) -> tuple[SmtpMessage, ...]:
        """The copies that arrived."""

    @property
    def returned(self) -> tuple[SmtpMessage, ...]:
        """What came back to the sender."""

    def of(self, kind: type[E], /) -> Iterator[E]:
        """Yield the events of a kind."""

    def queue_for(self, recipient: str, /) -> QueueReading:
        """Return what the queue showed of a recipient."""


def comes_back(message: SmtpMessage, staged: Staged) -> bool:
    """Tell whether a message at a staged server is one that a relay sends back to some scenario's sender."""
    return not message.mail_from and _all_senders(message.recipients, staged)


def is_for_reports(connection: Connection, staged: Staged) -> bool:
    """Tell whether a connection was made to send something back, and for nothing else."""
    said = [*connection.transactions]
    said += [
        Transaction(reverse_path=each.mail_from, forward_paths=each.recipients)
        for each in connection.messages
    ]
    return bool(said) and all(_returns(each, staged) for each in said)


def has_one_route(record: Record) -> bool:
    """Tell whether the relay says that it has one route for all its mail."""
    return Capability.ONE_ROUTE in record.header.capabilities


def unclear_from(evidence: Seen) -> float:
    """Return the time after which a trace that names no reverse-path may be a report's; infinity if it never may."""
    if _has_null_path(evidence.staged) or not _may_have_one_route(evidence):
        return math.inf
    submitted = _submitted(evidence.staged)
    if any(each.still_waits(evidence) for each in submitted):
        return math.inf
    given_up = (each for each in submitted if each.is_given_up(evidence))
    return max((each.last_sign(evidence) for each in given_up), default=math.inf)


@dataclass(frozen=True)
class _Submitted:
    """One message of a scenario: to whom, when the relay accepted it, and who has it in a mailbox there."""

    recipients: tuple[str, ...]
    accepted: float
    kept_here: tuple[str, ...] = ()

    def is_given_up(self, evidence: Seen) -> bool:
        """Tell whether it has left the queue, by any sign, and did not arrive everywhere."""
        return bool(self._missing(evidence)) and not self.still_waits(evidence)

    def still_waits(self, evidence: Seen) -> bool:
        """Tell whether nothing shows, for some recipient, that it was delivered or has left the queue."""
        return not all(_has_gone(evidence, who) for who in self._missing(evidence))

    def _missing(self, evidence: Seen) -> list[str]:
        """Return for whom it has not arrived, at a server of ours or in a mailbox of the relay."""
        elsewhere = [who for who in self.recipients if who not in self.kept_here]
        return [who for who in elsewhere if not any(m.is_for(who) for m in evidence.messages)]

    def last_sign(self, evidence: Seen) -> float:
        """Return when something last showed that it was not given up."""
        looks = [
            look for who in self.recipients for look in evidence.queue_for(who).listings if look.messages
        ]
        offered = [each.opened for each in evidence.connections if each.transactions]
        return max(
            [self.accepted, *(look.asked for look in looks), *offered, *self._until_its_time(evidence)]
        )

    def _until_its_time(self, evidence: Seen) -> list[float]:
        """Return from when on a message might be given up for its age, on a compressed clock, if it was not missed yet.

        There a second between two listings is hours: who gives up at 24 h may have tried until then.
        """
        if evidence.record.header.timing != _COMPRESSED:
            return []
        granted = evidence.staged.granted
        up = self.accepted + granted.queue_lifetime * _STILL_QUEUED - granted.granularity
        missed = [
            look.asked
            for who in self.recipients
            for look in evidence.queue_for(who).telling
            if not look.messages
        ]
        return [up] if up < min(missed, default=math.inf) else []


def _submitted(staged: Staged) -> list[_Submitted]:
    """Return the messages that the relay accepted: one, or where an operator is played, several."""
    if staged.offers:
        return [
            _Submitted((each.recipient,), each.accepted, (each.recipient,) if each.in_mailbox else ())
            for each in staged.offers
            if each.accepted is not None
        ]
    everybody = (staged.recipient, *staged.others)
    return [] if staged.submitted is None else [_Submitted(everybody, staged.submitted)]


def _has_gone(evidence: Seen, who: str) -> bool:
    said = (
        each.event for each in evidence.record.reported if known_as(each.event.recipient) == known_as(who)
    )
    return (
        evidence.queue_for(who).last.presence is Presence.ABSENT
        or any(event.outcome in _GIVEN_UP for event in said)
        or bool(evidence.returned)
    )


def _returns(transaction: Transaction, staged: Staged) -> bool:
    if transaction.reverse_path:
        return False
    if not transaction.forward_paths:
        return not _has_null_path(staged)
    return _all_senders(transaction.forward_paths, staged)


def _has_null_path(staged: Staged) -> bool:
    return staged.null_path or staged.course == _NULL_SENDER


def _all_senders(paths: tuple[str, ...], staged: Staged) -> bool:
    """Tell whether there is somebody, and everybody is in the domain of the senders, which all scenarios share."""
    return bool(paths) and all(_domain(path) == _domain(staged.sender) for path in paths)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _may_have_one_route(evidence: Seen) -> bool:
    """Tell whether the relay may send reports where the message goes: it says so, or was seen to, in any scenario."""
    views = evidence.record.views
    if "one route" not in views:
        views["one route"] = _sends_reports_here(evidence.record, evidence.staged)
    return bool(views["one route"])


def _sends_reports_here(record: Record, one_of_them: Staged) -> bool:
    staged = [*record.staged.values(), one_of_them]
    servers = {site.server for each in staged for site in each.sites}
    mail = (event for event in record.events if isinstance(event, SmtpMessage))
    if any(each.server not in servers and _all_senders(each.recipients, one_of_them) for each in mail):
        return False  # it came to the senders' own server
    with_path = {site.server for each in staged if not _has_null_path(each) for site in each.sites}
    said = (event for event in record.events if isinstance(event, SmtpReceived) and event.server in with_path)
    return has_one_route(record) or any(reverse_path(each) == "" for each in said)
