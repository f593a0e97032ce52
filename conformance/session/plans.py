"""What each wave is to stage, and where its adapter is looked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

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


def plan_of(
    scenarios: list[str],
    timing: Timing,
    *,
    target: str,
    import_path: list[str],
    lab: str,
    day: float,
    stretch: float,
    slower: float,
) -> Plan:
    """Return the plan of one wave.

    Args:
        scenarios: What is staged.
        timing: On which clock.
        target: The target as named on the command line.
        import_path: Where to look for its adapter.
        lab: In which lab.
        day: Seconds that stand for 24 hours on the compressed clock.
        stretch: Factor for a second staging.
        slower: Factor on the retry interval that the load asks for.
    """
    if timing is Timing.STEADY:
        slower = max(slower, stretch)
    return Plan(
        target=target,
        import_path=import_path,
        lab=lab,
        timing=timing,
        scenarios=scenarios,
        asked=planning.schedule(timing, day=day * stretch, stretch=slower),
        slack=planning.slack(timing, day * stretch, stretch=stretch),
        stretch=stretch,
    )
