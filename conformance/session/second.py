"""Second stagings that begin while other waves still run.

A wave that has ended is judged at once, and what is to be staged again of it waits for nobody but the machine: it
begins when all waves have begun and there is room (`launch.py`). What that is follows from the wave's own record. So
it is the same whichever wave ends first, and as it would be if all of them were waited for. Where a relay was brought
down, it waits until it is known who did that. What it takes to know (`isolation.py`) begins in the same way. Where
something broke, nothing is staged a second time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.catalogue.course import Timing
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record, Trouble
from conformance.evidence.view import view_of
from conformance.judging.aspect import Aspect
from conformance.judging.judge import judge
from conformance.judging.words import counted
from conformance.schedules.scenarios import scenario_of
from conformance.session.again import BATCH, again, is_hopeless, late_once_more, may_be_spoilt
from conformance.session.cut_short import what_is_left
from conformance.session.isolation import Isolation, is_open
from conformance.session.plans import described
from conformance.session.reading import Growing, for_good
from conformance.target import Target
from conformance.waivers import Waivers
from conformance.wave.plan import Plan


@dataclass
class Seconds:
    """What was staged a second time.

    Attributes:
        wanted: What is judged.
        profile: What is accepted.
        once: Whether nothing is staged a second time.
        waivers: What is tolerated for now; None: nothing.
        known: The scenarios of the waves of which it is known what is staged again.
        staged: The scenarios.
        beside: The clocks whose second staging began while other waves ran.
    """

    wanted: Sequence[tuple[Aspect, Scenario]]
    profile: Profile
    once: bool = False
    waivers: Waivers | None = None
    known: set[str] = field(default_factory=set)
    staged: list[Scenario] = field(default_factory=list)
    beside: set[Timing] = field(default_factory=set)

    def judge(self, record: Record) -> None:
        """Judge what is wanted of a wave that has ended; nobody does so again."""
        with for_good():
            for aspect, scenario in self.wanted:
                if scenario.id in record.staged:
                    judge(aspect, scenario, record, self.profile)

    def after(self, record: Record) -> list[Scenario]:
        """Return what is to be staged again of a wave that has ended; nothing where that is not known yet."""
        if self.once or record.troubles or is_open(record):
            return []
        self.known |= _own(record)
        late = again(self._on(record), [record], lambda _: record, self.profile, self.waivers)
        self.staged += late
        return late

    def left(self, records: Sequence[Record], record_of: Callable[[Scenario], Record]) -> list[Scenario]:
        """Return what is to be staged again of the other waves, but on clocks on which something broke."""
        broken = {record.header.timing for record in records if record.troubles}
        left = [r for r in records if r.header.timing not in broken and _own(r) - self.known]
        own = {name for record in left for name in _own(record)} - self.known
        wanted = [(aspect, scenario) for aspect, scenario in self.wanted if scenario.id in own]
        return again(wanted, left, record_of, self.profile, self.waivers)

    def third(self, record_of: Callable[[Scenario], Record]) -> list[Scenario]:
        """Return what is to be staged a third time, in the order of the suite, controls first.

        That is what we were late for again, and what is in doubt again on a clock whose second staging had no peace:
        not what was only late, and by its own evidence had all the peace that there is.
        """
        # where that was no crowd by itself, and nothing ran beside it, there is no other one to be spared
        small = len(self.staged) <= BATCH and not self.beside
        hopeless = small and is_hopeless(self.staged, record_of)
        late = [] if hopeless else late_once_more(self.staged, record_of)
        staged = {scenario.id for scenario in self.staged if scenario.timing in self.beside}
        wanted = [
            (aspect, scenario)
            for aspect, scenario in self.wanted
            if scenario.id in staged and not self._is_late_in_peace(aspect, scenario, record_of(scenario))
        ]
        doubted = again(wanted, [], record_of, self.profile, self.waivers)
        places = {scenario.id: place for place, (_, scenario) in enumerate(self.wanted)}
        every = {scenario.id: scenario for scenario in (*late, *doubted)}
        return sorted(every.values(), key=lambda scenario: (places.get(scenario.id, -1), scenario.id))

    def _is_late_in_peace(self, aspect: Aspect, scenario: Scenario, record: Record) -> bool:
        staged = record.staged.get(scenario.id)
        if staged is None or may_be_spoilt(view_of(record, staged)):
            return False
        return judge(aspect, scenario, record, self.profile).only_late

    def _on(self, record: Record) -> list[tuple[Aspect, Scenario]]:
        return [
            (aspect, scenario)
            for aspect, scenario in self.wanted
            if scenario.timing == record.header.timing and scenario.id in record.staged
        ]


def _own(record: Record) -> set[str]:
    """Return the scenarios of a record that were staged on their own clock: others are controls there."""
    return {name for name in record.staged if scenario_of(name).timing == record.header.timing}


class Waves:
    """Waves side by side, and what is staged again beside them, a second time or to know who brought a relay down.

    Args:
        plans: What they are to do; what is staged again is added.
        where: Makes so many folders for waves.
        plans_of: Returns the plans that stage scenarios a second time.
        seconds: What is staged a second time; None: nothing, for this is not the first staging.
        tell: Shows a line.
    """

    def __init__(
        self,
        plans: list[Plan],
        where: Callable[[int], list[Path]],
        plans_of: Callable[[Sequence[Scenario]], list[Plan]],
        seconds: Seconds | None,
        tell: Callable[[str], object],
    ) -> None:
        self._begun = time.monotonic()
        self._first = len(plans)
        self._plans = plans
        self._where = where
        self._plans_of = plans_of
        self._seconds = seconds
        self._tell = tell
        self._folders: list[Path] = []
        self._records: dict[int, Record] = {}
        self._growing: dict[Path, Growing] = {}
        self._late: dict[int, list[Scenario]] = {}
        self._of: dict[int, int] = {}
        self._isolations: dict[int, tuple[Isolation, int]] = {}

    def planned(self) -> list[tuple[Plan, Path]]:
        """Return the plans with a folder for each."""
        self._folders += self._where(len(self._plans))
        return list(zip(self._plans, self._folders, strict=True))

    def written(self, path: Path) -> None:
        """Read a part of the record of a wave that goes on."""
        self._growing.setdefault(path, Growing(path)).read_on()

    def ended(self, number: int, path: Path) -> list[tuple[Plan, Path]]:
        """Take the record of a wave, judge it, and return what is to be staged again of it."""
        record = self._records[number] = self._growing.pop(path, Growing(path)).whole()
        isolated = self._add(number, self._isolated(number, record))
        if self._seconds is None or number >= self._first:
            return isolated
        self._seconds.judge(record)  # while others still run
        late = self._seconds.after(record)
        places = len(self._plans)
        again = self._add(number, self._plans_of(late))
        self._late.update(dict.fromkeys(range(places, len(self._plans)), late))
        return [*isolated, *again]

    def _isolated(self, number: int, record: Record) -> list[Plan]:
        """Return what is to be staged now that a wave has ended, to know who brought a relay down."""
        isolation, place = self._isolations.get(number, (None, 0))
        if isolation is None:
            isolation = Isolation(self._plans[number], record)
            plans = isolation.plans
        else:
            plans = isolation.ended(place, record)
        begin = len(self._plans)
        self._isolations.update({begin + place: (isolation, place) for place in range(len(plans))})
        return plans

    def _add(self, number: int, plans: list[Plan]) -> list[tuple[Plan, Path]]:
        """Add plans that come to a wave; return them with their folders."""
        folders = self._where(len(plans))
        places = range(len(self._plans), len(self._plans) + len(plans))
        self._of.update(dict.fromkeys(places, self._of.get(number, number)))
        self._plans += plans
        self._folders += folders
        return list(zip(plans, folders, strict=True))

    def begun(self, number: int, beside: bool) -> None:
        """Take note that a further staging begins, and whether any of the first waves still runs."""
        plan = self._plans[number]
        if number not in self._late:
            self._tell(f"staging {described(plan)}")
            return
        if beside and self._seconds is not None:
            self._seconds.beside.add(plan.timing)
        self._tell(f"{once_more(self._late[number])} ({plan.timing})")

    def left(self, target: Target, trouble: Trouble | None) -> list[tuple[Record, Path]]:
        """Return what there is of the records; whichever wave ended first, what was staged again has its place."""
        found = what_is_left(self._plans, self._folders, self._records, target, trouble)
        again = sorted(range(self._first, len(found)), key=lambda place: self._of[place])
        return [*found[: self._first], *(found[place] for place in again)]

    @property
    def seconds(self) -> float:
        """For how many seconds they have been under way."""
        return time.monotonic() - self._begun

    @property
    def records(self) -> list[Record]:
        """The records of those that have ended, in the order of the plans."""
        return [self._records[number] for number in sorted(self._records)]


def once_more(late: Sequence[Scenario]) -> str:
    """Say that scenarios are staged a second time."""
    return f"{counted(len(late), 'scenario')} late, or not passed on a crowded machine: once more, windows doubled"
