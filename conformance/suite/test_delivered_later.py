"""What a server refuses for the moment is delivered once it no longer does."""

from collections.abc import Mapping

from conformance.evidence.queue import Presence, QueueAnswer
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.left_queue import leaves_queue
from conformance.judging.twice import surely_again
from conformance.judging.words import counted


@aspect(
    Course.PERSISTS,
    kinds=(Kind.PASSING,),
    place=140,
    requirements={
        "delivered": "replies/passing",
        "once": "replies/once-each",
        "accounted": "replies/accounted",
        "leaves": "queue/leaves",
    },
)
def test_delivered_later(case: Case) -> list[Finding]:
    """Without any repair the message arrives for every recipient, once for each, and nobody is told that it failed."""
    staged = case.evidence.staged
    everybody = (staged.recipient, *staged.others)
    copies = {
        who: [message for message in case.evidence.messages if message.is_for(who)] for who in everybody
    }
    missing = [who for who, got in copies.items() if not got]
    twice = [who for who, got in copies.items() if len(got) > 1]
    told = case.evidence.told_of(*everybody)
    queued = {who: case.evidence.queue_for(who).last for who in missing if who.lower() not in told}
    lost = [who for who, look in queued.items() if look.presence is Presence.ABSENT]
    if missing:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        wrong = f"nothing arrived for <{'>, <'.join(missing)}>{shown}"
    elif case.evidence.ndrs:
        wrong = f"delivered, and {len(case.evidence.ndrs)} reports of a failure"
    else:
        wrong = case.damage(case.evidence.messages)
    findings = [
        case.finding(
            "delivered_later.delivered",
            holds=not wrong,
            expected=f"delivered to {counted(len(everybody), 'recipient')}, content intact, no report",
            observed=wrong
            or f"delivered to {counted(len(everybody), 'recipient')} "
            f"in {counted(len(case.evidence.messages), 'message')}",
        ),
        case.finding(
            "delivered_later.once",
            holds=not twice,
            expected="no recipient gets it twice",
            observed=f"more than one copy for <{'>, <'.join(twice)}>" if twice else "nobody did",
            conclusive=any(surely_again(case, got) for got in copies.values()),
        ),
    ]
    if all(look.presence is not Presence.UNKNOWN for look in queued.values()):
        accounted = case.finding(
            "delivered_later.accounted",
            holds=not lost,
            expected="whoever does not get it is reported or still in the queue",
            observed=_nowhere(case, lost, queued) if lost else "so it is",
        )
        findings.append(accounted)
    return [*findings, *leaves_queue(case, "delivered_later.leaves")]


def _nowhere(case: Case, lost: list[str], queued: Mapping[str, QueueAnswer]) -> str:
    look = queued[lost[0]].at
    when = "" if look is None else f" at {case.evidence.when(look)}"
    return f"neither delivered, reported nor in the queue{when} for <{'>, <'.join(lost)}>"
