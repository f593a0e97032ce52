"""What a name in a row stands for: a failure mode, one on a course, or a fault schedule."""

from __future__ import annotations

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.schedules.sequence import FaultSequence, failure_mode_of


def split(name: str) -> tuple[str, str]:
    """Return the name of the failure mode, and the course; empty: any."""
    mode, _, course = name.partition("-")
    return (mode, course) if mode in ALL else (name, "")


def mode_of(name: str) -> FailureMode:
    """Return the failure mode that a name without a course stands for.

    Raises:
        ValueError: There is none, and it is no fault schedule either.
    """
    return ALL.get(name) or failure_mode_of(FaultSequence.parse(name))
