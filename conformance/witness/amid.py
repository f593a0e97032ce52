"""What falls into an attempt, and what shows that it fell into it: the attempt hung, by the journal, at that moment.

An attempt hangs while a connection is open on which the server has fallen silent, or takes its time, and has not taken
the message yet; or while a question to the name server waits for its answer in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from conformance.evidence.inputs import DISK_FULL, STARTED_AGAIN, Offer
from conformance.evidence.view import Evidence
from conformance.witness.attempts import Witness
from conformance.witness.contact import Contact
from conformance.witness.kills import kills
from conformance.witness.traces import dns_patience
from fake_servers import Silence, Slow, Stall
from fake_servers.events import DnsAnswer, RelayClockMoved


class Amid(StrEnum):
    """What falls into an attempt."""

    EXPIRY = "expiry"  # the lifetime of the message ends: the clock is moved past it
    EDIT = "edit"  # an operator gives the connector another smart host
    FLUSH = "flush"  # everything in the queue is to be tried now
    STOP = "stop"  # the relay is stopped in good order, and started again
    SECOND = "second"  # another instance is started on the same spool
    SET_BACK = "set_back"  # the clock is set back by an hour
    FULL = "full"  # the disk on which the relay works is full
    NEW_HOST = "new_host"  # as `edit`, where other mail has an operator of its own
    SAME_HOST = "same_host"  # the connector is given the address of its smart host instead of its name
    BETWEEN = "between"  # as `same_host`, while the message waits for its next attempt
    FIX_NOW = "fix_now"  # Fix now is chosen
    ALERT = "alert"  # the alert about mail that waits falls due


# For these a clock is moved far, or a disk filled, so that nothing else may wait in the queue of the relay.
AT_THE_END = frozenset({Amid.EXPIRY, Amid.SET_BACK, Amid.FULL})

# These an operator does, or is told of, while other scenarios go on, on courses of their own.
BY_OPERATOR = frozenset({Amid.NEW_HOST, Amid.SAME_HOST, Amid.BETWEEN, Amid.FIX_NOW, Amid.ALERT})

# So many seconds later an alert is still raised in time, by a relay that looks at its queue now and then.
ALERT_MARGIN = 1.0

# What holds an attempt on a connection: silence, or a server that takes its time.
_HOLD = (Stall.name, Slow.name)


class Act(NamedTuple):
    """What was done to the relay: when it was asked for, and when it was done."""

    asked: float
    done: float


def acts(evidence: Evidence) -> Iterator[Act]:
    """Yield what was done to the relay for a scenario of this course."""
    ours = evidence.staged.failure_mode
    for moved in evidence.of(RelayClockMoved):
        if moved.moment == ours:
            yield Act(moved.asked or moved.at, moved.at)
    yield from (Act(stop.asked, stop.dead) for stop in kills(evidence, ours))
    for action in evidence.staged.operator_actions:
        # of a relay that keeps its mail elsewhere that takes no room
        if action.proof or action.name not in (DISK_FULL, STARTED_AGAIN):
            yield Act(action.asked, action.done)


def hangs(evidence: Evidence, now: float) -> bool:
    """Tell whether an attempt hung at a time of the journal."""
    if sum(message.at <= now for message in evidence.messages) >= max(1, len(evidence.staged.offers)):
        return False
    silent = (
        fault.action in _HOLD and fault.at <= now
        for connection in evidence.connections
        if connection.is_open(now)
        for fault in connection.faults
    )
    patience = dns_patience(evidence)
    unanswered = (
        answer.answer == Silence.name and answer.at <= now < answer.at + patience
        for answer in evidence.of(DnsAnswer)
    )
    return any(silent) or any(unanswered)


def waiting(evidence: Evidence) -> list[Offer]:
    """Return which of several messages the relay has accepted, and no server has taken, in that order."""
    taken = {who.lower() for message in evidence.messages for who in message.recipients}
    offers = evidence.staged.offers
    return [each for each in offers if each.accepted is not None and each.recipient.lower() not in taken]


def alert_falls_due(evidence: Evidence) -> float | None:
    """Return when enough messages had waited for long enough for an alert; None: never were enough of them accepted.

    What a server has taken waits for nothing.
    """
    header = evidence.record.header
    accepted = sorted(offer.accepted for offer in waiting(evidence) if offer.accepted is not None)
    if not header.alert_messages or len(accepted) < header.alert_messages:
        return None
    return accepted[header.alert_messages - 1] + header.alert_age


def waits(evidence: Evidence, now: float) -> bool:
    """Tell whether an attempt had failed by a time of the journal, and none was under way."""
    tried = [each for each in evidence.connections if each.opened <= now]
    return any(each.faults for each in tried) and all(each.is_closed(now) for each in tried)


def _between(evidence: Evidence) -> list[Contact]:
    return [
        Contact(at=act.asked, end=act.done, latest_end=act.done, host="")
        for act in acts(evidence)
        if waits(evidence, act.asked)
    ]


def _amid(evidence: Evidence) -> list[Contact]:
    return [
        Contact(at=act.asked, end=act.done, latest_end=act.done, host="")
        for act in acts(evidence)
        if hangs(evidence, act.asked)
    ]


def _alert_due(evidence: Evidence) -> list[Contact]:
    due = alert_falls_due(evidence)
    if due is None or not (hangs(evidence, due) and hangs(evidence, due + ALERT_MARGIN)):
        return []
    return [Contact(at=due, end=due, latest_end=due, host="")]


_SEEN = {Amid.ALERT: _alert_due, Amid.BETWEEN: _between}

_SENTENCE = "an attempt was under way, held by a server or by the name server, when {what}"

_WHAT = {
    Amid.EXPIRY: "the relay's clock was moved past the lifetime",
    Amid.EDIT: "the connector was edited",
    Amid.FLUSH: "the relay was told to try its whole queue",
    Amid.STOP: "the relay was told to stop",
    Amid.SECOND: "another instance of the relay was started on its spool",
    Amid.SET_BACK: "the relay's clock was set back",
    Amid.NEW_HOST: "the connector was given another smart host",
    Amid.SAME_HOST: "the connector was given the address of its smart host",
    Amid.FIX_NOW: "Fix now was chosen",
    Amid.ALERT: "the alert fell due, and a little later",
    Amid.FULL: "the file system on which the waiting message was found was left without room",
}

_SENTENCES = {
    Amid.BETWEEN: "an attempt had failed, and none was under way, when the connector was given the address of its "
    "smart host",
}

PROOFS = {
    what: Witness(
        sentence=_SENTENCES.get(what) or _SENTENCE.format(what=_WHAT[what]), see=_SEEN.get(what, _amid)
    )
    for what in Amid
}
