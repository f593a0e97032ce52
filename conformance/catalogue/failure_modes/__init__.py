"""All failure modes and controls: one file for each section of the source document, and the grid."""

from collections.abc import Mapping
from dataclasses import replace

from conformance.catalogue.failure_mode import FailureMode, Registry
from conformance.catalogue.failure_modes import (
    cannot_connect,
    certificate,
    connection_refused,
    connection_timed_out,
    controls,
    dns_answered,
    dns_query_failed,
    grid,
    hostile_replies,
    killed,
    last_host,
    literals,
    mx_choice,
    mx_routing,
    passing,
    rejected,
    replies,
    several_hosts,
    stale_data,
    tls_ladder,
    tls_session,
)

# Staged for a few attempts only: over a lifetime they would show what the others of their sections show.
_BRIEF = (stale_data, literals, tls_ladder, tls_session)

_registry = Registry()
for _section in (
    controls,
    dns_query_failed,
    dns_answered,
    mx_routing,
    mx_choice,
    stale_data,
    connection_timed_out,
    connection_refused,
    several_hosts,
    last_host,
    literals,
    cannot_connect,
    grid,
    certificate,
    tls_ladder,
    tls_session,
    rejected,
    replies,
    hostile_replies,
    passing,
    killed,
):
    _registry.add(*(replace(m, lasts=m.lasts and _section not in _BRIEF) for m in _section.MODES))

ALL: Mapping[str, FailureMode] = _registry.modes

__all__ = ["ALL"]
