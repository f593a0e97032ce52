"""When enough messages have waited long enough, the operator is told: once."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED, alert_due, alert_listings, alerts_in
from conformance.judging.whereabouts import taken


@aspect(
    Course.ALERTED, only=ALERTED, place=820, requirements={"raised": "alert/raised", "once": "alert/once"}
)
def test_alert_raised(case: Case) -> list[Finding]:
    """There is an alert for this connector when no more messages wait than it takes, and it stays one as more join."""
    evidence = case.evidence
    due, listings = alert_due(evidence), alert_listings(evidence)
    ours = [alerts_in(evidence, listing) for listing in listings]
    # as soon as another message was offered, an alert may be one that takes more than it should
    [*_, next_offered] = _offered(case)[: evidence.record.header.alert_messages + 1]
    seen = next((listing.at for listing, found in zip(listings, ours, strict=True) if found), None)
    in_time = seen is not None and seen <= next_offered
    number = max(map(len, ours))
    elsewhere = sorted({alert.connector for alert in listings[-1].alerts} - _known(case))
    instead = f"; there is one for {', '.join(elsewhere)}" if elsewhere else ""
    findings = [
        case.finding(
            "alert_raised.raised",
            holds=in_time,
            expected=f"an alert for the connector of {evidence.staged.domain}",
            observed=f"none in the {next_offered - due:.2f} s before another message was offered{instead}"
            if seen is None or not in_time
            else f"seen {seen - due:.2f} s after it was due",
            only_late=not in_time,
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


def _offered(case: Case) -> list[float]:
    """Return when each message was offered, and when the window closed."""
    staged = case.evidence.staged
    return [*(offer.at for offer in staged.offers), staged.closed or 0.0]


def _known(case: Case) -> set[str]:
    """Return the recipient domains of all scenarios: an alert for one of these is somebody else's."""
    return {staged.domain for staged in case.evidence.record.staged.values()}
