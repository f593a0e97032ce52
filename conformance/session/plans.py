"""What each wave is to stage, and where its adapter is looked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.scenario import Scenario, controls_of, unsuitable
from conformance.judging.words import counted
from conformance.target import Capability
from conformance.wave import plan as planning
from conformance.wave.plan import Plan

# The clocks in the order in which their waves start: what takes longest first.
LONGEST_FIRST = (
    Timing.STEADY,
    Timing.INTERRUPTED,
    Timing.JUMPED,
    Timing.CRASHED,
    Timing.COMPRESSED,
    Timing.OPERATED,
    Timing.RESTARTED,
)


def described(plan: Plan) -> str:
    """Say what a wave stages."""
    how = ", each alone, to find who brought the relay down or keeps it busy" if plan.alone else ""
    return f"{counted(len(plan.scenarios), 'scenario')} ({plan.timing}{how})"


def import_path(config: pytest.Config) -> list[str]:
    """Return where to look for an adapter: pytest's own path (which ini files and conftest.py may extend) and here."""
    return list(dict.fromkeys([*filter(None, sys.path), str(config.invocation_params.dir)]))


def staged_on(
    timing: Timing, scenarios: Sequence[Scenario], capabilities: frozenset[Capability], lab: str
) -> list[str]:
    """Return what is staged on one clock: controls first, each once, nothing the target cannot do."""
    here = [s for s in scenarios if s.timing is timing and not unsuitable(s, capabilities, lab)]
    controls = [control for s in here for control in controls_of(s)]
    possible = [s for s in (*controls, *here) if not unsuitable(s, capabilities, lab)]
    return list(dict.fromkeys(scenario.id for scenario in possible))


@dataclass(frozen=True, kw_only=True)
class Plans:
    """Makes the plans of a run's waves.

    Attributes:
        target: The target as named on the command line.
        import_path: Where to look for its adapter.
        capabilities: What it is capable of.
        lab: In which lab.
        day: Seconds that stand for 24 hours on the compressed clock.
    """

    target: str
    import_path: list[str]
    capabilities: frozenset[Capability]
    lab: str
    day: float

    def of(self, scenarios: Sequence[Scenario], stretch: float) -> list[Plan]:
        """Return the plans of the waves that stage scenarios, one for each clock.

        Args:
            scenarios: What is staged.
            stretch: Factor for a second staging.
        """
        staged = {
            timing: staged_on(timing, scenarios, self.capabilities, self.lab) for timing in LONGEST_FIRST
        }
        # the waves run side by side, so all of them are the load of each
        slower = planning.stretch_for(sum(map(len, staged.values())), os.cpu_count() or 1)
        return [self.one(names, timing, stretch, slower) for timing, names in staged.items() if names]

    def one(self, scenarios: list[str], timing: Timing, stretch: float, slower: float = 1.0) -> Plan:
        """Return the plan of one wave.

        Args:
            scenarios: What is staged.
            timing: On which clock.
            stretch: Factor for a second staging.
            slower: Factor on the retry interval that the load asks for.
        """
        if timing is Timing.STEADY:
            slower = max(slower, stretch)
        day = self.day * stretch
        return Plan(
            target=self.target,
            import_path=self.import_path,
            lab=self.lab,
            timing=timing,
            scenarios=scenarios,
            asked=planning.schedule(timing, day=day, stretch=slower),
            slack=planning.slack(timing, day, stretch=stretch),
            stretch=stretch,
        )
