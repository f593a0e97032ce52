"""What a relay is judged by that finds its way by MX records alone, and can be given no smart host for a domain.

Most of what is wrong with a smart host can be wrong with a mail exchanger: it refuses, falls silent, says 451. Those
failure modes are staged by MX for such a relay: the recipient domain has MX records for the same hosts, best first (RFC
5321 section 5.1), and everything else, the control and all that is asked, stays as it is. So it is the same failure
mode, by the same name. What is about the smart host itself, or about the connector that names it, does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from conformance.catalogue.connector import MxRouting, SmartHosts
from conformance.catalogue.course import TRAITS, Course, Timing
from conformance.catalogue.destination import DnsName, Host, with_names
from conformance.catalogue.failure_mode import FailureMode
from conformance.target import Capability
from conformance.witness.amid import Amid

# The version of the catalogue since which it is asked. To earlier ones such a relay was judged by `mx_*` alone.
SINCE = "0.7"

# How it was staged, in a sentence for readers of a report.
TOLD = (
    "where a smart host is meant, it was the mail exchanger of the recipient domain, for this target finds its way "
    "by MX records alone."
)

# Preference of the best mail exchanger, and how much more each worse one has.
_STEP = 10


def looks_up_mx_only(capabilities: frozenset[Capability]) -> bool:
    """Tell whether a target finds its way by MX records, and can be given no smart host."""
    return Capability.MX in capabilities and Capability.SMART_HOST not in capabilities


def why_not_by_mx(mode: FailureMode, course: Course) -> str:
    """Say what there is about smart hosts that MX records do not have; empty: it can be staged by MX as well."""
    routing = mode.routing
    if isinstance(routing, SmartHosts) and (routing.literal or routing.mixed_case):
        return "here what counts is how the connector writes the smart host"
    if isinstance(routing, SmartHosts) and routing.wildcard:
        return "here a connector's smart host is for many domains"
    if TRAITS[course].timing is Timing.OPERATED or mode.amid is Amid.EDIT:
        return "here an operator watches or changes the connector"
    if any(_is_misnamed(host.dns) for host in _servers(mode)):
        return "here what is wrong is the smart host's name; of a mail exchanger's name other rules hold, see `mx_*`"
    if mode.message.batch is not None and mode.message.batch.rule is not None:
        return "here two connectors name one smart host"
    if mode.tls.required and len(mode.hosts) > 1:
        return "here the connector asks each of several smart hosts for a certificate"
    return ""


@cache
def by_mx(mode: FailureMode, course: Course) -> FailureMode:
    """Return a failure mode as it is staged by MX; as it is declared if it is so anyway, or cannot be."""
    if mode.mx is not None or why_not_by_mx(mode, course):
        return mode
    ranks = range(1, len(with_names(mode.hosts)) + 1)
    return replace(mode, routing=MxRouting(preferences=tuple(rank * _STEP for rank in ranks), stands_in=True))


def _servers(mode: FailureMode) -> Iterable[Host]:
    beside = (each.host for each in mode.message.elsewhere)
    return (*mode.hosts, *beside, *(() if mode.way_back is None else (mode.way_back.host,)))


def _is_misnamed(dns: DnsName) -> bool:
    return dns.answer is not None or dns.aliases > 0
