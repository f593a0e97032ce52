"""All failure modes and controls: one file for each section of the source document, the grid, and what else can break.

A file is found by itself: every module here that has `MODES` takes part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from conformance.catalogue.failure_mode import FailureMode

# The order of these files is that of node ids and of plans; any other file comes after them, by its name.
_FIRST = (
    "controls",
    "dns_query_failed",
    "dns_answered",
    "mx_routing",
    "mx_choice",
    "stale_data",
    "connection_timed_out",
    "connection_refused",
    "several_hosts",
    "last_host",
    "literals",
    "cannot_connect",
    "grid",
    "certificate",
    "tls_ladder",
    "tls_session",
    "rejected",
    "replies",
    "hostile_replies",
    "passing",
    "killed",
)


def _declared() -> Iterator[FailureMode]:
    names = {module.name for module in iter_modules(__path__)} - {*_FIRST}
    for name in (*_FIRST, *sorted(names)):
        yield from getattr(import_module(f"{__name__}.{name}"), "MODES", ())


def _by_name() -> dict[str, FailureMode]:
    modes: dict[str, FailureMode] = {}
    for mode in _declared():
        if mode.name in modes:
            raise ValueError(f"two failure modes are called {mode.name!r}")
        modes[mode.name] = mode
    return modes


ALL: Mapping[str, FailureMode] = _by_name()

__all__ = ["ALL"]
