"""Finds, for a fault schedule that fails, a shortest one that still does.

All reductions by one step are staged side by side in one wave; of those that fail the simplest is reduced in the
next one. What a schedule came down to is read from the records alone, so a record that is judged again tells it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from conformance.course import Course
from conformance.judging import Judged, judge
from conformance.profile import Profile
from conformance.record import Record
from conformance.scenario import Scenario
from conformance.schedules import COURSES, Schedule, failure_mode_of
from conformance.suite.test_exactly_once import test_exactly_once
from conformance.verdict import Verdict

# So many waves at most, for so many failing schedules at most: a relay that fails them all must not take all day.
WAVES = 3
MOST = 5

Fails = Callable[[Schedule], bool | None]


@dataclass(frozen=True)
class Smallest:
    """What a failing schedule came down to.

    Attributes:
        schedule: The simplest schedule found that fails.
        untried: How many of its own reductions were not staged, or could not be judged.
    """

    schedule: Schedule
    untried: int

    def __str__(self) -> str:
        if not self.untried:
            return f"minimal schedule: {self.schedule}"
        return f"minimal schedule so far: {self.schedule} ({self.untried} reductions of it were not judged)"


def smallest(schedule: Schedule, fails: Fails) -> Smallest:
    """Go from reduction to reduction as long as one is known to fail.

    Args:
        schedule: One that fails.
        fails: Tells whether a schedule does; None: nobody knows.
    """
    while True:
        reductions = schedule.reductions()
        simpler = next((reduction for reduction in reductions if fails(reduction)), None)
        if simpler is None:
            return Smallest(schedule, sum(fails(reduction) is None for reduction in reductions))
        schedule = simpler


class Minimiser:
    """Judges the schedules of a run, and says which to stage next.

    Args:
        records: The run's records; more may be appended.
        profile: What to judge by.
    """

    def __init__(self, records: Sequence[Record], profile: Profile) -> None:
        self._records = records
        self._profile = profile
        self._known: dict[Schedule, tuple[int, bool | None]] = {}

    def minimal(self, schedule: Schedule) -> Smallest | None:
        """Return what a schedule came down to; None if it does not fail."""
        return smallest(schedule, self.fails) if self.fails(schedule) else None

    def wanted(self, scenarios: Iterable[Scenario]) -> list[Scenario]:
        """Return the reductions to stage next, for the simplest of the failing schedules among some scenarios."""
        failing = sorted(
            (schedule for schedule in map(schedule_of, scenarios) if schedule and self.fails(schedule)),
            key=lambda schedule: schedule.weight,
        )
        came_down_to = dict.fromkeys(smallest(schedule, self.fails).schedule for schedule in failing[:MOST])
        wanted = dict.fromkeys(r for schedule in came_down_to for r in schedule.reductions())
        return [
            Scenario(failure_mode=failure_mode_of(schedule), course=Course.REDUCED)
            for schedule in wanted
            if not self._staged(schedule)
        ]

    def fails(self, schedule: Schedule) -> bool | None:
        """Tell whether a schedule fails; None if it was not staged, or could not be judged."""
        judged_with, known = self._known.get(schedule, (0, None))
        if judged_with < len(self._records):
            known = self._judge(schedule)
            self._known[schedule] = len(self._records), known
        return known

    def _judge(self, schedule: Schedule) -> bool | None:
        staged = self._staged(schedule)
        if not staged:
            return None
        scenario, record = staged[-1]
        verdict = judge(test_exactly_once, scenario, record, self._profile).verdict
        if verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR):
            return None
        return verdict is Verdict.FAIL

    def _staged(self, schedule: Schedule) -> list[tuple[Scenario, Record]]:
        mode = failure_mode_of(schedule)
        scenarios = [Scenario(failure_mode=mode, course=course) for course in reversed(COURSES)]
        return [(s, record) for record in self._records for s in scenarios if s.id in record.staged]


def schedule_of(scenario: Scenario) -> Schedule | None:
    """Return the schedule that a scenario stages; None if it stages something else."""
    return Schedule.parse(scenario.failure_mode.name) if scenario.course in COURSES else None


def explained(judged: Judged, scenario: Scenario, minimiser: Minimiser) -> Judged:
    """Return a verdict that also says what its schedule came down to, if it is a schedule that fails."""
    schedule = schedule_of(scenario)
    if schedule is None or judged.verdict is not Verdict.FAIL:
        return judged
    found = minimiser.minimal(schedule)
    findings = [
        replace(f, observed=f"{f.observed}; {found}") if not f.holds and found else f for f in judged.findings
    ]
    return replace(judged, findings=tuple(findings))
