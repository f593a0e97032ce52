"""What the name server says of one scenario: the addresses of its hosts, and the MX records of its domain."""

from __future__ import annotations

from conformance.catalogue.destination import DnsName, named_like, with_names
from conformance.catalogue.scenario import Scenario
from conformance.wave.envelope import domain_of, elsewhere_of, ruled_of, sender_domain_of, zone_of
from conformance.wave.request import RELAY_NAME
from fake_servers import Answer, Cname, Records, Zone


def smart_host(scenario: Scenario, number: int) -> str:
    """Return the name that leads to the nth host of a scenario, counted from 0."""
    mode = scenario.failure_mode
    number = named_like(mode.hosts, number)
    if mode.mx is not None and mode.mx.apex and number == len(mode.hosts) - 1:
        return domain_of(scenario)
    return f"mx{number + 1}.{zone_of(scenario)}"


def elsewhere_host(scenario: Scenario, number: int) -> str:
    """Return the name of the smart host of the nth further recipient domain, counted from 0."""
    return f"mx.{elsewhere_of(scenario)[number]}"


def ruled_host(scenario: Scenario) -> str:
    """Return the other name of the first host, by which a further domain knows it."""
    return f"mx.{ruled_of(scenario)}"


def way_back_host(scenario: Scenario) -> str:
    """Return the name of the server to which reports go, if that is a scenario's own."""
    return f"mx.{sender_domain_of(scenario)}"


def alias_of(scenario: Scenario) -> str:
    """Return the name that the recipient domain is an alias of; empty: it is none."""
    mx = scenario.failure_mode.mx
    return f"alias{mx.aliases}.{domain_of(scenario)}" if mx is not None and mx.aliases else ""


def new_name(scenario: Scenario, number: int) -> str:
    """Return the name under which mail finds the nth host after the repair."""
    mx = scenario.failure_mode.mx
    if mx is not None and mx.moves and scenario.failure_mode.hosts[number].dns.moves:
        return f"moved.{smart_host(scenario, number)}"
    return smart_host(scenario, number)


def point(zone: Zone, name: str, address: str, dns: DnsName, *further: str) -> None:
    """Have a name lead to an address, by as many aliases and in the way that is asked for, and to further addresses."""
    first = name
    for number in range(dns.aliases):
        alias, name = name, f"alias{number + 1}.{first}"
        zone.set_all(alias, Cname(name, ttl=dns.ttl, loop_shown=dns.loops))
    if dns.loops:
        zone.set_all(name, Cname(first, ttl=dns.ttl, loop_shown=True))
        return
    family, other = ("AAAA", "A") if dns.ipv6 else ("A", "AAAA")
    told = [each for each in (address, *further) if (":" in each) == dns.ipv6]
    others = [each for each in further if each not in told]
    record = Records(*told, ttl=dns.ttl)
    zone.set(name, family, dns.served(record) if dns.served else record)
    if dns.other_family is not None:
        zone.set(name, other, dns.other_family)
    elif others:
        zone.set(name, other, Records(*others, ttl=dns.ttl))


def publish_mx(
    zone: Zone,
    scenario: Scenario,
    answer: Answer | None = None,
    *,
    literal: str = "",
    disarmed: bool = False,
    repaired: bool = False,
) -> None:
    """Publish the MX records of a scenario's domain, if it is routed by them, or another answer in their place.

    Args:
        zone: Where.
        scenario: Whose.
        answer: The other answer.
        literal: The address that a record may bear instead of a name.
        disarmed: Whether nothing is wrong.
        repaired: Whether it is wrong no longer.
    """
    mode, mx = scenario.failure_mode, scenario.failure_mode.mx
    if mx is None:
        return
    domain = domain_of(scenario)
    if not mx.apex:
        zone.clear(domain)
    for number in range(0 if disarmed else mx.aliases):
        alias, domain = domain, f"alias{number + 1}.{domain_of(scenario)}"
        zone.clear(alias)
        zone.set_all(alias, Cname(domain))
    if isinstance(answer, Records):
        zone.set(domain, "MX", answer)
    elif answer is not None:
        zone.set_all(domain, answer)
    elif mx.preferences:
        name = new_name if repaired else smart_host
        hosts = zip(mx.preferences, with_names(mode.hosts), strict=False)
        records = [f"{preference} {name(scenario, number)}." for preference, number in hosts]
        if mx.relay is not None and not disarmed:
            records.append(f"{mx.relay} {RELAY_NAME}.")
        if not disarmed:
            own = {"relay": RELAY_NAME, "RELAY": RELAY_NAME.upper()}
            records += [each.format(**own, address=literal) for each in mx.more]
        told = Records(*records, ttl=mx.ttl)
        zone.set(domain, "MX", mx.served(told) if mx.served and not (disarmed or repaired) else told)
