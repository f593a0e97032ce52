"""Smart hosts given by address, and hosts that IPv6 alone leads to."""

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.destination import DnsName, Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.connections import delivered, fault_played
from conformance.witness.dns import other_family_failed
from fake_servers import Reply, Rule, ServFail, Stage

_UNAVAILABLE = "4.3.2 Service not available"
_GREETS_421 = (Rule(stage=Stage.GREETING, action=Reply(421, _UNAVAILABLE)),)

MODES = (
    FailureMode(
        name="literal_ipv4",
        section=Section.CONTROL,
        staged="A healthy smart host, given by its IPv4 address.",
        kind=Kind.CONTROL,
        routing=SmartHosts(literal=True),
        witness=delivered,
    ),
    FailureMode(
        name="literal_ipv6",
        section=Section.CONTROL,
        staged="A healthy smart host, given by its IPv6 address.",
        kind=Kind.CONTROL,
        hosts=(Host(dns=DnsName(ipv6=True)),),
        routing=SmartHosts(literal=True),
        witness=delivered,
    ),
    FailureMode(
        name="ipv6_only",
        section=Section.CONTROL,
        staged="A healthy smart host whose name has an IPv6 address alone.",
        kind=Kind.CONTROL,
        hosts=(Host(dns=DnsName(ipv6=True)),),
        witness=delivered,
    ),
    FailureMode(
        name="dns_a_servfail",
        section=Section.DNS_FAMILY,
        staged="The look-up of the smart host's IPv4 addresses fails (SERVFAIL); its IPv6 address is known.",
        kind=Kind.HARMLESS,
        hosts=(Host(dns=DnsName(ipv6=True, other_family=ServFail())),),
        witness=other_family_failed,
        avoidable_because="the relay asks for no IPv4 address once it has an IPv6 address",
    ),
    FailureMode(
        name="literal_greeting_421",
        section=Section.CANNOT_CONNECT,
        staged=f'The smart host is given by its IPv4 address and greets with "421 {_UNAVAILABLE}".',
        hosts=(Host(rules=_GREETS_421),),
        routing=SmartHosts(literal=True),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
    FailureMode(
        name="literal_ipv6_greeting_421",
        section=Section.CANNOT_CONNECT,
        staged=f'The smart host is given by its IPv6 address and greets with "421 {_UNAVAILABLE}".',
        hosts=(Host(rules=_GREETS_421, dns=DnsName(ipv6=True)),),
        routing=SmartHosts(literal=True),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
)
