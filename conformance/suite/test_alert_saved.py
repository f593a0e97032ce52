"""An alert lasts, as it was, when settings are saved that change nothing."""

from __future__ import annotations

from conformance.evidence.record import AlertListing
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED_LONG, alert_listings, alerts_in, last_action
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.target import Alert


@aspect(Course.ALERTED_SAVED, only=ALERTED_LONG, place=845, requirements={"kept": "alert/outlives-saving"})
def test_alert_saved(case: Case) -> list[Finding]:
    """Saving what was there before neither ends nor repeats it, and takes nothing away from what it says."""
    action = last_action(case)
    if action.refused:
        raise Inconclusive(f"saving the settings was refused: {action.reason}")
    listings = alert_listings(case.evidence)
    before = [listing for listing in listings if listing.at < action.asked]
    shown = _lasting(case, before[-1]) if before else []
    if not shown:
        raise NotApplicable("no alert was raised before the settings were saved")
    after = [listing for listing in listings if listing.asked > action.done]
    if not after:
        raise Inconclusive("the relay was not asked for its alerts after the settings were saved")
    wrong = [
        f"{told} at {case.evidence.when(listing.at)}"
        for listing in after
        if (told := _lost(shown[0], _lasting(case, listing)))
    ]
    return [
        case.finding(
            "alert_saved.kept",
            holds=not wrong,
            expected="one alert of the connector, with destination, address and last error as before",
            observed=wrong[0] if wrong else f"so it was in {len(after)} looks",
        )
    ]


def _lasting(case: Case, listing: AlertListing) -> list[Alert]:
    return [alert for alert in alerts_in(case.evidence, listing) if alert.cleared_at is None]


def _lost(before: Alert, lasting: list[Alert]) -> str:
    """Say what is missing of an alert; an error may have been followed by another."""
    if len(lasting) != 1:
        return f"{len(lasting) or 'no'} alert{'s' * (len(lasting) > 1)}"
    [now] = lasting
    told = {
        "destination server": (before.destination_server, now.destination_server),
        "last address": (before.last_address, now.last_address),
        "last error": (before.last_error, now.last_error),
    }
    missing = [name for name, (was, is_) in told.items() if was.strip() and not is_.strip()]
    return f"no {' and no '.join(missing)}" if missing else ""
