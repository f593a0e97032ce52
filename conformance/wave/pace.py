"""How long this relay pauses in the midst of a delivery, as the healthy ones of a wave show.

A relay may rest between a question and the connection, or a process of its may be handed the message by another. A
fault may be taken away only when nothing has moved for longer than that (`repair.py`). What counts is the relay's own
time: from anything that happened to the next thing that *it* did. How long a server of ours took is not the relay's
doing, and a delivery in which something stayed unanswered, or met a fault, tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.view import Evidence
from conformance.witness.traces import is_unanswered
from fake_servers.events import (
    DnsAnswer,
    DnsQuery,
    Event,
    SmtpFault,
    SmtpReceived,
    TcpAccepted,
    TcpClosed,
    TcpSyn,
    TlsOffered,
)

_OF_THE_RELAY = (DnsQuery, TcpAccepted, SmtpReceived, TlsOffered)


@dataclass(eq=False)
class Pace:
    """What is known of one wave's relay; all its players share it.

    Attributes:
        longest_pause: The longest pause so far within a healthy delivery, in seconds.
    """

    longest_pause: float = 0.0

    def learn(self, mode: FailureMode, evidence: Evidence) -> None:
        """Take note of a scenario in which nothing is wrong, or nothing that keeps a message from arriving."""
        self.longest_pause = max(self.longest_pause, longest_pause(mode, evidence))


def longest_pause(mode: FailureMode, evidence: Evidence) -> float:
    """Return the longest pause in the delivery of a message that arrived at the first attempt, in seconds; else 0."""
    delivered = next(iter(evidence.messages), None)
    if delivered is None:
        return 0.0
    attempts = mode.witness.all_attempts(evidence, connections=mode.attempt.connections)
    if not attempts or delivered.connection not in attempts[0].connections:
        return 0.0  # not at the first attempt, or without a trace of one: who finds an address may ask for no other
    closed = evidence.connection_of(delivered).closed
    if closed is None:
        return 0.0
    during = [event for event in evidence.events if attempts[0].at <= event.at <= closed.at]
    if any(_is_wrong(event) for event in during):
        return 0.0
    return max(
        (later.at - event.at for event, later in pairwise(during) if _is_of_the_relay(later)), default=0.0
    )


def _is_wrong(event: Event) -> bool:
    unanswered = isinstance(event, DnsAnswer) and is_unanswered(event)
    return unanswered or isinstance(event, SmtpFault | TcpSyn)


def _is_of_the_relay(event: Event) -> bool:
    closes = isinstance(event, TcpClosed) and event.by == "peer"
    return closes or isinstance(event, _OF_THE_RELAY)
