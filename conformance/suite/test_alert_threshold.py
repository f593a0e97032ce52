"""The alert takes both: enough messages, and enough time."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED, alert_due, first_alert
from conformance.judging.whereabouts import taken


@aspect(Course.ALERTED, only=ALERTED, place=810, requirements={"number": "alert/number", "age": "alert/age"})
def test_alert_threshold(case: Case) -> list[Finding]:
    """No alert while too few messages wait, however old; none while enough of them wait that are too young."""
    evidence = case.evidence
    needed, age = evidence.record.header.alert_messages, evidence.record.header.alert_age
    due = alert_due(evidence)
    # an alert cannot rest on a message that was not even offered
    enough = taken(evidence)[needed - 1].at
    first = first_alert(evidence)
    seen = None if first is None else first[0].at
    few = seen is not None and seen < enough
    young = seen is not None and not few and seen < due
    old = enough - (taken(evidence)[0].accepted or 0.0)
    return [
        case.finding(
            "alert_threshold.number",
            holds=not few,
            expected=f"no alert for {needed - 1} messages, however long they wait: it takes {needed}",
            observed=f"an alert at {evidence.when(seen)}, {enough - seen:.2f} s before message {needed} was offered"
            if few and seen is not None
            else f"none in the {old:.2f} s in which fewer waited",
        ),
        case.finding(
            "alert_threshold.age",
            holds=not young,
            expected=f"no alert before {needed} messages have waited for {age:.1f} s",
            observed=f"an alert {due - (seen or 0.0):.2f} s before message {needed} was that old"
            if young
            else "none before",
        ),
    ]
