"""All failure modes and controls: one file for each section of the source document, the grid, and what else can break.

A file is found by itself: every module here that has `MODES` takes part. The controls that nobody declared come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from conformance.catalogue.circumstances import Circumstances, apart, circumstances_of
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.derived import controls_for

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


def _by_name(modes: Iterable[FailureMode]) -> dict[str, FailureMode]:
    named: dict[str, FailureMode] = {}
    for mode in modes:
        if named.setdefault(mode.name, mode) is not mode:
            raise ValueError(f"two failure modes are called {mode.name!r}")
    return named


_CONTROLS = controls_for(tuple(_declared()))
ALL: Mapping[str, FailureMode] = _by_name((*_declared(), *_CONTROLS.values()))


def control_of(mode: FailureMode) -> FailureMode:
    """Return the control that shows everything but the fault to be in order; a plain control is its own.

    Where it takes several it is the first of them.
    """
    return controls_of(mode)[0]


def controls_of(mode: FailureMode) -> list[FailureMode]:
    """Return the controls that together show everything but the fault to be in order."""
    return list(dict.fromkeys(_controls_in(circumstances_of(mode))))


def _controls_in(circumstances: Circumstances) -> Iterator[FailureMode]:
    fewer = () if circumstances in _CONTROLS else apart(circumstances)
    if not fewer:
        yield _CONTROLS[circumstances]
    for each in fewer:
        yield from _controls_in(each)


__all__ = ["ALL", "control_of", "controls_of"]
