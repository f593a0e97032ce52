"""The alert says what an operator needs: how many wait, since when, until when, where, why, and what to do."""

from conformance.evidence import codes
from conformance.evidence.record import AlertListing
from conformance.judging.alert_told import CLOCKS, destination, last_told
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED
from conformance.judging.whereabouts import taken
from conformance.target import Alert


@aspect(
    Course.ALERTED,
    only=ALERTED,
    place=830,
    requirements={
        "number": "alert/tells-number",
        "dates": "alert/tells-dates",
        "destination": "alert/tells-destination",
        "error": "alert/tells-error",
        "fix": "alert/tells-remedy",
    },
)
def test_alert_detail(case: Case) -> list[Finding]:
    """Number queued, queue start and oldest expiry, destination server, last address, last error, how to fix."""
    listing, alert = last_told(case)
    return [
        _number(case, listing, alert),
        _dates(case, listing, alert),
        destination(case, "alert_detail.destination", alert),
        _error(case, alert),
        case.finding(
            "alert_detail.fix",
            holds=bool(alert.how_to_fix.strip()),
            expected="how to fix it",
            observed=alert.how_to_fix or "nothing",
        ),
    ]


def _number(case: Case, listing: AlertListing, alert: Alert) -> Finding:
    least = case.evidence.record.header.alert_messages
    most = sum((offer.accepted or 0.0) <= listing.at for offer in taken(case.evidence))
    return case.finding(
        "alert_detail.number",
        holds=least <= alert.queued <= most,
        expected=f"{least} to {most} messages queued",
        observed=f"{alert.queued} queued",
    )


def _dates(case: Case, listing: AlertListing, alert: Alert) -> Finding:
    oldest = taken(case.evidence)[0]
    # from the journal's clock to the epoch
    shift = listing.epoch - listing.at
    begin, end = oldest.at + shift - CLOCKS, (oldest.accepted or oldest.at) + shift + CLOCKS
    lifetime = case.evidence.staged.granted.queue_lifetime
    lag = case.evidence.staged.granted.granularity
    start, expires = alert.queue_start, alert.oldest_expires
    right = start is not None and begin <= start <= end
    right &= expires is not None and begin + lifetime - lag <= expires <= end + lifetime + lag
    return case.finding(
        "alert_detail.dates",
        holds=right,
        expected=f"the oldest message was accepted at {case.evidence.when(oldest.accepted or oldest.at)} and expires "
        f"{lifetime:.0f} s later",
        observed=f"queue start {_told(case, start, shift)}, oldest expires {_told(case, expires, shift)}",
    )


def _told(case: Case, moment: float | None, shift: float) -> str:
    """Say when a moment of the epoch was, `shift` seconds away from the journal's clock."""
    return "not told" if moment is None else case.evidence.when(moment - shift)


def _error(case: Case, alert: Alert) -> Finding:
    """Compare: the alert's error is the one that the relay shows for the messages themselves."""
    shown = {(read.code, read.status) for read in (error.codes for error in case.errors)}
    read = codes.read(alert.last_error)
    return case.finding(
        "alert_detail.error",
        holds=bool(alert.last_error.strip()) and (not shown or (read.code, read.status) in shown),
        expected="the last error, with the codes that the queued messages show: "
        + (" or ".join(sorted(" ".join(pair).strip() for pair in shown)) or "none is shown"),
        observed=alert.last_error or "no error",
    )
