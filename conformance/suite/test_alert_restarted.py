"""An alert lasts, as the one that it was, when the relay is started again."""

from __future__ import annotations

from conformance.catalogue.course import HALF_TIME, LAST_STILL_QUEUED
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.needs import real_day
from conformance.judging.operations import SHUT_DOWN, alert_listings, lasting_in, lost_of
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.witness.kills import kills

# By so many seconds the moment at which it says it was raised may have moved; hours lie between the kill and the looks.
_SAME = 60.0


@aspect(
    Course.ALERTED_RESTARTED,
    only=SHUT_DOWN,
    place=846,
    needs=(real_day,),
    requirements={"kept": "alert/outlives-restart"},
)
def test_alert_restarted(case: Case) -> list[Finding]:
    """A relay that was killed knows of it once it has tried again, has not raised it anew, and never has two.

    How soon it is listed is left open, as is an error until an attempt has failed again.
    """
    first, second = kills(case.evidence, HALF_TIME), kills(case.evidence, LAST_STILL_QUEUED)
    if not first or not second:
        raise Inconclusive("the relay was not killed twice")
    listings = alert_listings(case.evidence)
    before = [listing for listing in listings if listing.at < first[0].asked]
    shown = lasting_in(case.evidence, before[-1]) if before else []
    if not shown:
        raise NotApplicable("no alert lasted when the relay was killed")
    after = [
        listing for listing in listings if first[0].dead < listing.asked and listing.at < second[0].asked
    ]
    if not after:
        raise Inconclusive("the relay was not asked for its alerts after it was killed")
    looks = [lasting_in(case.evidence, listing) for listing in after]
    lasting = next((alerts for alerts in looks if len(alerts) > 1), looks[-1])
    told = lost_of(shown[0], lasting)
    if not told and lasting[0].raised_at > shown[0].raised_at + _SAME:
        told = f"raised again, {lasting[0].raised_at - shown[0].raised_at:.0f} s later"
    return [
        case.finding(
            "alert_restarted.kept",
            holds=not told,
            expected="one alert of the connector, raised when it was, with destination, address and last error",
            observed=told or f"so it was in the last of {len(after)} looks",
        )
    ]
