"""Delivery is tried again: never at once, and not later than the schedule that was granted.

What a gap is, how it is measured and what is allowed: `conformance/judging/gaps.py` begins with the theory.
"""

from conformance.judging import gaps
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT


@aspect(Course.HEALED, place=420, fates=HAD_TO_WAIT, requirements={"again": "queue/retried"})
def test_retried(case: Case) -> list[Finding]:
    """From the end of one attempt to the start of the next no less than the interval and not much more."""
    least, most = gaps.allowed(case)
    found = gaps.between(case.attempts, gaps.success(case))
    hasty = any(gap.is_below(least) for gap in found)
    late = any(gap.is_above(most) for gap in found)
    if found:
        observed = f"{len(case.attempts)} attempts, gaps of {', '.join(map(str, found))} s"
    else:
        watched = (case.evidence.staged.closed or 0.0) - case.attempts[0].at
        observed = f"one attempt met the fault and no other followed (watched for {watched:.1f} s)"
    return [
        case.finding(
            "retried.again",
            holds=bool(found) and not hasty and not late,
            expected=f"another attempt {least:.2f} to {most:.2f} s after the end of each failed one",
            observed=observed,
            only_late=late and not hasty,
        )
    ]
