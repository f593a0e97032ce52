"""A destination that is repaired within the 24 hours gets the message."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT, Fate
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.needs import real_day
from conformance.judging.twice import surely_again


@aspect(
    Course.HEALED_1H,
    Course.HEALED_12H,
    Course.HEALED_23H,
    only=FULL_DAY,
    place=710,
    fates=HAD_TO_WAIT | {Fate.VANISHED, Fate.NOT_TRIED_AGAIN, Fate.NOT_DELIVERED},
    needs=(real_day,),
    requirements={"delivered": "lifetime/healed-late"},
)
def test_healed_late(case: Case) -> list[Finding]:
    """Repaired after 1, 12 or 23 hours: one copy, content intact, and no report afterwards."""
    messages, staged = case.evidence.messages, case.evidence.staged
    if not messages:
        observed = "nothing arrived after the repair"
    elif staged.repaired is None or messages[0].at < staged.repaired:
        observed = "delivered in spite of the fault"
    elif len(messages) > 1:
        observed = f"{len(messages)} copies arrived"
    elif case.evidence.ndrs:
        observed = "delivered, and returned in a report as well"
    else:
        observed = case.damage(messages)
    return [
        case.finding(
            "healed_late.delivered",
            holds=not observed,
            expected="one copy after the repair, content intact, no report",
            observed=observed or "one copy, content intact",
            conclusive=surely_again(case, [*messages, *(each for each, _ in case.evidence.ndrs)]),
        )
    ]
