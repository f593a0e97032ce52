"""Recipients at an address and not at a domain: `recipient@[127.1.2.3]` (RFC 5321 sections 4.1.3 and 5.1).

A relay may refuse such a recipient, or return the message, in the end at the latest; one that has taken it and does
neither delivers to that address.
"""

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import DnsName, Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import Special
from conformance.witness.connections import delivered


def _mode(name: str, what: str, *, ipv6: bool = False) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.ADDRESS_LITERAL,
        staged=f"The recipient is at {what} of a healthy server, and at no domain.",
        kind=Kind.CONTENT,
        hosts=(Host(dns=DnsName(ipv6=ipv6)),),
        routing=MxRouting(),
        message=Message(special=Special(literal=True, may_return=True)),
        witness=delivered,
    )


MODES = (
    _mode("mx_recipient_at_ipv4", "the IPv4 address"),
    _mode("mx_recipient_at_ipv6", "the IPv6 address", ipv6=True),
)
