"""Scenarios of which waivers say that they bring the relay down: each has a relay of its own from the beginning.

On one that serves many they would take all others with them, and everything would be staged again once it is known who
did it (`isolation.py`): twice the time, for what is known. The verdict on them is judged as ever. So it is seen as well
when one does not do it any more, and its waiver is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.catalogue.scenario import Scenario
from conformance.judging.survival import SURVIVES, speaker
from conformance.waivers import Waivers


def apart(scenarios: Iterable[Scenario], waivers: Waivers | None) -> frozenset[str]:
    """Return the scenarios that bring the relay down by a waiver that is in force.

    Args:
        scenarios: What is staged.
        waivers: What is tolerated for now; None: nothing.
    """
    if waivers is None:
        return frozenset()
    rows = [row for row in waivers.rows if row.requirement == SURVIVES and not waivers.has_expired(row)]
    return frozenset(
        scenario.id
        for scenario in scenarios
        if any(
            row.concerns(speaker(scenario.id), scenario.failure_mode.name, scenario.course) for row in rows
        )
    )
