"""An alert lasts, as it was, when settings are saved that change nothing."""

from __future__ import annotations

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED_LONG, alert_listings, last_action, lasting_in, lost_of
from conformance.judging.verdict import Inconclusive, NotApplicable


@aspect(Course.ALERTED_SAVED, only=ALERTED_LONG, place=845, requirements={"kept": "alert/outlives-saving"})
def test_alert_saved(case: Case) -> list[Finding]:
    """Saving what was there before neither ends nor repeats it, and takes nothing away from what it says."""
    action = last_action(case)
    if action.refused:
        raise Inconclusive(f"saving the settings was refused: {action.reason}")
    listings = alert_listings(case.evidence)
    before = [listing for listing in listings if listing.at < action.asked]
    shown = lasting_in(case.evidence, before[-1]) if before else []
    if not shown:
        raise NotApplicable("no alert was raised before the settings were saved")
    after = [listing for listing in listings if listing.asked > action.done]
    if not after:
        raise Inconclusive("the relay was not asked for its alerts after the settings were saved")
    wrong = [
        f"{told} at {case.evidence.when(listing.at)}"
        for listing in after
        if (told := lost_of(shown[0], lasting_in(case.evidence, listing)))
    ]
    return [
        case.finding(
            "alert_saved.kept",
            holds=not wrong,
            expected="one alert of the connector, with destination, address and last error as before",
            observed=wrong[0] if wrong else f"so it was in {len(after)} looks",
        )
    ]
