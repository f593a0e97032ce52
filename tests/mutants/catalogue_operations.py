"""Mutants that are caught only where an operator looks at the relay and acts."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict

from .mutant import Expected, Mutant, deviates, fails, hence

_ALERTED = ("connection_refused.alerted", "greeting_421.alerted")
_OUT_OF_SERVICE = (
    "connection_refused.fixed_now",
    "connection_refused.switched_off",
    "connection_refused.deleted",
)
_CORRECTED = ("connection_refused.corrected", "dns_nxdomain.corrected", "certificate_expired.corrected")
_EDITED = ("host_unreachable.edited", "tls_not_offered.edited", "certificate_unknown_ca.edited")
_EDIT_REFUSED = ("greeting_421.edit_refused",)

_TAKES_EFFECT = "correction/takes-effect"
_STOPS = "out-of-service/stops"


def _no_alert_to_judge() -> tuple[Expected, ...]:
    return hence(
        "there is no alert to look at", "alert_detail", "alert_cleared", verdict=Verdict.NOT_APPLICABLE
    )


_NO_ALERT = (
    fails("alert_raised", "alert/raised-for-refused", "connection_refused"),
    deviates("alert_raised", "alert/raised", "greeting_421"),
)

_ALERTS = (
    Mutant(
        name="alerts_by_number_alone",
        sin="Raises the alert as soon as enough messages wait, however young.",
        scenarios=_ALERTED,
        caught=(deviates("alert_threshold", "alert/age"),),
    ),
    Mutant(
        name="alerts_by_age_alone",
        sin="Raises the alert as soon as one message has waited long enough.",
        scenarios=_ALERTED,
        caught=(deviates("alert_threshold", "alert/number"),),
    ),
    Mutant(
        name="alerts_above_the_number",
        sin="Raises the alert when more messages wait than the threshold says, and not when as many do.",
        scenarios=_ALERTED,
        caught=_NO_ALERT,
    ),
    Mutant(
        name="alerts_per_message",
        sin="Raises an alert for each message that joins the queue after the first one.",
        scenarios=_ALERTED,
        caught=(deviates("alert_raised", "alert/once"),),
    ),
    Mutant(
        name="never_alerts",
        sin="Raises no alert at all.",
        scenarios=_ALERTED,
        caught=_NO_ALERT,
        also=_no_alert_to_judge(),
    ),
    Mutant(
        name="alert_names_no_connector",
        sin="Raises alerts for the connector called default, whichever it is.",
        scenarios=_ALERTED,
        caught=_NO_ALERT,
        also=_no_alert_to_judge(),
    ),
    Mutant(
        name="alert_never_cleared",
        sin="Leaves an alert as it is when its messages are delivered.",
        scenarios=_ALERTED,
        caught=(deviates("alert_cleared", "alert/cleared"),),
    ),
    Mutant(
        name="alert_cleared_while_it_lasts",
        sin="Clears each alert half a second after it was raised.",
        scenarios=_ALERTED,
        caught=(deviates("alert_cleared", "alert/lasts"),),
    ),
    Mutant(
        name="alert_counts_one",
        sin="Says of every alert that one message is queued.",
        scenarios=_ALERTED,
        caught=(deviates("alert_detail", "alert/tells-number"),),
    ),
    Mutant(
        name="alert_dates_from_its_raising",
        sin="Gives as queue start the time at which the alert was raised.",
        scenarios=_ALERTED,
        caught=(deviates("alert_detail", "alert/tells-dates"),),
    ),
    Mutant(
        name="alert_names_itself",
        sin="Names the relay itself as destination server.",
        scenarios=_ALERTED,
        caught=(deviates("alert_detail", "alert/tells-destination"),),
    ),
    Mutant(
        name="alert_without_error",
        sin="Shows the number of attempts instead of the last error.",
        scenarios=_ALERTED,
        caught=(deviates("alert_detail", "alert/tells-error"),),
    ),
    Mutant(
        name="alert_without_remedy",
        sin="Says nothing of how to fix it.",
        scenarios=_ALERTED,
        caught=(deviates("alert_detail", "alert/tells-remedy"),),
    ),
)

_FIX_NOW = (
    Mutant(
        name="rejects_known_recipients",
        sin="Rejects every recipient of an authoritative domain, known or not.",
        scenarios=_OUT_OF_SERVICE,
        caught=(fails("rejected_at_once", "out-of-service/valid-accepted"),),
    ),
    Mutant(
        name="rejects_nobody",
        sin="Accepts unknown recipients of an authoritative domain, and returns their mail later.",
        scenarios=_OUT_OF_SERVICE,
        caught=(fails("rejected_at_once", "out-of-service/invalid-rejected"),),
    ),
    Mutant(
        name="rejects_with_another_code",
        sin="Rejects unknown recipients with 550 5.1.1.",
        scenarios=_OUT_OF_SERVICE,
        caught=(deviates("rejected_at_once", "out-of-service/code"),),
    ),
    Mutant(
        name="rejects_before_it_is_told",
        sin="Rejects unknown recipients of internal relay domains as well.",
        scenarios=_OUT_OF_SERVICE,
        caught=(deviates("rejected_at_once", "accepted-domain/internal-relay"),),
    ),
    Mutant(
        name="purges_what_is_out_of_service",
        sin="Drops the queued mail of a connector that is off or deleted, and tells nobody.",
        scenarios=_OUT_OF_SERVICE,
        caught=(fails("not_purged", "out-of-service/nothing-purged"),),
    ),
    Mutant(
        name="returns_mail_of_known_recipients",
        sin="Returns all queued mail of a connector that is off or deleted.",
        scenarios=_OUT_OF_SERVICE,
        caught=(fails("not_purged", "out-of-service/valid-not-returned"),),
    ),
    Mutant(
        name="keeps_and_returns",
        sin="Puts mail into the mailbox of a known recipient and returns it as well.",
        scenarios=_OUT_OF_SERVICE,
        caught=(
            fails(
                "not_purged", "out-of-service/nothing-purged", besides=("out-of-service/valid-not-returned",)
            ),
        ),
    ),
    Mutant(
        name="uses_a_connector_that_is_off",
        sin="Goes on trying through a connector that is turned off.",
        scenarios=_OUT_OF_SERVICE,
        caught=(
            fails(
                "stops_trying", _STOPS, "connection_refused", courses=(Course.FIXED_NOW, Course.SWITCHED_OFF)
            ),
        ),
    ),
)

_EDITS = (
    Mutant(
        name="edits_for_new_mail_only",
        sin="Routes queued mail by the connector as it was when the mail was accepted.",
        scenarios=(*_EDITED, *_OUT_OF_SERVICE),
        caught=(
            fails("drains", _TAKES_EFFECT, "host_unreachable", "tls_not_offered"),
            fails("stops_trying", _STOPS),
        ),
    ),
    Mutant(
        name="trust_anchors_of_the_start",
        sin="Trusts the authorities that it was started with, whatever is saved later.",
        scenarios=_EDITED,
        caught=(fails("drains", _TAKES_EFFECT, "certificate_unknown_ca"),),
    ),
    Mutant(
        name="sticks_to_its_first_failure",
        sin="Takes the failure of the first attempt for the outcome of all that follow.",
        scenarios=_CORRECTED,
        caught=(fails("drains", _TAKES_EFFECT),),
    ),
    Mutant(
        name="drains_newest_first",
        sin="Lets younger messages go first when a queue drains.",
        scenarios=(*_CORRECTED, *_EDITED),
        # on a crowded machine a scenario may have to do without this verdict
        caught=(replace(deviates("drains", "correction/in-order"), certain=False),),
    ),
    Mutant(
        name="sends_twice_after_an_edit",
        sin="Delivers what was queued twice when a connector was edited.",
        scenarios=_EDITED,
        caught=(fails("drains", "correction/once"),),
    ),
    Mutant(
        name="cuts_what_it_drains",
        sin="Loses the last line of each message that is delivered at a later attempt.",
        scenarios=(*_CORRECTED, *_EDITED),
        caught=(fails("drains", "correction/intact"),),
    ),
    Mutant(
        name="half_an_edit",
        sin="Puts the valid half of an edit in force, and then refuses it for the other half.",
        scenarios=_EDIT_REFUSED,
        caught=(deviates("edit_refused", "edit/unchanged"),),
    ),
    Mutant(
        name="ignores_invalid_edits",
        sin="Answers that an invalid edit was saved, and goes on as before.",
        scenarios=_EDIT_REFUSED,
        caught=(deviates("edit_refused", "edit/invalid-refused"),),
    ),
    Mutant(
        name="refuses_edits_without_a_word",
        sin="Refuses an invalid edit and does not say why.",
        scenarios=_EDIT_REFUSED,
        caught=(deviates("edit_refused", "edit/invalid-refused"),),
    ),
)

OPERATIONS = (*_ALERTS, *_FIX_NOW, *_EDITS)
