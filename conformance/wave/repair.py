"""When a fault may be taken away: once enough attempts have met it, and between two attempts.

Theory of operation
-------------------

A scenario that is to recover needs one moment at which its destination is repaired. Before it every attempt must meet
the fault, after it every attempt must find a healthy server; the errors, the gap and the stay in the queue are judged
from before, the recovery from after. So three things must be known, all from the wire, none from the relay's word.

*Have enough attempts met the fault?* Two: one is a failure, two make a gap. An attempt counts once it is over. The
witness groups traces into attempts (`witness/attempts.py`), but while the wave runs the last group may still grow: a
relay that goes from host to host, or from question to question, leaves its contacts one after the other. The first
attempt shows how many contacts one leaves; a later one is not over before it has left as many. Nor is the last one
while a connection is open, whatever it has met, nor before the end that its own time-out gives it (`latest_end`).

*Is an attempt under way?* One that begins under the fault and goes on after the repair would meet both: it might be
delivered by a connection that nobody repaired for, or fail for a fault that is gone, and its gap is neither wait nor
haste. Three signs say that one may be under way: a connection is open; something is unanswered, a question or a SYN,
and its asker may still be waiting, for as long as the time-out that it granted; something happened only just now,
whatever it was, for a relay that moves from one host or question to the next needs a moment for that. How long a
moment is the relay itself shows: twice the longest pause inside its healthy deliveries (`pace.py`), at least half a
second, and never more than half of the interval, or the next attempt would begin before the repair.

*What lingers is no sign.* A connection that stays open when the relay has begun another attempt was forgotten. And a
relay that has come back sooner than its time-out and its rest would take, or before it had closed its connection, shows
how long an attempt of its own lasts at most: until the next one began, less nine tenths of the interval (and its
granularity), in which it rests.

*What if there is no such moment?* A relay may hold a connection for ever, or try again at once, again and again. Then
the wait ends after the longest time-out that concerns the failure mode (and another one for the answer to QUIT, where
a silent server can be left so) and one interval, and the fault is taken away
all the same. The record says so (`Staged.unquiet`), and an attempt that saw both sides is judged neither for the fault
nor for a gap. The time of the repair is noted before the first thing is changed, so that an attempt in between belongs
to "after": from then on it may meet either.

What this cannot see: an attempt that has left no trace yet (a relay that sleeps between its look-up and its connection
for longer than in any healthy delivery), and a resolver of the relay's own that asks again later.
"""

from __future__ import annotations

import math
from itertools import pairwise

from conformance.catalogue.destination import Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.view import Evidence
from conformance.wave.windows import held_for, leave_time
from conformance.witness.attempts import NEARLY, Attempt, lingering
from conformance.witness.traces import dns_patience, is_unanswered
from fake_servers.events import DnsAnswer, TcpProbe

# It is quiet when so many seconds have passed without a trace, or more by what this relay shows, ...
_PAUSE = 0.5
_TIMES_ITS_OWN = 2.0
# ... but no more than this part of the interval.
_PART_OF_INTERVAL = 0.5


def attempts_over(mode: FailureMode, evidence: Evidence, now: float) -> list[Attempt]:
    """Return the attempts that met the fault so far and are over at a time of the journal."""
    every = _all_attempts(mode, evidence)
    attempts = [attempt for attempt in every if attempt.met]
    whole = [attempt for attempt in attempts if len(attempt.contacts) >= len(attempts[0].contacts)]
    if whole and whole[-1] is every[-1] and _busy_until(every, evidence) > now:
        whole.pop()
    return whole


def seconds_to_quiet(mode: FailureMode, evidence: Evidence, now: float, pause: float) -> float:
    """Return how long it takes at least until no attempt is under way, if nothing more happens; at most 0: none is.

    Args:
        mode: The failure mode.
        evidence: What is known by now.
        now: The time of the journal.
        pause: Seconds without a trace that are quiet (`quiet_pause`).
    """
    busy = _busy_until(_all_attempts(mode, evidence), evidence)
    if busy == math.inf:
        return pause
    moved = max((event.at for event in evidence.events if not isinstance(event, TcpProbe)), default=0.0)
    return max(moved, busy) + pause - now


def quiet_pause(evidence: Evidence, longest_pause: float) -> float:
    """Return for how many seconds nothing must have moved, given the relay's longest pause in a healthy delivery."""
    return min(
        max(_PAUSE, _TIMES_ITS_OWN * longest_pause),
        _PART_OF_INTERVAL * evidence.staged.granted.retry_interval,
    )


def longest_wait_for_quiet(mode: FailureMode, evidence: Evidence) -> float:
    """Return for how long quiet is waited for: the longest time-out that concerns the mode, and one interval."""
    granted, asked = evidence.staged.granted, evidence.record.header.asked
    own = held_for(mode, granted, asked) + leave_time(mode, granted, asked)
    asked_in_vain = any(is_unanswered(answer) for answer in evidence.of(DnsAnswer))
    dns = dns_patience(evidence) if asked_in_vain or mode.attempt.timeout is Timeout.DNS else 0.0
    return max(own, dns) + granted.retry_interval


def _all_attempts(mode: FailureMode, evidence: Evidence) -> list[Attempt]:
    return mode.witness.all_attempts(evidence, connections=mode.attempt.connections)


def _busy_until(attempts: list[Attempt], evidence: Evidence) -> float:
    """Return when the last attempt is over at the latest; infinite: when its connection is closed."""
    forgotten = {each.connection.number for each in lingering(evidence, attempts)}
    connected = any(each.closed is None and each.number not in forgotten for each in evidence.all_connections)
    if not attempts:
        return math.inf if connected else 0.0
    # it rests before the next one begins, and had given up before that
    granted = evidence.staged.granted
    rest = max(0.0, NEARLY * granted.retry_interval - granted.granularity)
    seen = [
        later.at - rest - attempt.at
        for attempt, later in pairwise(attempts)
        if attempt.latest_end > later.at - rest or attempt.connections & forgotten
    ]
    # who comes back sooner did not rest, or its clock was moved
    seen = [seconds for seconds in seen if seconds >= 0]
    latest = math.inf if connected else attempts[-1].latest_end
    return min(latest, attempts[-1].at + max(seen)) if seen else latest
