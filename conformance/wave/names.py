"""What the name server says of one scenario: the addresses of its hosts, and the MX records of its domain."""

from __future__ import annotations

from conformance.catalogue.destination import DnsName
from conformance.catalogue.scenario import Scenario
from conformance.wave.envelope import domain_of, elsewhere_of, sender_domain_of, zone_of
from conformance.wave.request import RELAY_NAME
from fake_servers import Answer, Cname, Records, Zone


def smart_host(scenario: Scenario, number: int) -> str:
    """Return the name of the nth host of a scenario, counted from 0."""
    mode = scenario.failure_mode
    if mode.mx is not None and mode.mx.apex and number == len(mode.hosts) - 1:
        return domain_of(scenario)
    return f"mx{number + 1}.{zone_of(scenario)}"


def elsewhere_host(scenario: Scenario, number: int) -> str:
    """Return the name of the smart host of the nth further recipient domain, counted from 0."""
    return f"mx.{elsewhere_of(scenario)[number]}"


def way_back_host(scenario: Scenario) -> str:
    """Return the name of the server to which reports go, if that is a scenario's own."""
    return f"mx.{sender_domain_of(scenario)}"


def new_name(scenario: Scenario, number: int) -> str:
    """Return the name under which mail finds the nth host after the repair."""
    mx = scenario.failure_mode.mx
    if mx is not None and mx.moves and scenario.failure_mode.hosts[number].dns.moves:
        return f"moved.{smart_host(scenario, number)}"
    return smart_host(scenario, number)


def point(zone: Zone, name: str, address: str, dns: DnsName) -> None:
    """Have a name lead to an address, by as many aliases and in the way that is asked for."""
    first = name
    for number in range(dns.aliases):
        alias, name = name, f"alias{number + 1}.{first}"
        zone.set_all(alias, Cname(name, ttl=dns.ttl, loop_shown=dns.loops))
    if dns.loops:
        zone.set_all(name, Cname(first, ttl=dns.ttl, loop_shown=True))
        return
    family, other = ("AAAA", "A") if dns.ipv6 else ("A", "AAAA")
    record = Records(address, ttl=dns.ttl)
    zone.set(name, family, dns.served(record) if dns.served else record)
    if dns.other_family is not None:
        zone.set(name, other, dns.other_family)


def publish_mx(
    zone: Zone,
    scenario: Scenario,
    answer: Answer | None = None,
    *,
    disarmed: bool = False,
    repaired: bool = False,
) -> None:
    """Publish the MX records of a scenario's domain, if it is routed by them, or another answer in their place."""
    mx = scenario.failure_mode.mx
    if mx is None:
        return
    domain = domain_of(scenario)
    if not mx.apex:
        zone.clear(domain)
    if isinstance(answer, Records):
        zone.set(domain, "MX", answer)
    elif answer is not None:
        zone.set_all(domain, answer)
    elif mx.preferences:
        name = new_name if repaired else smart_host
        records = [f"{preference} {name(scenario, n)}." for n, preference in enumerate(mx.preferences)]
        if mx.relay is not None and not disarmed:
            records.append(f"{mx.relay} {RELAY_NAME}.")
        zone.set(domain, "MX", Records(*records, ttl=mx.ttl))
