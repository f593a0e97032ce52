"""An alert that was answered by Fix now is over: nothing waits for its connector any more."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import (
    SHUT_DOWN,
    alert_listings,
    alerts_in,
    first_alert,
    in_force_from,
    last_action,
)
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.target import Capability


@aspect(Course.FIXED_NOW, only=SHUT_DOWN, place=862, requirements={"cleared": "alert/cleared-by-fix"})
def test_alert_answered(case: Case) -> list[Finding]:
    """Raised for a connector that Fix now then turned off, it does not last to the end."""
    evidence = case.evidence
    action = last_action(case)
    if action.refused:
        raise Inconclusive(f"Fix now was refused: {action.reason}")
    if Capability.ALERTS not in evidence.record.header.capabilities:
        raise NotApplicable("the relay raises no alerts")
    first = first_alert(evidence)
    if first is None or first[0].at > action.asked:
        raise NotApplicable("no alert was raised before Fix now was chosen")
    begin = in_force_from(case)
    after = [listing for listing in alert_listings(evidence) if listing.asked > begin]
    if not after:
        raise Inconclusive("the relay was not asked for its alerts after Fix now")
    lasting = [alert for alert in alerts_in(evidence, after[-1]) if alert.cleared_at is None]
    watched = after[-1].asked - action.done
    return [
        case.finding(
            "alert_answered.cleared",
            holds=not lasting,
            expected="no alert of the connector lasts, which is off and has no mail",
            observed=f"one still lasts {watched:.2f} s after Fix now, with {lasting[0].queued} messages queued"
            if lasting
            else f"none, {watched:.2f} s after Fix now",
        )
    ]
