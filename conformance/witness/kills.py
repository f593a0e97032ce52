"""What shows that the relay was killed at the moment meant: the order of the journal, without the relay's word.

The same look tells the wave when the moment has come, and the verdict that the kill fell into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from conformance.evidence.connections import Connection, connections_of
from conformance.evidence.view import Evidence
from conformance.witness.attempts import Witness
from conformance.witness.contact import Contact
from fake_servers import Stage
from fake_servers.events import (
    ClientReply,
    ClientSent,
    RelayClockMoved,
    RelayKilled,
    SmtpFault,
)


class KillPoint(StrEnum):
    """When the relay is killed."""

    CONTENT_SENT = "content_sent"  # a client has sent the content, and not yet the final dot
    DOT_SENT = "dot_sent"  # a client has sent the final dot; the reply may or may not be on its way
    ACCEPTED = "accepted"  # a client has read the 250 to its final dot
    DELIVERING = "delivering"  # the destination has read some of the content
    DELIVERING_AGAIN = "delivering_again"  # the same again, at each of several attempts
    DELIVERED_UNTOLD = "delivered_untold"  # the destination has the final dot, and has not answered it
    DELIVERED = (
        "delivered"  # the destination has accepted the message, and the relay's queue shows it no more
    )
    RETURNED = "returned"  # the message was refused for good, its sender has the report, and the queue shows it no more
    BETWEEN_ATTEMPTS = "between_attempts"  # an attempt has failed, the next one is to come
    RETRYING = "retrying"  # the second attempt has begun
    EXPIRING = "expiring"  # the clock was just moved past the message's lifetime
    REPORTING = "reporting"  # the message has left the queue, or its report is on its way


# How often it is killed at a moment that comes again with each attempt. Who takes a message for harmful because it was
# tried when the relay died does so after the second time or the third; that is for a crash of the relay's own, of
# which it cannot know here, and no reason to lose mail (RFC 5321 section 6.1).
TIMES: Mapping[KillPoint, int] = {KillPoint.DELIVERING_AGAIN: 3}

# As many kills at such a moment show what is meant: one alone has a failure mode of its own. Whoever puts the message
# aside after so many meets no further one.
_TIMES_SHOWN = 2

# Those that lie in the SMTP session of our own client.
IN_SUBMISSION = frozenset({KillPoint.CONTENT_SENT, KillPoint.DOT_SENT, KillPoint.ACCEPTED})


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A kill: when it was asked for, and when the relay was dead."""

    asked: float
    dead: float


def kills(evidence: Evidence, moment: str = "") -> list[Kill]:
    """Return all kills of the relay, or those noted under one name, in order."""
    found = (event for event in evidence.of(RelayKilled) if moment in ("", event.moment))
    return [Kill(asked=event.asked, dead=event.at) for event in found]


def has_come(moment: KillPoint, evidence: Evidence, now: float) -> bool:
    """Tell whether a moment had come by a time of the journal, and had not passed."""
    return _HAS_COME[moment](evidence, now)


def _see(moment: KillPoint) -> Callable[[Evidence], list[Contact]]:
    def see(evidence: Evidence) -> list[Contact]:
        seen = [
            Contact(at=kill.asked, end=kill.dead, latest_end=kill.dead, host="")
            for kill in kills(evidence, evidence.staged.failure_mode)
            if has_come(moment, evidence, kill.asked)
        ]
        return seen if moment not in TIMES or len(seen) >= _TIMES_SHOWN else []

    return see


def _sent(evidence: Evidence, what: Literal["content", "final dot"], now: float) -> bool:
    return any(event.what == what and event.at <= now for event in evidence.of(ClientSent))


def _content_sent(evidence: Evidence, now: float) -> bool:
    return _sent(evidence, "content", now) and not _dot_sent(evidence, now)


def _dot_sent(evidence: Evidence, now: float) -> bool:
    return _sent(evidence, "final dot", now)


def _accepted(evidence: Evidence, now: float) -> bool:
    replies = (event for event in evidence.of(ClientReply) if event.at <= now)
    return any(reply.text.startswith("250") for reply in replies) and not _arrived(evidence, now)


def _gone(evidence: Evidence, since: float, now: float) -> bool:
    """Whether it was proven by now that the message had left the queue since a moment."""
    return evidence.queue.during(after=since, until=now).proves_gone


def _arrived(evidence: Evidence, now: float) -> bool:
    return any(message.at <= now for message in evidence.messages)


def _faults_under_way(connections: Iterable[Connection], now: float) -> list[SmtpFault]:
    """Return the faults played by now whose connections are still open."""
    still_open = (each for each in connections if each.is_open(now))
    return [fault for each in still_open for fault in each.faults if fault.at <= now]


def _silent_at(stage: Stage) -> Callable[[Evidence, float], bool]:
    def silent(evidence: Evidence, now: float) -> bool:
        under_way = _faults_under_way(evidence.connections, now)
        return any(fault.stage is stage for fault in under_way) and not _arrived(evidence, now)

    return silent


def _delivering_anew(evidence: Evidence, now: float) -> bool:
    """Whether the destination has read some of the content of an attempt that began after the last kill before now."""
    dead = [kill.dead for kill in kills(evidence, evidence.staged.failure_mode) if kill.dead < now]
    since = [each for each in evidence.connections if each.opened > max(dead, default=0.0)]
    under_way = _faults_under_way(since, now)
    return any(fault.stage is Stage.BODY for fault in under_way) and not _arrived(evidence, now)


def _delivered(evidence: Evidence, now: float) -> bool:
    return any(_gone(evidence, message.at, now) for message in evidence.messages)


def _returned(evidence: Evidence, now: float) -> bool:
    return any(_gone(evidence, message.at, now) for message in evidence.returned)


def _between_attempts(evidence: Evidence, now: float) -> bool:
    failed = any(each.faults and each.is_closed(now) for each in evidence.connections)
    going_on = any(each.is_open(now) for each in evidence.connections)
    return failed and not going_on and not _arrived(evidence, now)


def _retrying(evidence: Evidence, now: float) -> bool:
    second = [fault for fault in _faults_under_way(evidence.connections, now) if fault.attempt > 1]
    return bool(second) and not _arrived(evidence, now)


def _moved(evidence: Evidence, now: float) -> float | None:
    """Return when the clock was moved for this scenario's sake, if it was."""
    ours = evidence.staged.failure_mode
    moves = (e.at for e in evidence.of(RelayClockMoved) if e.moment == ours and e.at <= now)
    return next(moves, None)


def _expiring(evidence: Evidence, now: float) -> bool:
    return _moved(evidence, now) is not None and not _reported(evidence, now)


def _reported(evidence: Evidence, now: float) -> bool:
    return any(message.at <= now for message in evidence.returned)


def _reporting(evidence: Evidence, now: float) -> bool:
    moved = _moved(evidence, now)
    if moved is None or _reported(evidence, now):
        return False
    sink = evidence.record.header.network.get("sink", "")
    at_sink = connections_of(event for event in evidence.record.events if event.server == sink)
    under_way = _faults_under_way((*at_sink, *evidence.report_connections), now)
    stalled = any(fault.at >= moved for fault in under_way)
    return stalled or _gone(evidence, moved, now)


_HAS_COME: Mapping[KillPoint, Callable[[Evidence, float], bool]] = {
    KillPoint.CONTENT_SENT: _content_sent,
    KillPoint.DOT_SENT: _dot_sent,
    KillPoint.ACCEPTED: _accepted,
    KillPoint.DELIVERING: _silent_at(Stage.BODY),
    KillPoint.DELIVERING_AGAIN: _delivering_anew,
    KillPoint.DELIVERED_UNTOLD: _silent_at(Stage.DOT),
    KillPoint.DELIVERED: _delivered,
    KillPoint.RETURNED: _returned,
    KillPoint.BETWEEN_ATTEMPTS: _between_attempts,
    KillPoint.RETRYING: _retrying,
    KillPoint.EXPIRING: _expiring,
    KillPoint.REPORTING: _reporting,
}

_SENTENCES: Mapping[KillPoint, str] = {
    KillPoint.CONTENT_SENT: "our client had sent the content, and not the final dot, when the relay was killed",
    KillPoint.DOT_SENT: "our client had sent the final dot when the relay was killed",
    KillPoint.ACCEPTED: "our client had read the 250, and nothing had arrived yet, when the relay was killed",
    KillPoint.DELIVERING: "the fake server had read a part of the content, and the connection was open, when the "
    "relay was killed",
    KillPoint.DELIVERING_AGAIN: "the fake server had read a part of the content, and the connection was open, when the "
    "relay was killed, and so it was at another attempt after that",
    KillPoint.DELIVERED_UNTOLD: "the fake server had read the final dot, and never answered it, when the relay was "
    "killed",
    KillPoint.DELIVERED: "the message had arrived, and two looks at the queue had not found it, when the relay was "
    "killed",
    KillPoint.RETURNED: "the report had arrived, and two looks at the queue had not found the message, when the relay "
    "was killed",
    KillPoint.BETWEEN_ATTEMPTS: "a connection had met the fault and was closed, and no other was open, when the relay "
    "was killed",
    KillPoint.RETRYING: "a second connection had met the fault and was open when the relay was killed",
    KillPoint.EXPIRING: "the relay's clock had been moved past the lifetime, and no report had come, when it was "
    "killed",
    KillPoint.REPORTING: "the message had left the queue or its report waited for our reply, and none had been "
    "accepted, when the relay was killed",
}

PROOFS: Mapping[KillPoint, Witness] = {
    moment: Witness(sentence=_SENTENCES[moment], see=_see(moment)) for moment in KillPoint
}
