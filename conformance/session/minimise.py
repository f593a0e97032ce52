"""Finds, for a fault schedule that fails, a shortest one that still does.

All reductions by one step, and each step on its own, are staged side by side in one wave; of those that fail the
simplest is reduced in the next one. What a schedule came down to is read from the records alone, so a record that is
judged again tells it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.catalogue.course import SCHEDULES, Course
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.judge import Judged, judge
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence, failure_mode_of
from conformance.suite.test_exactly_once import test_exactly_once

# So many waves at most, for so many schedules at a time at most: a relay that fails them all must not take all day.
WAVES = 3
MOST = 5

# Whether a schedule that was staged fails; None: it could not be judged.
Known = Mapping[FaultSequence, bool | None]


@dataclass(frozen=True)
class Smallest:
    """What a failing schedule came down to.

    Attributes:
        sequence: The simplest schedule that is known to fail and that the failing one can be reduced to.
        untried: Its own reductions of which nothing is known.
    """

    sequence: FaultSequence
    untried: tuple[FaultSequence, ...]

    def __str__(self) -> str:
        if not self.untried:
            return f"minimal schedule: {self.sequence}"
        return (
            f"minimal schedule so far: {self.sequence} ({len(self.untried)} reductions of it were not judged)"
        )


def smallest(sequence: FaultSequence, known: Known) -> Smallest:
    """Return what a failing schedule came down to."""
    failing = [other for other, fails in known.items() if fails and sequence.can_become(other)]
    found = min([sequence, *failing], key=lambda each: each.weight)
    return Smallest(found, tuple(r for r in found.reductions() if known.get(r) is None))


def next_reductions(failing: Sequence[FaultSequence], known: Known) -> list[FaultSequence]:
    """Return what to stage next, for the simplest of the schedules that came down to something still reducible."""
    came_down_to = [smallest(sequence, known) for sequence in failing]
    open_ones = {found.sequence: found for found in came_down_to if set(found.untried) - set(known)}
    simplest = sorted(open_ones, key=lambda sequence: sequence.weight)[:MOST]
    wanted = dict.fromkeys(
        r for sequence in simplest for r in (*sequence.parts(), *open_ones[sequence].untried)
    )
    return [sequence for sequence in wanted if sequence not in known]


class Minimiser:
    """Judges the schedules of a run, and says which to stage next.

    Args:
        records: The run's records; more may be appended.
        profile: What to judge by.
    """

    def __init__(self, records: Sequence[Record], profile: Profile) -> None:
        self._records = records
        self._profile = profile
        self._read = 0
        self._known: dict[FaultSequence, bool | None] = {}
        self._conclusive: set[FaultSequence] = set()
        self._failing: list[FaultSequence] = []

    def minimal(self, sequence: FaultSequence) -> Smallest:
        """Return what a failing schedule came down to."""
        self._catch_up()
        return smallest(sequence, self._known)

    def wanted(self) -> list[Scenario]:
        """Return the reductions to stage next."""
        self._catch_up()
        return [
            Scenario(failure_mode=failure_mode_of(sequence), course=Course.REDUCED)
            # one that failed on a crowded machine, and no more when it was staged again, needs no explanation
            for sequence in next_reductions([s for s in self._failing if self._known[s]], self._known)
        ]

    def _catch_up(self) -> None:
        """Judge what the records that came since hold; of several stagings the last one counts, see `Run.judged_in`."""
        for record in self._records[self._read :]:
            for scenario in _sequences_in(record):
                judged = judge(test_exactly_once, scenario, record, self._profile)
                sequence = FaultSequence.parse(scenario.failure_mode.name)
                if sequence in self._conclusive:
                    continue
                if judged.conclusive:
                    self._conclusive.add(sequence)
                unknown = judged.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR)
                self._known[sequence] = None if unknown else judged.verdict is Verdict.FAIL
                if judged.verdict is Verdict.FAIL and scenario.course is Course.SCHEDULE:
                    self._failing.append(sequence)
        self._read = len(self._records)


def explained(
    judged: Judged, scenario: Scenario, minimiser: Minimiser, red: Callable[[], Mapping[str, str]]
) -> Judged:
    """Return a verdict that also says what its schedule came down to, if it is a schedule that fails.

    Where that is a single fault, of which a test of its own fails as well, the schedule has nothing more to say.

    Args:
        judged: The verdict.
        scenario: Of what.
        minimiser: What schedules came down to.
        red: Finds a test that failed, by the name of its failure mode.
    """
    if judged.verdict is not Verdict.FAIL or scenario.course not in SCHEDULES:
        return judged
    found = minimiser.minimal(FaultSequence.parse(scenario.failure_mode.name))
    because = red().get(found.sequence.alone, "")
    if because and not judged.conclusive:
        reason = f"{found}, which fails by itself (see {because.removeprefix('test_')})"
        return replace(judged, verdict=Verdict.NOT_APPLICABLE, findings=(), reason=reason, because=because)
    findings = (f if f.holds else replace(f, observed=f"{f.observed}; {found}") for f in judged.findings)
    return replace(judged, findings=tuple(findings))


def _sequences_in(record: Record) -> Iterator[Scenario]:
    for staged in record.staged.values():
        if staged.course in SCHEDULES:
            yield scenario_of(staged.scenario)
