"""What an operator did, and what the relay told that operator."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.catalogue.course import OUT_OF_SERVICE, Course
from conformance.evidence.inputs import OperatorAction
from conformance.evidence.record import AlertListing
from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import taken
from conformance.target import Alert
from fake_servers.events import DnsQuery, TcpSyn

# What was under way when the operator's act was done may come to its end, in seconds on top of the relay's granularity.
UNDER_WAY = 0.5

# The modes of failure for which the operator's courses are played, one of each sort.
ALERTED = ("connection_refused", "greeting_421")
# One whose server has an IPv6 address.
ALERTED_IPV6 = ("literal_ipv6_greeting_421",)
SHUT_DOWN = ("connection_refused",)
# One in which an attempt takes its time, and the error of the one before is all that is known meanwhile.
ALERTED_LONG = ("connect_timeout",)
CORRECTED = {
    Course.CORRECTED: ("connection_refused", "dns_nxdomain", "certificate_expired"),
    Course.EDITED: ("host_unreachable", "tls_not_offered", "certificate_unknown_ca"),
}
FIXED_BESIDE = SHUT_DOWN
EDIT_REFUSED = ("greeting_421",)
TAKEN_OUT_OF_SERVICE = dict.fromkeys(OUT_OF_SERVICE, SHUT_DOWN) | {
    Course.FIXED_NOW: (*SHUT_DOWN, "wildcard_refused"),
}


def last_action(case: Case) -> OperatorAction:
    """Return what the operator did last, if the fault had been met before the first act.

    Raises:
        Inconclusive: It had not, or nothing was done.
    """
    actions = case.evidence.staged.operator_actions
    if not actions:
        raise Inconclusive("the operator never got to act")
    if not any(attempt.at < actions[0].asked for attempt in case.attempts):
        raise Inconclusive("nothing had met the fault when the operator acted")
    return actions[-1]


def in_force_from(case: Case) -> float:
    """Return when the last action was in force, with what was under way at that moment."""
    return last_action(case).done + case.evidence.staged.granted.granularity + UNDER_WAY


def contacts_after(evidence: Evidence, moment: float) -> Iterator[tuple[float, str]]:
    """Yield each sign, after a moment, that the relay still goes to the smart hosts: when, and what.

    A relay with one route may go there with what it returns (`evidence/envelopes.py`).
    """
    names = {site.name.lower(): site for site in evidence.staged.sites}
    servers = {site.server for site in evidence.staged.sites}
    looked_up = [(e.at, f"look-up of {e.host}") for e in evidence.of(DnsQuery) if e.host in names]
    tried = [(e.at, f"connection to {e.server}") for e in evidence.of(TcpSyn) if e.server in servers]
    told = [each for each in evidence.connections if not evidence.may_be_a_report(each)]
    opened = [(each.opened, f"connection to {each.server}") for each in told]
    unseen = [sign for sign in (*looked_up, *tried) if sign[0] <= evidence.unclear_from]
    yield from sorted(sign for sign in (*unseen, *opened) if sign[0] > moment)


def alert_listings(evidence: Evidence) -> list[AlertListing]:
    """Return what this scenario's relay listed of its alerts while the window was open.

    Raises:
        Inconclusive: There are none.
    """
    staged = evidence.staged
    end = float("inf") if staged.closed is None else staged.closed
    listings = [
        listing
        for listing in evidence.record.alert_listings
        if listing.relay == staged.relay and listing.asked <= end
    ]
    if not listings:
        raise Inconclusive("the relay was never asked for its alerts")
    return listings


def alerts_in(evidence: Evidence, listing: AlertListing) -> list[Alert]:
    """Return the alerts of this scenario's connector in one listing."""
    return [alert for alert in listing.alerts if alert.connector.lower() == evidence.staged.domain.lower()]


def lasting_in(evidence: Evidence, listing: AlertListing) -> list[Alert]:
    """Return those of them that last."""
    return [alert for alert in alerts_in(evidence, listing) if alert.cleared_at is None]


def lost_of(before: Alert, lasting: list[Alert]) -> str:
    """Say what is missing of an alert, or that it is not one any more; an error may have been followed by another."""
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


def first_alert(evidence: Evidence) -> tuple[AlertListing, Alert] | None:
    """Return the first listing that shows an alert of this scenario's connector, and that alert; None if none does."""
    for listing in alert_listings(evidence):
        found = alerts_in(evidence, listing)
        if found:
            return listing, found[0]
    return None


def alert_due(evidence: Evidence) -> float:
    """Return when enough messages may have waited long enough: a relay counts from before it says that it accepted.

    Raises:
        Inconclusive: Enough of them were never accepted.
    """
    header, waited = evidence.record.header, taken(evidence)
    if len(waited) < header.alert_messages:
        raise Inconclusive(
            f"only {len(waited)} messages were accepted, and an alert takes {header.alert_messages}"
        )
    return waited[header.alert_messages - 1].at + header.alert_age
