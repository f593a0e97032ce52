"""No report where none is due."""

from conformance.aspect import Case, Course, Finding, aspect
from conformance.verdict import Inconclusive


@aspect(
    Course.NULL_SENDER,
    Course.NOTIFY_NEVER,
    Course.NOTIFY_DELAY,
    only=("connection_refused",),
    slots=("null_sender", "notify"),
)
def test_no_ndr(case: Case) -> list[Finding]:
    """The null reverse-path, NOTIFY=NEVER and NOTIFY without FAILURE leave nothing to report; the message goes."""
    case.must_have_waited()
    evidence = case.evidence
    if not evidence.queue:
        raise Inconclusive("the queue was never seen, so nobody knows whether the message has left it")
    if evidence.queue[-1][1]:
        raise Inconclusive("the message is still in the queue at the end, so no report can have been due")
    slot = "null_sender" if evidence.staged.course == Course.NULL_SENDER else "notify"
    sent = [message for message, _ in evidence.ndrs] + list(evidence.astray)
    return [
        case.finding(
            f"no_ndr.{slot}",
            holds=not sent,
            expected="no report",
            observed=", ".join(f"a report to <{'> <'.join(m.recipients)}>" for m in sent) or "none",
        )
    ]
