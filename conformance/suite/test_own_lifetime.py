"""Each message has a lifetime of its own, wherever it goes."""

import math

from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, Outcome, aspect
from conformance.judging.needs import granted_the_day
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive

# What a relay may remember of a host, of a session with it, and of its name.
_MODES = ("connection_refused", "greeting_421", "dns_servfail")


@aspect(
    Course.LONG_DEAD,
    only=_MODES,
    place=645,
    needs=(granted_the_day,),
    requirements={"kept": "lifetime/each-message", "delivered": "queue/recovers"},
)
def test_own_lifetime(case: Case) -> list[Finding]:
    """New mail for a destination that has been dead for longer than a lifetime waits as any other, and is delivered.

    An earlier message has waited there until its time was up. What that used up is not the new one's.
    """
    staged = case.evidence.staged
    if staged.dead_since is None or staged.repaired is None:
        raise Inconclusive("no earlier message has waited there")
    kept = _kept(case, staged.repaired)
    return [kept, _delivered(case, staged.repaired)] if kept.holds else [kept]


def _kept(case: Case, repaired: float) -> Finding:
    evidence = case.evidence
    staged, queue = evidence.staged, evidence.queue.during(until=repaired)
    ended = _given_up(case)
    gone = queue.throughout
    if ended < repaired:
        seen = f"given up at {evidence.when(ended)}"
    elif gone.presence is Presence.ABSENT and gone.at is not None:
        seen = f"not in the queue at {evidence.when(gone.at)}"
    else:
        seen = ""
    dead = (staged.submitted or 0.0) - (staged.dead_since or 0.0)
    before = f"the destination had been dead for {dead:.1f} s when it was accepted"
    return case.finding(
        "own_lifetime.kept",
        holds=not seen,
        expected=f"in the queue until the repair and no report, for it may wait {staged.granted.queue_lifetime:g} s",
        observed=f"{seen or f'in the queue at {len(queue.telling)} looks'}; {before}",
    )


def _given_up(case: Case) -> float:
    """Return when the new message was given up, by a report or by the relay's word; infinity: it never was."""
    told = [message.at for message, _ in case.evidence.ndrs]
    ends = (Outcome.PERMANENT, Outcome.EXPIRED)
    told += [each.read_at for each in case.evidence.reported if each.event.outcome in ends]
    return min(told, default=math.inf)


def _delivered(case: Case, repaired: float) -> Finding:
    evidence = case.evidence
    # the earlier one has another recipient
    copies = [message for message in evidence.messages if message.is_for(evidence.staged.recipient)]
    closed = evidence.staged.closed or repaired
    if not copies:
        observed = f"nothing arrived in the {closed - repaired:.1f} s after the repair"
    elif len(copies) > 1:
        observed = f"{len(copies)} copies arrived"
    elif copies[0].at < repaired:
        observed = "delivered in spite of the fault"
    elif evidence.ndrs:
        observed = "delivered, and returned in an NDR as well"
    else:
        observed = case.damage(copies)
    return case.finding(
        "own_lifetime.delivered",
        holds=not observed,
        expected="one copy after the repair, content intact, no NDR",
        observed=observed or "one copy, content intact",
        conclusive=surely_again(case, copies),
    )
