"""Which of a run's records tells of a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record


def told_in(records: Sequence[Record], scenario: Scenario) -> bool:
    """Tell whether any has something of a scenario, or should have had."""
    return any(scenario.id in record.staged or record.lacks(scenario.id) for record in records)


def stagings(records: Sequence[Record], scenario: Scenario) -> list[Record]:
    """Return those in which a scenario was staged on its own clock, in the order in which it was."""
    return [
        record
        for record in records
        if scenario.id in record.staged and record.header.timing == scenario.timing
    ]


def record_of(records: Sequence[Record], scenario: Scenario) -> Record:
    """Return where to look for a scenario: the last record of its clock in which it was staged.

    Else one that was cut short before it was; where there is none of that kind the first one says what there was.
    """
    lacking = [record for record in records if record.lacks(scenario.id)]
    staged = [record for record in records if scenario.id in record.staged]
    return [*records[:1], *lacking, *staged, *stagings(records, scenario)][-1]
