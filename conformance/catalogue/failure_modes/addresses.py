"""A host with several addresses: what is wrong at one keeps no mail from the next (RFC 5321 section 5.1).

By combination: where the address is at which something is wrong, what is wrong there, and how the host is found; so
that each two of these meet (`PATTERNS`, `FAULTS`, `ROUTES`). In which order a relay tries the addresses of a host is
its own affair (RFC 6724, RFC 8305), and several at a time are in order, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.connector import MxRouting, SmartHosts
from conformance.catalogue.destination import DnsName, EachAttempt, Host, Tcp, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played, stalled, syn_refused, unreachable
from fake_servers import Close, Rule, Stage, Stall

_UNMET = "the order of addresses is not prescribed, and the relay began with the healthy one"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Where something is wrong.

    Attributes:
        name: What the failure modes are called after.
        said: The same in words, before what is wrong.
        faulty_first: Whether it is at the address that the name server gives first, where both are of one family.
        ipv6: Whether the faulty and the healthy address are of IPv6.
    """

    name: str
    said: str
    faulty_first: bool = True
    ipv6: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong at an address; see `FailureMode` and `Host`."""

    name: str
    said: str
    host: Host
    witness: Witness
    timeout: Timeout | None = None


PATTERNS = (
    Pattern(name="first", said="Of two IPv4 addresses the first"),
    Pattern(name="last", said="Of two IPv4 addresses the last", faulty_first=False),
    Pattern(name="ipv6", said="Of an IPv6 and an IPv4 address the former", ipv6=(True, False)),
    Pattern(name="ipv4", said="Of an IPv4 and an IPv6 address the former", ipv6=(False, True)),
)
FAULTS = (
    Fault(name="refuses", said="refuses the connection", host=Host(tcp=Tcp.REFUSE), witness=syn_refused),
    Fault(
        name="silent",
        said="accepts the connection and never says a word",
        host=Host(rules=(Rule(stage=Stage.GREETING, action=Stall()),)),
        witness=stalled,
        timeout=Timeout.COMMAND,
    ),
    Fault(
        name="closes",
        said="closes the connection after EHLO",
        host=Host(rules=(Rule(stage=Stage.EHLO, action=Close()),)),
        witness=fault_played,
    ),
)
ROUTES: tuple[SmartHosts | MxRouting, ...] = (SmartHosts(), MxRouting())


def _mode(pattern: Pattern, fault: Fault, routing: SmartHosts | MxRouting) -> FailureMode:
    by_mx = isinstance(routing, MxRouting)
    whose = "mail exchanger" if by_mx else "smart host"
    faulty, healthy = pattern.ipv6
    hosts = [
        Host(tcp=fault.host.tcp, rules=fault.host.rules, dns=DnsName(ipv6=faulty)),
        Host(dns=DnsName(ipv6=healthy)),
    ]
    first, second = hosts if pattern.faulty_first else reversed(hosts)
    return FailureMode(
        name=f"address_{pattern.name}_{fault.name}{by_mx * '_mx'}",
        section=Section.ADDRESSES,
        staged=f"{pattern.said} of the {whose} {fault.said}; the other is healthy.",
        kind=Kind.HARMLESS,
        hosts=(first, Host(tcp=second.tcp, rules=second.rules, dns=second.dns, further=True)),
        routing=routing,
        witness=fault.witness,
        avoidable_because=_UNMET,
        attempt=EachAttempt(timeout=fault.timeout),
    )


# each pattern meets each fault, and each of both meets each route
COMBINED = tuple(
    _mode(pattern, fault, ROUTES[(number + place) % len(ROUTES)])
    for place, pattern in enumerate(PATTERNS)
    for number, fault in enumerate(FAULTS)
)

# a name with an IPv6 address, seen from a network that has IPv4 alone
_NO_ROUTE = Fault(
    name="unreachable", said="cannot be reached", host=Host(tcp=Tcp.UNREACHABLE), witness=unreachable
)

MODES = (
    *COMBINED,
    _mode(next(each for each in PATTERNS if each.name == "ipv6"), _NO_ROUTE, SmartHosts()),
)
