"""An alert lasts as long as its cause."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import (
    ALERTED,
    alert_due,
    alert_listings,
    alerts_in,
    first_alert,
)
from conformance.judging.verdict import NotApplicable
from conformance.judging.whereabouts import whereabouts


@aspect(
    Course.ALERTED, only=ALERTED, place=840, requirements={"lasts": "alert/lasts", "cleared": "alert/cleared"}
)
def test_alert_cleared(case: Case) -> list[Finding]:
    """It is not cleared while its messages wait, and it is once they are delivered."""
    evidence = case.evidence
    alert_due(evidence)
    if first_alert(evidence) is None:
        raise NotApplicable("no alert was raised", see="alert_raised")
    messages = whereabouts(evidence)
    left = [each.offer.recipient for each in messages if not each.copies]
    if left:
        raise NotApplicable(f"the queue did not drain: nothing arrived for {', '.join(left)}")
    repaired = evidence.staged.repaired or 0.0
    listings = [(listing, alerts_in(evidence, listing)) for listing in alert_listings(evidence)]
    early = [
        listing.at
        for listing, alerts in listings
        if listing.at < repaired and any(alert.cleared_at is not None for alert in alerts)
    ]
    drained = max(each.copies[0].at for each in messages)
    after = [(listing.at, alerts) for listing, alerts in listings if listing.asked > drained]
    cleared = next(
        (at for at, alerts in after if not any(alert.cleared_at is None for alert in alerts)), None
    )
    watched = (after[-1][0] if after else drained) - drained
    return [
        case.finding(
            "alert_cleared.lasts",
            holds=not early,
            expected="not cleared while its messages wait",
            observed=f"cleared {repaired - early[0]:.2f} s before the repair"
            if early
            else "not cleared before",
        ),
        case.finding(
            "alert_cleared.cleared",
            holds=cleared is not None,
            expected="cleared once its messages are delivered",
            observed=f"not cleared in the {watched:.2f} s after the last was delivered"
            if cleared is None
            else f"cleared within {cleared - drained:.2f} s",
        ),
    ]
