"""When enough messages have waited long enough, the operator is told: once."""

from conformance.aspect import Case, Course, Finding, aspect
from conformance.operations import ALERTED, alert_due, alert_looks, alerts_in, taken


@aspect(Course.ALERTED, only=ALERTED, slots=("raised", "once"))
def test_alert_raised(case: Case) -> list[Finding]:
    """There is an alert for this connector, and it stays one however many messages join it."""
    evidence = case.evidence
    due, looks = alert_due(evidence), alert_looks(evidence)
    ours = [alerts_in(evidence, look) for look in looks]
    end = evidence.staged.repaired or evidence.staged.closed or due
    seen = next((look.at for look, found in zip(looks, ours, strict=True) if found), None)
    number = max(map(len, ours))
    elsewhere = sorted({alert.connector for alert in looks[-1].alerts} - _known(case))
    instead = f"; there is one for {', '.join(elsewhere)}" if elsewhere else ""
    findings = [
        case.finding(
            "alert_raised.raised",
            holds=seen is not None,
            expected=f"an alert for the connector of {evidence.staged.domain}",
            observed=f"none in the {end - due:.2f} s after it was due{instead}"
            if seen is None
            else f"seen {seen - due:.2f} s after it was due",
        )
    ]
    if seen is not None:
        findings.append(
            case.finding(
                "alert_raised.once",
                holds=number == 1,
                expected=f"one alert for {len(taken(evidence))} messages",
                observed=f"{number} alerts",
            )
        )
    return findings


def _known(case: Case) -> set[str]:
    """Return the recipient domains of all scenarios: an alert for one of these is somebody else's."""
    return {staged.domain for staged in case.evidence.record.staged.values()}
