"""Many hosts and addresses of which the last alone is healthy.

A relay must be able to try each of them, may have a limit, and should try two at least (RFC 5321 section 5.1). What is
wrong is seen before the session stands, where nobody counts a host among those that were tried in vain (Postfix:
smtp_mx_session_limit).
"""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.connector import MxRouting, SmartHosts
from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Close, Reply, Rule, Stage

_UNAVAILABLE = "4.3.2 Service not available"
_GREETS_421 = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, _UNAVAILABLE)),))
_CLOSES = Host(rules=(Rule(stage=Stage.GREETING, action=Close()),))
_HEALTHY = Host()


def _mode(
    name: str, section: Section, staged: str, *hosts: Host, routing: SmartHosts | MxRouting
) -> FailureMode:
    return FailureMode(
        name=name,
        section=section,
        staged=f"{staged}, and only the last is healthy.",
        kind=Kind.HARMLESS,
        hosts=hosts,
        routing=routing,
        witness=fault_played,
        avoidable_because="the order of smart hosts, and of addresses, is not prescribed, and the relay began with the "
        "healthy one",
    )


def _further(host: Host) -> Host:
    return replace(host, further=True)


MODES = (
    _mode(
        "deep_smart_hosts",
        Section.HOSTS,
        f'Four smart hosts: the first greets with "421 {_UNAVAILABLE}", the next two close the connection without a '
        "greeting",
        _GREETS_421,
        _CLOSES,
        _CLOSES,
        _HEALTHY,
        routing=SmartHosts(),
    ),
    _mode(
        "deep_mx",
        Section.HOSTS,
        "Three mail exchangers of falling preference: the two addresses of the best close the connection without a "
        f'greeting, the next one greets with "421 {_UNAVAILABLE}"',
        _CLOSES,
        _further(_CLOSES),
        _GREETS_421,
        _HEALTHY,
        routing=MxRouting(preferences=(10, 20, 30)),
    ),
    _mode(
        "deep_addresses",
        Section.ADDRESSES,
        f'Four addresses of one smart host: the first greets with "421 {_UNAVAILABLE}", the next two close the '
        "connection without a greeting",
        _GREETS_421,
        _further(_CLOSES),
        _further(_CLOSES),
        _further(_HEALTHY),
        routing=SmartHosts(),
    ),
    _mode(
        "deep_mx_addresses",
        Section.ADDRESSES,
        "Two mail exchangers with two addresses each: those of the better one close the connection without a greeting, "
        f'the first of the other greets with "421 {_UNAVAILABLE}"',
        _CLOSES,
        _further(_CLOSES),
        _GREETS_421,
        _further(_HEALTHY),
        routing=MxRouting(preferences=(10, 20)),
    ),
)
