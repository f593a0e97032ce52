"""Which failure modes there were in which version of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import catalogue


def versions() -> Sequence[str]:
    """Return the versions of the catalogue, the oldest first."""
    found = {requirement.since for requirement in catalogue().values()}
    return sorted(found, key=_order)


def failure_modes_of(version: str) -> Sequence[str]:
    """Return the names of the failure modes that a version of the catalogue has."""
    return [mode.name for mode in ALL.values() if _order(getattr(mode, "since", version)) <= _order(version)]


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
