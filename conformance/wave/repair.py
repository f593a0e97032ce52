"""When a fault may be taken away: once enough attempts have met it, and between two attempts.

Theory of operation
-------------------

A scenario that is to recover needs one moment at which its destination is repaired. Before it every attempt must meet
the fault, after it every attempt must find a healthy server; the errors, the gap and the stay in the queue are judged
from before, the recovery from after. So three things must be known, all from the wire, none from the relay's word.

*Have enough attempts met the fault?* Two: one is a failure, two make a gap. An attempt counts once it is over. The
witness groups contacts into attempts (`witness/attempts.py`), but while the wave runs the last group may still grow:
a relay that goes from host to host, or from question to question, leaves its contacts one after the other. The first
attempt shows how many traces one leaves; a later one is not over before it has left as many. Nor is the last one while
any connection is open, whatever it has met, nor before the end that its own time-out gives it (`latest_end`).

*Is an attempt under way?* One that begins under the fault and goes on after the repair would meet both: it might be
delivered by a connection that nobody repaired for, or fail for a fault that is gone, and its gap is neither wait nor
haste. Three signs say that one may be under way: a connection is open; a question was left unanswered and its asker
may still be waiting, for as long as the DNS time-out that it granted; something happened only just now, and a relay
that moves from one host or question to the next needs a moment for that. That moment is half a second, and never more
than a quarter of the interval, or the next attempt would begin before the repair.

*What if there is no such moment?* A relay may hold a connection for ever, or try again at once, again and again. Then
the wait ends after three DNS time-outs and a transfer, and the fault is taken away all the same: the aspects say what
they saw. The time of the repair is noted before the first thing is changed, so that an attempt in between belongs to
"after": from then on it may meet either.

What this cannot see: an attempt that has left no trace yet (a relay that sleeps between its look-up and its
connection for longer than the moment allowed), and a resolver of the relay's own that asks again later.
"""

from __future__ import annotations

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.view import Evidence
from conformance.target import Schedule
from conformance.witness.attempts import Attempt
from fake_servers import Silence
from fake_servers.events import DnsAnswer

# Attempts that must meet the fault before it is repaired: two make one gap.
ATTEMPTS_BEFORE_REPAIR = 2

# An attempt is over when so many seconds have passed without a trace of it, or this part of the interval.
_PAUSE = 0.5
_PART_OF_INTERVAL = 0.25


def attempts_over(mode: FailureMode, evidence: Evidence, now: float) -> list[Attempt]:
    """Return the attempts that met the fault so far and are over at a time of the journal."""
    attempts = mode.witness.attempts(evidence, connections=mode.attempt.connections)
    whole = [attempt for attempt in attempts if len(attempt.contacts) >= len(attempts[0].contacts)]
    if whole and not _all_closed(evidence):
        whole.pop()
    return [attempt for attempt in whole if attempt.latest_end <= now]


def seconds_to_quiet(evidence: Evidence, now: float, patience: float) -> float:
    """Return how long it takes at least until no attempt is under way, if nothing more happens; at most 0: none is.

    Args:
        evidence: What is known by now.
        now: The time of the journal.
        patience: Seconds for which the relay waits for an answer of its name server.
    """
    pause = min(_PAUSE, _PART_OF_INTERVAL * evidence.staged.granted.retry_interval)
    if not _all_closed(evidence):
        return pause
    traces = [event.at for event in evidence.events]
    silences = [
        event.at + patience
        for event in evidence.events
        if isinstance(event, DnsAnswer) and event.answer == Silence.name
    ]
    return max([*traces, *silences], default=0.0) + pause - now


def dns_patience(granted: Schedule, asked: Schedule) -> float:
    """Return for how many seconds the relay waits for an answer of its name server."""
    return granted.dns_timeout or asked.dns_timeout or 0.0


def _all_closed(evidence: Evidence) -> bool:
    return all(connection.closed is not None for connection in evidence.connections)
