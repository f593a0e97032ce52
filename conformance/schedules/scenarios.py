"""Finds a scenario by its identifier: of the catalogue, or a fault sequence, whose name is all that is needed."""

from __future__ import annotations

from conformance.catalogue.course import SCHEDULES, Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.scenario import Scenario
from conformance.schedules.sequence import FaultSequence, failure_mode_of


def scenario_of(scenario_id: str) -> Scenario:
    """Return the scenario of an identifier.

    Raises:
        ValueError: There is no such failure mode, fault sequence or course.
    """
    name, course, *copy = scenario_id.split(".")
    number = int(copy[0]) if copy else 0
    if course in SCHEDULES:
        mode = failure_mode_of(FaultSequence.parse(name))
        return Scenario(failure_mode=mode, course=Course(course), copy=number)
    if name not in ALL:
        raise ValueError(f"no failure mode is called {name!r}; there are {', '.join(ALL)}")
    return Scenario(failure_mode=ALL[name], course=Course(course), copy=number)
