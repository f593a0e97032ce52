"""Once the destination is repaired, the message arrives: exactly once and unaltered."""

from conformance.evidence.queue import Presence
from conformance.judging import gaps
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import TRIED_AGAIN, Fate
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.lifetime import given_up
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.target import Outcome


@aspect(
    Course.HEALED,
    place=440,
    fates=TRIED_AGAIN
    | {
        Fate.DELIVERED,
        Fate.DELIVERED_LATER,
        Fate.RETURNED,
        Fate.RETURNED_LATER,
        Fate.RETURNED_WRONGLY,
        Fate.GIVEN_UP_EARLY,
        Fate.DELIVERED_WRONGLY,
        Fate.DELIVERED_AND_GIVEN_UP,
    },
    partly={
        Fate.RETURNED_WRONGLY: "if nobody was told",
        Fate.GIVEN_UP_EARLY: "if nobody was told",
        Fate.DELIVERED_WRONGLY: "if it came twice, was altered, or was returned as well",
    },
    owns={Fate.NOT_DELIVERED, Fate.DELIVERED_AND_GIVEN_UP},
    elsewhere={Course.HEALED_1H, Course.HEALED_12H, Course.HEALED_23H},
    requirements={"delivered": "queue/recovers", "returned": "permanent/returned", "told": "queue/not-lost"},
)
def test_recovers(case: Case) -> list[Finding]:
    """After the repair exactly one copy arrives, its content intact, and no NDR follows.

    Where the profile lets the relay give up at once, the sender must get an NDR: otherwise the message is lost.
    """
    messages, ndrs = case.evidence.messages, case.evidence.ndrs
    accepted = case.fate in (Fate.RETURNED, Fate.RETURNED_LATER)
    wrongly = case.fate in (Fate.RETURNED_WRONGLY, Fate.GIVEN_UP_EARLY)
    none_could_come = why_none_could_come(case) if accepted or wrongly else ""
    told = len(ndrs) == 1 or bool(none_could_come)
    damage = case.damage(messages)
    once = len(messages) == 1 and not ndrs and not damage
    if accepted and none_could_come:
        raise NotApplicable(none_could_come)
    if accepted or (wrongly and not told):
        return [_returned(case)]
    # that it was returned, or delivered, is the owner's; that nobody was told, or somebody got it twice, or altered, is
    # not
    if wrongly or (case.fate is Fate.DELIVERED_WRONGLY and once):
        case.leave()
    staged = case.evidence.staged
    repaired = staged.repaired if staged.repaired is not None else 0.0
    closed = staged.closed if staged.closed is not None else 0.0
    if not messages and not _tried_since(case, repaired) and (reason := gaps.not_due(case)):
        raise Inconclusive(f"{reason}; none was seen after the repair")
    if not messages:
        observed = f"nothing arrived in the {closed - repaired:.1f} s after the repair{_given_up_after(case)}"
    elif len(messages) > 1:
        moments = ", ".join(case.evidence.when(message.at) for message in messages)
        observed = f"{len(messages)} copies arrived, at {moments}"
    elif ndrs:
        observed = "delivered, and returned in an NDR as well"
    elif case.mode.tls.required and not messages[0].tls:
        observed = "delivered in clear although the connector requires TLS"
    elif damage:
        observed = damage
    elif messages[0].at < repaired and not case.accepts(Outcome.DELIVERED):
        observed = f"delivered {repaired - messages[0].at:.2f} s before the repair, in spite of the fault"
    else:
        observed = ""
    when = (
        "in spite of the fault, which the profile accepts here"
        if messages and messages[0].at < repaired and case.accepts(Outcome.DELIVERED)
        else "after the repair"
    )
    expected = f"one copy {when}, content intact, no NDR"
    done = observed or "one copy, content intact"
    seen = surely_again(case, messages)
    return [
        case.finding(
            "recovers.delivered", holds=not observed, expected=expected, observed=done, conclusive=seen
        )
    ]


def _tried_since(case: Case, repaired: float) -> bool:
    return any(attempt.at >= repaired for attempt in case.all_attempts)


def _given_up_after(case: Case) -> str:
    """Say that a message was given up although the fault had been taken away."""
    at = case.evidence.given_up
    return "" if at is None else f", and the message was given up at {case.evidence.when(at)}"


def _returned(case: Case) -> Finding:
    """Compare: whoever gives up tells the sender."""
    ndrs = case.evidence.ndrs
    accepted = case.fate in (Fate.RETURNED, Fate.RETURNED_LATER)
    return case.finding(
        "recovers.returned" if accepted else "recovers.told",
        holds=len(ndrs) == 1,
        expected="one NDR, since the relay gave up",
        observed=f"{len(ndrs)} NDRs" if ndrs else f"{_given_up(case)}, and {_instead(case)}{_gone(case)}",
    )


def _given_up(case: Case) -> str:
    at = _ended(case)
    return "given up" if at is None else f"given up at {case.evidence.when(at)}"


def _ended(case: Case) -> float | None:
    """Return when it was given up, by the relay's own word or by the queue."""
    said = case.evidence.given_up
    return given_up(case) if said is None else said


def _gone(case: Case) -> str:
    """Say that the message is lost, if a look after it was given up shows that it is not there either."""
    at = _ended(case)
    look = case.evidence.queue.during(after=at or 0.0).last
    if look.presence is not Presence.ABSENT or look.at is None:
        return ""
    return f"; it is not in the queue at {case.evidence.when(look.at)} either: the message is lost"


def _instead(case: Case) -> str:
    notices = case.evidence.notices
    return only_promised(case.evidence) if notices else "no NDR came to the sender"
