"""Failure modes x aspects: a table for each section, with the columns that are judged in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from conformance.catalogue.course import Course, Timing, timing_of
from conformance.catalogue.section import Section
from conformance.html.told import GRAVE, Said, Shown, counted


@dataclass(kw_only=True)
class Line:
    """One failure mode, or one way in which an operator acts on it.

    Attributes:
        name: Its name, with the course where there are several.
        anchor: Where its first scenario is.
        cells: What was said of it, by aspect, each with where its scenario is.
    """

    name: str
    anchor: str
    cells: dict[str, list[tuple[Said, str]]] = field(default_factory=dict)

    @property
    def is_grave(self) -> bool:
        """Whether something of it deserves to be looked at."""
        return any(said.word in GRAVE for found in self.cells.values() for said, _ in found)


@dataclass(kw_only=True)
class Table:
    """One section.

    Attributes:
        section: The section.
        lines: Its failure modes.
    """

    section: Section
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def aspects(self) -> list[str]:
        """The columns, in the order of the suite."""
        return list(dict.fromkeys(aspect for line in self.lines.values() for aspect in line.cells))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there are of each verdict."""
        return counted(
            said for line in self.lines.values() for found in line.cells.values() for said, _ in found
        )

    @property
    def is_grave(self) -> bool:
        """Whether something of it deserves to be looked at."""
        return any(line.is_grave for line in self.lines.values())


def tables(scenarios: Iterable[Shown]) -> list[Table]:
    """Return the tables, in the order of the page of failure modes."""
    found: dict[Section, Table] = {}
    for scenario in scenarios:
        table = found.setdefault(scenario.section, Table(section=scenario.section))
        name = scenario.name
        if scenario.course in set(Course) and timing_of(scenario.course) is Timing.OPERATED:
            name = f"{name} {scenario.course}"
        line = table.lines.setdefault(name, Line(name=name, anchor=scenario.anchor))
        for each in scenario.said:
            line.cells.setdefault(each.aspect, []).append((each, scenario.anchor))
    order = list(Section)
    return sorted(found.values(), key=lambda table: order.index(table.section))
