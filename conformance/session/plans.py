"""What each wave is to stage, and where its adapter is looked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario, controls_of, unsuitable
from conformance.judging.words import counted
from conformance.session.again import BATCH
from conformance.target import Capability
from conformance.wave import plan as planning
from conformance.wave.plan import Plan


def _takes_longest(scenario: Scenario) -> bool:
    return scenario.failure_mode.kind in (Kind.SCHEDULE, Kind.BATCH)


def _is_killed_amid_steps(scenario: Scenario) -> bool:
    return scenario.failure_mode.killed_amid_steps


def _comes_at_the_end(scenario: Scenario) -> bool:
    return scenario.failure_mode.at_the_end


# What of a clock takes longer than the rest, or has to wait for the end of the rest, has a wave of its own where one
# relay serves many. Fault schedules and backlogs: what hundreds of others came to has been judged before the last of
# these is over. Things that happen to a whole relay come one after the other, some only when nothing else waits there.
# And a kill hits all that the relay has: schedules of which each has begun stand that, and other kills do not.
_APART = {
    Timing.STEADY: _takes_longest,
    Timing.INTERRUPTED: _comes_at_the_end,
    Timing.CRASHED: _is_killed_amid_steps,
}


class Part(NamedTuple):
    """What one wave stages: the scenarios of a clock, or of it what is apart, or the others."""

    timing: Timing
    apart: bool | None = None

    def has(self, scenario: Scenario) -> bool:
        """Tell whether a scenario belongs to it."""
        if scenario.timing is not self.timing:
            return False
        return self.apart is None or _APART[self.timing](scenario) is self.apart


# In the order in which the waves start: what takes longest first, be it because its windows come one after the other.
LONGEST_FIRST = (
    Part(Timing.STEADY, apart=False),
    Part(Timing.STEADY, apart=True),
    Part(Timing.CRASHED, apart=False),
    Part(Timing.JUMPED),
    Part(Timing.COMPRESSED),
    Part(Timing.INTERRUPTED, apart=False),
    Part(Timing.CRASHED, apart=True),
    Part(Timing.OPERATED),
    Part(Timing.INTERRUPTED, apart=True),
    Part(Timing.RESTARTED),
)


def described(plan: Plan, apart: Set[str] = frozenset()) -> str:
    """Say what a wave stages, given what brings the relay down as is known already."""
    why = (
        "for waivers say what brings the relay down"
        if not apart.isdisjoint(plan.scenarios)
        else "to find who brought the relay down or keeps it busy"
    )
    how = f", each alone, {why}" if plan.alone else ""
    return f"{counted(len(plan.scenarios), 'scenario')} ({plan.timing}{how})"


def import_path(config: pytest.Config) -> list[str]:
    """Return where to look for an adapter: pytest's own path (which ini files and conftest.py may extend) and here."""
    return list(dict.fromkeys([*filter(None, sys.path), str(config.invocation_params.dir)]))


def staged_on(
    timing: Timing,
    scenarios: Iterable[Scenario],
    capabilities: frozenset[Capability],
    lab: str,
    version: str | None = None,
) -> list[str]:
    """Return what is staged on one clock: controls first, each once, nothing the target cannot do.

    Args:
        timing: The clock.
        scenarios: What is judged.
        capabilities: What the target is capable of.
        lab: In which lab.
        version: The version of the catalogue that is asked; None: the newest.
    """
    here = [s for s in scenarios if s.timing is timing and not unsuitable(s, capabilities, lab, version)]
    controls = [control for s in here for control in controls_of(s)]
    possible = [s for s in (*controls, *here) if not unsuitable(s, capabilities, lab, version)]
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
        version: The version of the catalogue that is asked; None: the newest.
        apart: The scenarios that are never staged on a relay that others have as well (`apart.py`).
    """

    target: str
    import_path: list[str]
    capabilities: frozenset[Capability]
    lab: str
    day: float
    version: str | None = None
    apart: frozenset[str] = frozenset()

    def of(self, scenarios: Sequence[Scenario], stretch: float) -> list[Plan]:
        """Return the plans of the waves that stage scenarios, one for each clock, or two; then of what is apart.

        Args:
            scenarios: What is staged.
            stretch: Factor for a second staging.
        """
        shared = [scenario for scenario in scenarios if not self._is_apart(scenario)]
        others = list(filter(self._is_apart, scenarios))
        staged = [
            *(
                (part.timing, False, self._staged(part.timing, filter(part.has, shared)))
                for part in self._parts(shared)
            ),
            *(
                (timing, True, self._staged(timing, others))
                for timing in dict.fromkeys(p.timing for p in LONGEST_FIRST)
            ),
        ]
        # the waves run side by side, so all of them are the load of each
        slower = planning.stretch_for(sum(len(names) for _, _, names in staged), os.cpu_count() or 1)
        return [
            replace(self.one(names, timing, stretch, slower), alone=alone)
            for timing, alone, names in staged
            if names
        ]

    def _is_apart(self, scenario: Scenario) -> bool:
        """Tell whether a scenario must have a relay of its own that would otherwise share one."""
        return Capability.MANY_CONNECTORS in self.capabilities and scenario.id in self.apart

    def _staged(self, timing: Timing, scenarios: Iterable[Scenario]) -> list[str]:
        return staged_on(timing, scenarios, self.capabilities, self.lab, self.version)

    def _parts(self, scenarios: Sequence[Scenario]) -> Iterable[Part]:
        """Return what each wave stages: where each scenario has its own relay, or all are few, whole clocks."""
        whole = set(Timing) if Capability.MANY_CONNECTORS not in self.capabilities else set()
        if len({scenario.id for scenario in scenarios}) <= BATCH:
            whole.add(Timing.STEADY)
        return dict.fromkeys(
            part._replace(apart=None) if part.timing in whole else part for part in LONGEST_FIRST
        )

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
