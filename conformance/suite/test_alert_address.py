"""The alert names a destination of which there is no more than an IPv6 address."""

from conformance.judging.alert_told import destination, last_told
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import ALERTED_IPV6


@aspect(Course.ALERTED, only=ALERTED_IPV6, place=832, requirements={"destination": "alert/tells-destination"})
def test_alert_address(case: Case) -> list[Finding]:
    """All of the address, with or without brackets and a port, and in whatever form."""
    _, alert = last_told(case)
    return [destination(case, "alert_address.destination", alert)]
