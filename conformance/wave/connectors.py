"""What a relay is told of the way to a scenario, and to the senders: its connectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.course import Course
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.scenario import Scenario
from conformance.evidence.site import Site
from conformance.lab.addresses import HOSTS_PER_SCENARIO
from conformance.target import Connector, TlsPolicy
from conformance.wave.beside import connectors_beside
from conformance.wave.envelope import (
    SENDER_DOMAIN,
    connector_domain_of,
    dead_domain_of,
    domain_of,
    ruled_of,
    untouched_of,
)
from conformance.wave.names import ruled_host, smart_host

# Number of the smart host that a scenario's backlog waits for: the last of its addresses.
DEAD = HOSTS_PER_SCENARIO - 1

# Number of the healthy smart host that a connector is given, or another one has, on some courses.
SPARE = HOSTS_PER_SCENARIO - 2

SINK_NAME = f"mx.{SENDER_DOMAIN}"


def connectors(scenario: Scenario, sites: Sequence[Site]) -> list[Connector]:
    """Return the connectors that lead to a scenario's destinations, which live at its sites."""
    mode: FailureMode = scenario.failure_mode
    named = sites[: len(mode.hosts)]
    ways = mode.routing if isinstance(mode.routing, SmartHosts) else SmartHosts()
    written = [site.host if ways.literal else site.name for site in named]
    hosts = tuple(dict.fromkeys(name.title() if ways.mixed_case else name for name in written))
    checked = mode.tls.policy is TlsPolicy.DOMAIN_VALIDATION
    found = [
        Connector(
            domain=connector_domain_of(scenario),
            smart_hosts=() if mode.mx else hosts,
            tls=mode.tls.policy,
            tls_domain=mode.tls.name.format(host=hosts[0], domain=domain_of(scenario)) if checked else "",
        )
    ]
    beside = _beside(scenario)
    if _by_mx_instead(scenario):
        beside = [replace(each, smart_hosts=()) for each in beside]
    return beside if mode.mx is not None and mode.mx.unnamed else [*found, *beside]


def exchangers_beside(scenario: Scenario) -> dict[str, str]:
    """Return the one mail exchanger of each domain beside a scenario's own, where MX stands in for smart hosts."""
    if not _by_mx_instead(scenario):
        return {}
    return {each.domain: each.smart_hosts[0] for each in _beside(scenario)}


def _beside(scenario: Scenario) -> list[Connector]:
    found = connectors_beside(scenario)
    batch = scenario.failure_mode.message.batch
    if batch is not None and batch.rule is not None:
        host = ruled_host(scenario)
        found.append(Connector(domain=ruled_of(scenario), smart_hosts=(host,), tls=batch.rule.policy))
    if scenario.failure_mode.message.backlog:
        found.append(Connector(domain=dead_domain_of(scenario), smart_hosts=(smart_host(scenario, DEAD),)))
    if scenario.course is Course.FIXED_NOW_BESIDE:
        found.append(Connector(domain=untouched_of(scenario), smart_hosts=(smart_host(scenario, SPARE),)))
    return found


def _by_mx_instead(scenario: Scenario) -> bool:
    mx = scenario.failure_mode.mx
    return mx is not None and mx.stands_in


def sender_connector() -> Connector:
    """Return the connector for what the relay sends back to senders."""
    return Connector(domain=SENDER_DOMAIN, smart_hosts=(SINK_NAME,))
