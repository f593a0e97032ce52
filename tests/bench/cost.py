"""What a scenario and a verdict cost, in seconds of a processor, on a fixed set of scenarios.

The set is a file beside this one, so that figures of different versions compare: the catalogue may grow.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.catalogue.course import Course
from conformance.evidence.record import Record, load
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.report.results import Windows
from conformance.schedules.scenarios import scenario_of
from conformance.session.launch import launch
from conformance.suite import ASPECTS, profile_of
from conformance.wave.plan import Plan, schedule

FIXED = Path(__file__).with_name("scenarios.txt")
SIZES = (50, 100, 200, 400)


class _Silent:
    def advance(self, waves: Sequence[Windows]) -> None:
        """Measure only."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What so many scenarios cost.

    Attributes:
        scenarios: How many.
        staged: Of the wave and its relay.
        longest_window: What the wave had to wait for in any case, by the clock.
        seconds: How long it took, by the clock.
        judged: Of reading the record and judging it.
        aspects: How many verdicts that were, those apart that do not apply.
        memory: Octets of the wave and its relay at most.
    """

    scenarios: int
    staged: float
    longest_window: float
    seconds: float
    judged: float
    aspects: int
    memory: int


def some(count: int) -> list[str]:
    """Return so many of the fixed set: its controls, without which nothing is judged, and others evenly drawn."""
    names = FIXED.read_text(encoding="ascii").split()
    controls = [name for name in names if name.endswith(f".{Course.HEALTHY}")]
    others, left = names[len(controls) :], count - len(controls)
    return controls + [others[len(others) * number // left] for number in range(left)]


def cost_of(names: list[str], folder: Path) -> Cost:
    """Stage scenarios on the reference relay, and judge them."""
    plan = Plan(
        target="reference",
        import_path=[],
        lab="loopback",
        timing=scenario_of(names[0]).timing,
        scenarios=names,
        asked=schedule(),
    )
    path = launch(plan, folder, _Silent())
    begun = time.process_time()
    record = load(path)
    aspects = _verdicts(record)
    judged = time.process_time() - begun
    footer = record.footer
    assert footer is not None
    return Cost(
        scenarios=len(names),
        staged=footer.cpu_seconds,
        longest_window=footer.longest_window,
        seconds=footer.seconds,
        judged=judged,
        aspects=aspects,
        memory=footer.peak_memory,
    )


def _verdicts(record: Record) -> int:
    """Judge whatever can be judged of a record; return how many aspects applied."""
    profile = profile_of("eop")
    verdicts = [
        judge(aspect, scenario, record, profile).verdict
        for scenario in map(scenario_of, record.staged)
        for aspect in ASPECTS
        if aspect.reads(scenario.failure_mode, scenario.course)
    ]
    return sum(verdict is not Verdict.NOT_APPLICABLE for verdict in verdicts)
