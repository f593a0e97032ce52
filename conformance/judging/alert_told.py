"""What an alert said last while its cause lasted, and whether it named the destination."""

from __future__ import annotations

import re
from ipaddress import ip_address

from conformance.evidence.record import AlertListing
from conformance.judging.case import Case
from conformance.judging.operations import alert_due, alert_listings, alerts_in, first_alert
from conformance.judging.verdict import Finding, NotApplicable
from conformance.target import Alert

# Clocks of relay and suite are the same, but a relay may keep whole seconds only.
CLOCKS = 1.5

# An address as in a mailbox or in a URL: `[IPv6:fd00::1]`, `[fd00::1]:25`.
_BRACKETED = re.compile(r"\[(?:ipv6:)?([^\]]*)\](?::\d+)?")


def last_told(case: Case) -> tuple[AlertListing, Alert]:
    """Return the alert of this scenario's connector as it was told last while the fault lasted, and in which listing.

    Raises:
        NotApplicable: There was none.
        Inconclusive: Enough messages for one were never accepted, or nobody asked.
    """
    alert_due(case.evidence)
    first = first_alert(case.evidence)
    if first is None:
        raise NotApplicable("no alert was raised", see="alert_raised")
    # a relay may bring an alert up to date: what it said last while the fault lasted
    repaired = case.evidence.staged.repaired or float("inf")
    listings = [each for each in alert_listings(case.evidence) if first[0].at <= each.at <= repaired] or [
        first[0]
    ]
    shown = alerts_in(case.evidence, listings[-1])
    return (listings[-1], shown[0]) if shown else first


def destination(case: Case, slot: str, alert: Alert) -> Finding:
    """Compare: the smart host by name or address, and the address if one was tried at all."""
    sites = case.evidence.staged.sites
    names = {site.name.lower() for site in sites} | {site.host for site in sites}
    hosts = {site.host for site in sites}
    server = _without_port(alert.destination_server.lower()).rstrip(".")
    address = _without_port(alert.last_address.lower())
    return case.finding(
        slot,
        holds=server in names and address in hosts,
        expected=f"destination server {' or '.join(sorted(names - hosts or hosts))}, "
        f"last address {' or '.join(sorted(hosts))}",
        observed=f"destination server {alert.destination_server or 'not told'}, "
        f"last address {alert.last_address or 'not told'}",
    )


def no_other_address(case: Case, slot: str, alert: Alert) -> Finding:
    """Compare: the address, if there is one, is the smart host's; before any was tried there need not be one."""
    hosts = {site.host for site in case.evidence.staged.sites}
    address = _without_port(alert.last_address.lower())
    return case.finding(
        slot,
        holds=not address or address in hosts,
        expected=f"last address {' or '.join(sorted(hosts))}, or none",
        observed=f"last address {alert.last_address or 'not told'}",
    )


def _without_port(text: str) -> str:
    """Return a name or an address as it is without brackets, a tag and a port; an IPv6 address in its shortest form."""
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return text
