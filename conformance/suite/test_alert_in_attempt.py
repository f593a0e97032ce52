"""The alert falls due while a server holds every message: it is raised all the same, and says what is known."""

from conformance.evidence import codes
from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.record import AlertListing
from conformance.judging.alert_told import CLOCKS, no_other_address
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect, on_first_course
from conformance.judging.operations import alert_listings, alerts_in, first_alert
from conformance.judging.verdict import Inconclusive
from conformance.target import Alert
from conformance.witness.amid import ALERT_MARGIN, alert_falls_due, waiting


@aspect(
    Course.ALERTED_AMID,
    kinds=(Kind.AMID,),
    where=on_first_course,
    place=825,
    requirements={
        "raised": "between/alert-in-attempt",
        "address": "alert/tells-destination",
        "error": "between/alert-error-in-attempt",
        "follows": "between/alert-follows",
        "number": "alert/tells-number",
        "dates": "alert/tells-dates",
    },
)
def test_alert_in_attempt(case: Case) -> list[Finding]:
    """Raised in time, with an error that was shown by then; and with the last one once every attempt has failed.

    Where nothing had failed by then, what it shows of an error is its own affair. What was delivered before does not
    count, and no date of the alert is its.
    """
    evidence = case.evidence
    due = alert_falls_due(evidence)
    if due is None:
        raise Inconclusive("enough messages for an alert were never accepted")
    listings = alert_listings(evidence)
    first = first_alert(evidence)
    latest = due + ALERT_MARGIN + evidence.staged.granted.granularity
    # asked after that and before: what is listed was there by then, or not
    in_time = first is not None and first[0].asked <= latest
    findings = [
        case.finding(
            "alert_in_attempt.raised",
            holds=in_time,
            expected=f"an alert within {latest - due:.1f} s, while the server holds the messages",
            observed="none at all" if first is None else f"seen {first[0].at - due:.2f} s after it was due",
            only_late=True,
        )
    ]
    if first is None:
        return findings
    if evidence.messages:
        findings += _of_those_that_wait(case, *first)
    findings.append(no_other_address(case, "alert_in_attempt.address", first[1]))
    if in_time:
        shown = [each for each in case.errors if each.at <= first[0].at + ALERT_MARGIN]
        error = [_says(case, "error", first[1].last_error, shown)] if shown else []
        findings += error
        if any(not each.holds for each in error):
            return findings  # who shows none while something is tried may do so at the end as well
    last = max(case.errors, key=lambda each: each.at, default=None)
    alerts = [alert for alert in alerts_in(evidence, listings[-1]) if alert.cleared_at is None]
    if last is not None and alerts and len(case.errors) > 1:
        findings.append(_says(case, "follows", alerts[-1].last_error, [last]))
    return findings


def _of_those_that_wait(case: Case, listing: AlertListing, alert: Alert) -> list[Finding]:
    """Compare: the number is that of the messages that wait, and the date of the oldest is that of one of them."""
    evidence = case.evidence
    waits = [each for each in waiting(evidence) if (each.accepted or 0.0) <= listing.at]
    shift = listing.epoch - listing.at
    start = alert.queue_start
    return [
        case.finding(
            "alert_in_attempt.number",
            holds=alert.queued <= len(waits),
            expected=f"no more than {len(waits)} messages queued",
            observed=f"{alert.queued} queued",
        ),
        case.finding(
            "alert_in_attempt.dates",
            holds=start is None or not waits or start >= waits[0].at + shift - CLOCKS,
            expected="no date of a message that was delivered before",
            observed="no queue start" if start is None else f"queue start {evidence.when(start - shift)}",
        ),
    ]


def _says(case: Case, slot: str, text: str, shown: list[ErrorSeen]) -> Finding:
    """Compare: the codes of an alert's error are those of an error that the relay shows for a message."""
    known = {(each.codes.code, each.codes.status) for each in shown}
    read = codes.read(text)
    return case.finding(
        f"alert_in_attempt.{slot}",
        holds=bool(text.strip()) and (not known or (read.code, read.status) in known),
        expected="the last error known"
        + (f": {' or '.join(sorted(' '.join(pair).strip() for pair in known))}" if known else ""),
        observed=text or "no error",
    )
