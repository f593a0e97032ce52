"""What a scenario and a verdict cost, in seconds of a processor, on a fixed set of scenarios.

The set is a file beside this one, so that figures of different versions compare: the catalogue may grow. More than the
set has are copies of it, so that what is staged is the same sort of thing however much it is.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.catalogue.course import Course
from conformance.evidence.record import Record, load
from conformance.evidence.view import view_of
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.report.results import Windows
from conformance.schedules.scenarios import scenario_of
from conformance.session.launch import launch
from conformance.suite import ASPECTS, profile_of
from conformance.wave.plan import Plan, schedule, stretch_for

FIXED = Path(__file__).with_name("scenarios.txt")
SET = 400
SIZES = (50, 100, 200, SET, 1000)
INSTANCES = (20, 60)

_TESTS = Path(__file__).parents[1]


class _Silent:
    def advance(self, waves: Sequence[Windows]) -> None:
        """Measure only."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What so many scenarios cost.

    Attributes:
        scenarios: How many.
        staged: Seconds of a processor of everything that staging started: guard, wave and relays.
        relays: Those of the relays alone.
        longest_window: What the wave had to wait for in any case, by the clock.
        seconds: How long it took, by the clock.
        read: Seconds of a processor for reading the record.
        judged: The same for judging it.
        aspects: How many verdicts that were, those apart that do not apply.
        late: Of how many scenarios the suite was too late to judge anything.
        memory: Octets of the wave and the largest of its relays' processes, at most.
        record: Octets of the record.
    """

    scenarios: int
    staged: float
    relays: float
    longest_window: float
    seconds: float
    read: float
    judged: float
    aspects: int
    late: int
    memory: int
    record: int


def some(count: int) -> list[str]:
    """Return so many of the fixed set: its controls, without which nothing is judged, and others evenly drawn.

    Of more than there are the first are the whole set, and the others copies.
    """
    names = FIXED.read_text(encoding="ascii").split()
    found: list[str] = []
    while left := count - len(found):
        copy = f".{len(found) // SET}" if found else ""
        found += [f"{name}{copy}" for name in _drawn(names, min(left, SET))]
    return found


def _drawn(names: list[str], count: int) -> list[str]:
    controls = [name for name in names if name.endswith(f".{Course.HEALTHY}")]
    others, left = names[len(controls) :], count - len(controls)
    if left < 0:
        return controls[:count]
    return controls + [others[len(others) * number // left] for number in range(left)]


def cost_of(names: list[str], folder: Path, *, alone: bool = False) -> Cost:
    """Stage scenarios on the reference relay, and judge them.

    Args:
        names: Which.
        folder: Where to.
        alone: Whether each has an instance of the relay to itself.
    """
    plan = Plan(
        target="bench.one_each:OneEach" if alone else "reference",
        import_path=[str(_TESTS)],
        lab="loopback",
        timing=scenario_of(names[0]).timing,
        scenarios=names,
        asked=schedule(stretch=stretch_for(len(names), os.cpu_count() or 1)),
    )
    before = _children()
    path = launch(plan, folder, _Silent())
    staged = _children() - before
    times = [time.process_time()]
    record = load(path)
    times.append(time.process_time())
    verdicts = _verdicts(record)
    times.append(time.process_time())
    footer = record.footer
    if footer is None or record.troubles:
        raise SystemExit(f"nothing was measured: {[trouble.message for trouble in record.troubles]}")
    return Cost(
        scenarios=len(names),
        staged=staged,
        relays=footer.relays_cpu_seconds,
        longest_window=footer.longest_window,
        seconds=footer.seconds,
        read=times[1] - times[0],
        judged=times[2] - times[1],
        aspects=sum(verdict is not Verdict.NOT_APPLICABLE for verdict in verdicts),
        late=sum(view_of(record, each).harness_was_late for each in record.staged.values()),
        memory=footer.peak_memory,
        record=path.stat().st_size,
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _verdicts(record: Record) -> list[Verdict]:
    """Judge whatever can be judged of a record."""
    profile = profile_of("eop")
    return [
        judge(aspect, scenario, record, profile).verdict
        for scenario in map(scenario_of, record.staged)
        for aspect in ASPECTS
        if aspect.reads(scenario.failure_mode, scenario.course)
    ]
