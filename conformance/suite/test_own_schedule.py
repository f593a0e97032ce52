"""Each message keeps its own schedule, however many others wait for the same destination."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import CORRECTED
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.whereabouts import whereabouts

# An attempt that was under way when the destination was repaired may still fail, in so many seconds.
_UNDER_WAY = 0.5


@aspect(
    Course.CORRECTED,
    only=CORRECTED[Course.CORRECTED],
    place=885,
    requirements={"own": "long-run/schedule-per-message"},
)
def test_own_schedule(case: Case) -> list[Finding]:
    """From the repair to the delivery of each of several messages no longer than the longest interval.

    All of them have failed once, and none was refused: a relay that has its destinations wait longer with each message
    that fails is late with the last ones. What never comes, `drains` judges.
    """
    evidence = case.evidence
    repaired, granted = evidence.staged.repaired, evidence.staged.granted
    if repaired is None or not any(attempt.at < repaired for attempt in case.attempts):
        raise Inconclusive("nothing had met the fault when it was corrected")
    begun = {
        each.offer.recipient: evidence.connection_of(each.copies[0]).opened
        for each in whereabouts(evidence)
        if each.copies
    }
    if not begun or min(begun.values()) < repaired:
        raise NotApplicable("nothing was delivered after the correction, or something before", see="drains")
    most = granted.max_retry_interval + granted.granularity + evidence.slack
    most += case.mode.longest_ttl + _UNDER_WAY
    who, last = max(begun.items(), key=lambda each: each[1])
    return [
        case.finding(
            "own_schedule.own",
            holds=last - repaired <= most,
            expected=f"each message delivered within {most:.1f} s after the correction",
            observed=f"<{who}> {max(0.0, last - repaired):.1f} s after it, the last of {len(begun)}",
            only_late=True,
        )
    ]
