"""MX records as they are in the world: a bad one among good ones, numbers of several lengths, aliases, long answers."""

from __future__ import annotations

from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import DnsName, Host, Tcp
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.dns_answered import TCP_AT_ONCE
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.attempts import Witness, either
from conformance.witness.connections import delivered, fault_played, syn_refused
from conformance.witness.dns import alias_told, mx_elsewhere, query_failed, truncated
from fake_servers import NoData, NxDomain, Reply, Rule, ServFail, Stage, Truncated

_UNAVAILABLE = "4.3.2 Service not available"
_GREETS_421 = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, _UNAVAILABLE)),))
_NXDOMAIN = Host(dns=DnsName(answer=NxDomain()))
_WORDS = (
    "servicenotavailable",
    "421",
    "dns",
    "name",
    "nonexist",
    "nxdomain",
    "notexist",
    "notfound",
    "unknown",
)


def _beside_good(
    name: str,
    what: str,
    witness: Witness,
    *hosts: Host,
    routing: MxRouting,
    section: Section = Section.HOSTS,
    avoidable_because: str = "",
) -> FailureMode:
    """Return a failure mode in which one of the MX records is of no use, and another leads to a healthy server."""
    return FailureMode(
        name=f"mx_{name}",
        section=section,
        staged=what,
        kind=Kind.HARMLESS,
        hosts=hosts,
        routing=routing,
        witness=witness,
        avoidable_because=avoidable_because,
    )


def _best_of_two(name: str, what: str, witness: Witness, best: Host) -> FailureMode:
    return _beside_good(
        f"best_{name}",
        f"The best mail exchanger {what}; the next one is healthy.",
        witness,
        best,
        Host(),
        routing=MxRouting(preferences=(10, 20)),
    )


def _none_serves(name: str, what: str, *hosts: Host) -> FailureMode:
    """Return a failure mode in which one host is down and another unknown: no reason to give a message up."""
    return FailureMode(
        name=name,
        section=Section.DNS_QUERY_FAILED,
        staged=what,
        hosts=hosts,
        routing=MxRouting(preferences=(10, 20)),
        witness=either(fault_played, query_failed),
        explained_by=_WORDS,
        brief=True,
    )


MODES = (
    FailureMode(
        name="mx_numbers_of_several_lengths",
        section=Section.MX_PREFERENCE,
        staged="Four healthy mail exchangers with the preferences 100, 5, 10 and 40000, of which 5 is the best.",
        kind=Kind.CONTROL,
        hosts=(Host(), Host(), Host(), Host()),
        routing=MxRouting(preferences=(100, 5, 10, 40_000), forbidden=(0, 2, 3)),
        witness=delivered,
    ),
    FailureMode(
        name="mx_ipv6_only",
        section=Section.CONTROL,
        staged="The only mail exchanger, a healthy one, has an IPv6 address alone.",
        kind=Kind.CONTROL,
        hosts=(Host(dns=DnsName(ipv6=True)),),
        routing=MxRouting(),
        witness=delivered,
    ),
    FailureMode(
        name="mx_implicit_ipv6",
        section=Section.CONTROL,
        staged="The recipient domain has no MX record, and an IPv6 address alone, with a healthy server (implicit MX).",
        kind=Kind.CONTROL,
        hosts=(Host(dns=DnsName(ipv6=True)),),
        routing=MxRouting(preferences=(), apex=True),
        witness=delivered,
    ),
    _beside_good(
        "domain_alias",
        "The recipient domain is an alias (CNAME) of the name that has the MX record.",
        alias_told,
        Host(),
        routing=MxRouting(aliases=1),
        section=Section.MX_ALIAS,
    ),
    _beside_good(
        "truncated",
        "The MX records do not fit into a datagram (TC); by TCP the name server gives all of them.",
        truncated,
        Host(),
        routing=MxRouting(served=Truncated),
        section=Section.DNS,
        avoidable_because=TCP_AT_ONCE,
    ),
    _best_of_two("nxdomain", "has a name that does not exist (NXDOMAIN)", query_failed, _NXDOMAIN),
    _best_of_two(
        "nodata", "has a name without an address (NODATA)", query_failed, Host(dns=DnsName(answer=NoData()))
    ),
    _best_of_two(
        "servfail",
        "has a name for which the look-up fails (SERVFAIL)",
        query_failed,
        Host(dns=DnsName(answer=ServFail())),
    ),
    _best_of_two(
        "cname",
        "is named by an alias (CNAME), which no MX record may do, and which leads to a healthy server",
        alias_told,
        Host(dns=DnsName(aliases=1)),
    ),
    _beside_good(
        "literal",
        "The best MX record names no host but bears an address, that of the next one, which is healthy.",
        mx_elsewhere,
        Host(),
        routing=MxRouting(preferences=(20,), more=("10 {address}.",)),
        section=Section.HOSTS,
    ),
    _beside_good(
        "equal_one_refuses",
        "Of two mail exchangers of the same preference the first in the answer refuses the connection.",
        syn_refused,
        Host(tcp=Tcp.REFUSE),
        Host(),
        routing=MxRouting(preferences=(10, 10)),
        avoidable_because="either may be tried first, and the relay began with the healthy one",
    ),
    _none_serves(
        "mx_421_then_nxdomain",
        f'The best mail exchanger greets with "421 {_UNAVAILABLE}", the name of the next one does not exist.',
        _GREETS_421,
        _NXDOMAIN,
    ),
    _none_serves(
        "mx_nxdomain_then_421",
        f'The name of the best mail exchanger does not exist, the next one greets with "421 {_UNAVAILABLE}".',
        _NXDOMAIN,
        _GREETS_421,
    ),
    FailureMode(
        name="mx_relay_twice",
        section=Section.CANNOT_CONNECT,
        staged=(
            f'The best mail exchanger greets with "421 {_UNAVAILABLE}"; the next one is the relay itself, in capitals, '
            "then comes a healthy one, and then the relay once more: what is less preferred than its first record is "
            "not for it."
        ),
        hosts=(_GREETS_421, Host()),
        routing=MxRouting(preferences=(10, 30), more=("20 {RELAY}.", "40 {relay}."), forbidden=(1,)),
        witness=fault_played,
        explained_by=("servicenotavailable", "421"),
        brief=True,
    ),
)
