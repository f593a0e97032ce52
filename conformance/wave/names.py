"""What the name server says of one scenario: the addresses of its hosts, and the MX records of its domain."""

from __future__ import annotations

from conformance.failure_mode import Host
from conformance.scenario import Scenario
from conformance.wave.envelope import domain_of
from fake_servers import Answer, Cname, Records, Zone

_PREFERENCE = 10  # where a failure mode gives none


def smart_host(scenario: Scenario, number: int) -> str:
    """Return the name of the nth host of a scenario, counted from 0."""
    mode = scenario.failure_mode
    if mode.mx is not None and mode.mx.apex and number == len(mode.hosts) - 1:
        return domain_of(scenario)
    return f"mx{number + 1}.{domain_of(scenario)}"


def point(zone: Zone, name: str, address: str, host: Host) -> None:
    """Have a name lead to an address, by as many aliases as its host asks for."""
    for number in range(host.aliases):
        alias, name = name, f"alias{number + 1}.{name.removeprefix(f'alias{number}.')}"
        zone.set_all(alias, Cname(name, ttl=host.ttl))
    zone.set(name, "AAAA" if host.ipv6 else "A", Records(address, ttl=host.ttl))


def publish_mx(zone: Zone, scenario: Scenario, answer: Answer | None = None) -> None:
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
        hosts = (f"{preference} {smart_host(scenario, n)}." for n, preference in enumerate(mx.preferences))
        zone.set(domain, "MX", Records(*hosts))
