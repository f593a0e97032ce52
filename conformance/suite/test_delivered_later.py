"""What a server refuses for the moment is delivered once it no longer does."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.content import altered


@aspect(
    Course.PERSISTS,
    kinds=(Kind.PASSING,),
    place=140,
    requirements={
        "delivered": "replies/passing",
        "once": "replies/once-each",
        "accounted": "replies/accounted",
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
    last = case.evidence.looks[-1][0].waiting if case.evidence.looks else []
    known = {*case.evidence.told_of(*everybody), *(message.recipient.lower() for message in last)}
    lost = [who for who in missing if case.evidence.looks and who.lower() not in known]
    if missing:
        shown = f"; the relay says: {case.errors[-1].text}" if case.errors else ""
        wrong = f"nothing arrived for <{'>, <'.join(missing)}>{shown}"
    elif case.evidence.ndrs:
        wrong = f"delivered, and {len(case.evidence.ndrs)} reports of a failure"
    else:
        damage = [found for message in case.evidence.messages if (found := altered(staged, message))]
        wrong = damage[0] if damage else ""
    return [
        case.finding(
            "delivered_later.delivered",
            holds=not wrong,
            expected=f"delivered to {len(everybody)} recipients, content intact, no report",
            observed=wrong
            or f"delivered to {len(everybody)} recipients in {len(case.evidence.messages)} messages",
        ),
        case.finding(
            "delivered_later.once",
            holds=not twice,
            expected="no recipient gets it twice",
            observed=f"more than one copy for <{'>, <'.join(twice)}>" if twice else "nobody did",
            conclusive=True,
        ),
        case.finding(
            "delivered_later.accounted",
            holds=not lost,
            expected="whoever does not get it is reported or still in the queue",
            observed=f"neither delivered, reported nor in the queue for <{'>, <'.join(lost)}>"
            if lost
            else "so it is",
        ),
    ]
