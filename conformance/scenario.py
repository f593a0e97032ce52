"""Scenarios: a failure mode on a course, staged once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from conformance.failure_mode import FailureMode
from conformance.failure_modes import ALL


class Course(StrEnum):
    """How a staged failure mode goes on."""

    HEALTHY = "healthy"  # nothing is wrong; for positive controls
    HEALED = "healed"  # broken until two attempts have met the fault, then repaired


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One failure mode on one course.

    Attributes:
        failure_mode: What is broken.
        course: How it goes on.
        copy: 0, or the number of a further staging of the same thing, for measurements under load.
    """

    failure_mode: FailureMode
    course: Course
    copy: int = 0

    @property
    def id(self) -> str:
        """Identifier in plans and records."""
        return f"{self.failure_mode.name}.{self.course}" + (f".{self.copy}" if self.copy else "")

    @classmethod
    def from_id(cls, scenario_id: str) -> Scenario:
        """Return the scenario of an identifier.

        Raises:
            ValueError: There is no such failure mode or course.
        """
        name, course, *copy = scenario_id.split(".")
        if name not in ALL:
            raise ValueError(f"no failure mode is called {name!r}; there are {', '.join(ALL)}")
        return cls(failure_mode=ALL[name], course=Course(course), copy=int(copy[0]) if copy else 0)


def of_control(mode: FailureMode) -> Scenario:
    """Return the scenario of the positive control that a failure mode relies on."""
    return Scenario(failure_mode=ALL[mode.control], course=Course.HEALTHY)
