"""Delivery is tried again: never at once, and not later than the schedule that was granted.

What a gap is, how it is measured and what is allowed: `conformance/judging/gaps.py` begins with the theory.
"""

from collections.abc import Sequence

from conformance.judging import gaps
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import DEFERRED, Fate
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.words import counted
from conformance.witness.attempts import Attempt


@aspect(
    Course.HEALED,
    place=420,
    fates=DEFERRED | {Fate.GIVEN_UP_EARLY},
    partly={Fate.GIVEN_UP_EARLY: "if it was tried again before"},
    owns={Fate.NOT_TRIED_AGAIN},
    elsewhere={Course.HEALED_1H, Course.HEALED_12H, Course.HEALED_23H},
    requirements={"again": "queue/retried"},
)
def test_retried(case: Case) -> list[Finding]:
    """From the end of one attempt to the start of the next no less than the interval and not much more."""
    least, most = gaps.allowed(case)
    found = gaps.gaps_of(case)
    if case.fate is Fate.GIVEN_UP_EARLY and not found.between_all:
        case.leave()
    hasty = found.is_hasty(least)
    late = any(gap.is_above(most) for gap in found.between_all)
    shown = f"gaps of {', '.join(map(str, found.between_all))} s"
    if not found.between_all and found.under_way:
        raise NotApplicable(
            "an attempt was under way when the fault was taken away, and no other gap was seen"
        )
    if not found.between_all and (reason := gaps.not_due(case)):
        raise Inconclusive(reason)
    if found.between_all and not hasty and not late and not found.tell(least, most):
        raise NotApplicable(
            f"nobody sees when the relay gave up waiting, which was sooner than the time-out that it granted: {shown}"
        )
    if found.between_all:
        said = [f"{_counted(found.attempts)}, {shown}", found.wrong(case, least, most), gaps.overlap(case)]
        observed = "; ".join(filter(None, said))
    else:
        watched = (case.evidence.staged.closed or 0.0) - case.attempts[0].at
        observed = f"one attempt met the fault and no other followed (watched for {watched:.1f} s)"
    return [
        case.finding(
            "retried.again",
            holds=bool(found.between_all) and not hasty and not late,
            expected=f"another attempt {least:.2f} to {most:.2f} s after the end of each failed one",
            observed=observed,
            only_late=late and not hasty,
        )
    ]


def _counted(attempts: Sequence[Attempt]) -> str:
    asked = sum(attempt.only_asked for attempt in attempts)
    return counted(len(attempts), "attempt") + (f" ({asked} seen by nothing but look-ups)" if asked else "")
