"""One run: target, profile, the wave or waves that were needed, and the verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Fault, Record, Trouble, load
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.view import view_of
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged, Test, judge
from conformance.judging.masks import judge_among, unless_in_hand
from conformance.judging.survival import all_busy, all_stopped, group, unexplained
from conformance.judging.verdict import Verdict
from conformance.judging.words import counted
from conformance.lab import addresses as labs
from conformance.report.results import PytestOutcome, Windows
from conformance.session.again import again, late_once_more, never_in_peace
from conformance.session.cut_short import BrokenOff, told_of, what_is_left
from conformance.session.early_end import Unreached
from conformance.session.folders import make_folders
from conformance.session.isolation import isolate, killers
from conformance.session.launch import WaveFailed, launch_all
from conformance.session.long_windows import LongWindows
from conformance.session.minimise import WAVES, Minimiser
from conformance.session.only import Only
from conformance.session.plans import LONGEST_FIRST, described, import_path, staged_on
from conformance.session.sequence_choice import SequenceChoice
from conformance.target import Capability, Target
from conformance.wave import plan as planning
from conformance.wave.plan import Plan


class Progress(Protocol):
    """Shows how far a wave is."""

    def begin(self, text: str) -> None:
        """A wave begins."""

    def advance(self, waves: Sequence[Windows]) -> None:
        """All waves, those too that have not begun, and how far each is."""

    def tell(self, text: str) -> None:
        """Something is to be said of it."""

    def end(self, text: str) -> None:
        """It has ended."""


@dataclass
class Run:
    """What a run of pytest with a target is about.

    Attributes:
        name: The target as named on the command line, or as named in a record that is judged again.
        profile: What is accepted.
        strict: Whether deviations fail.
        config: Pytest's.
        target: The target; None when a record is judged again.
        lab: Which lab was asked for.
        day: Seconds that stand for 24 hours on the compressed clock.
        records: The evidence: one record for each wave, none before the first.
        paths: Their files.
        outcomes: What pytest made of the tests so far, by node id.
        xfailed: By node id, why those were expected not to pass that did not.
        schedules: Which fault schedules are staged.
        only: What is kept of the suite.
        once: Whether nothing is staged a second time, whatever was late.
        selected: The names of the tests that are judged in this run.
        wanted: What they are about, in the order of the suite.
        minimiser: What the failing ones come down to.
        unreached: What is seen of mail that went nowhere, so that the run was ended and nothing is judged; None: it
            was not.
        broken: What the run was broken off for; None: it was not.
    """

    name: str
    profile: Profile
    strict: bool
    config: pytest.Config
    target: Target | None = None
    lab: str = "auto"
    day: float = planning.COMPRESSED_DAY
    records: list[Record] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    outcomes: dict[str, PytestOutcome] = field(default_factory=dict)
    xfailed: dict[str, str] = field(default_factory=dict)
    schedules: SequenceChoice = field(default_factory=lambda: SequenceChoice(count=0))

    only: Only = field(default_factory=Only)
    once: bool = False
    selected: frozenset[str] = frozenset()
    wanted: Sequence[tuple[Aspect, Scenario]] = ()
    unreached: Trouble | None = None
    broken: Trouble | None = None

    def __post_init__(self) -> None:
        self.minimiser = Minimiser(self.records, self.profile)
        self._judged: dict[str, tuple[Test, Judged]] = {}
        self._verdict_on = unless_in_hand(self.judged_in)
        self._red: dict[str, str] | None = None  # all is staged by the time anybody asks

    @property
    def judged(self) -> list[tuple[Test, Judged]]:
        """Every verdict so far; of a test that was run again the last one."""
        return list(self._judged.values())

    def note(
        self, test: Test, judged: Judged | None, outcome: PytestOutcome, xfail: str | None = None
    ) -> None:
        """Take down what became of a test.

        Args:
            test: The test.
            judged: The verdict; None where pytest skipped it before it was judged.
            outcome: What pytest made of it.
            xfail: Why somebody expected it not to pass; None: nobody did.
        """
        self.outcomes[test.nodeid] = outcome
        self.xfailed.pop(test.nodeid, None)
        if outcome is PytestOutcome.XFAILED:
            self.xfailed[test.nodeid] = xfail or "no reason given"
        if judged is not None:
            self._judged[test.nodeid] = (test, judged)

    def about(self) -> list[str]:
        """Describe the run in two or three lines."""
        if self.target is None:
            where = f"record {', '.join(map(str, self.paths))}"
        else:
            where = f"lab {labs.choose(self.lab, frozenset(self.target.capabilities))}"
        return [
            f"conformance: target {self.name}, {where}",
            f"conformance: profile {self.profile.name} ({self.profile.about})",
            *self.schedules.about(),
        ]

    def knows(self, scenario: Scenario) -> bool:
        """Tell whether a scenario can have evidence: always, unless an old record is judged."""
        return self.target is not None or any(
            scenario.id in record.staged or record.lacks(scenario.id) for record in self.records
        )

    def evidence_for(self, scenario: Scenario) -> Record:
        """Return the record in which to look for a scenario: the last one of its clock in which it was staged.

        Else one that was cut short before it was.
        """
        lacking = [record for record in self.records if record.lacks(scenario.id)]
        staged = [record for record in self.records if scenario.id in record.staged]
        own = [record for record in staged if record.header.timing == scenario.timing]
        return [*self.records[:1], *lacking, *staged, *own][-1]

    def judged_in(self, aspect: Aspect, scenario: Scenario) -> Judged:
        """Return the verdict: by the last staging, unless an earlier one showed what no other takes back."""
        if self.unreached is not None:
            main = aspect.main_requirement(scenario.failure_mode, self.profile)
            return Judged(
                verdict=Verdict.ERROR,
                requirement=main,
                level=main.level,
                reason=self.unreached.message,
                fault=self.unreached.fault,
            )
        last = self.evidence_for(scenario)
        earlier = [r for r in self.records if scenario.id in r.staged and r.header.timing == scenario.timing]
        for record in earlier:
            judged = self._judge(aspect, scenario, record)
            if judged.conclusive:
                return judged
        judged = self._judge(aspect, scenario, last)
        stagings = [view_of(record, record.staged[scenario.id]) for record in earlier]
        return self._of_a_group(aspect, scenario, never_in_peace(judged, stagings))

    def _judge(self, aspect: Aspect, scenario: Scenario, record: Record) -> Judged:
        selected = self.selected | {aspect.test_name(scenario)}
        return judge_among(selected, aspect, scenario, record, self.profile, self._verdict_on)

    def _of_a_group(self, aspect: Aspect, scenario: Scenario, judged: Judged) -> Judged:
        """Return the verdict; inconclusive for those who may have brought a relay down together and not alone."""
        for stopped in unexplained(self.records) if aspect.outlives_relay else ():
            if scenario.id in stopped.suspects and judged.verdict is Verdict.PASS:
                reason = f"the relay was gone, and alone none of them does it: {group(stopped)}"
                return replace(judged, verdict=Verdict.INCONCLUSIVE, findings=(), reason=reason)
        return judged

    def red(self) -> dict[str, str]:
        """Return a test that fails, by the name of its failure mode; the first of each, in any order of tests."""
        if self._red is not None:
            return self._red
        found = self._red = {}
        for aspect, scenario in self.wanted:
            mode = scenario.failure_mode
            if mode.kind is Kind.SCHEDULE or mode.name in found:
                continue
            if self.judged_in(aspect, scenario).verdict is Verdict.FAIL:
                found[mode.name] = aspect.test_name(scenario)
        return found

    @property
    def stopped(self) -> list[tuple[Stopped, list[str]]]:
        """Every relay that was brought down, and the scenarios that did it, if that is known."""
        return all_stopped(self.records)

    @property
    def busy(self) -> list[tuple[Idling, list[str]]]:
        """Every relay that was kept busy when nothing was left to do, and the scenarios that do it alone."""
        return all_busy(self.records)

    @property
    def troubles(self) -> list[Trouble]:
        """Everything that broke, in whatever wave."""
        own = [each for each in (self.unreached, self.broken) if each is not None]
        found = [trouble for record in self.records for trouble in record.troubles]
        return [*(each for each in own if each not in found), *found]

    def provoke(self, wanted: Sequence[tuple[Aspect, Scenario]], progress: Progress) -> None:
        """Stage what these aspects read, and the controls; what a busy machine may have spoilt is staged once more.

        Raises:
            pytest.UsageError: The target cannot be judged on this machine.
        """
        if self.target is None:
            return
        try:
            self._provoke(self.target, wanted, progress)
        except BrokenOff as error:
            self.broken = error.trouble
            progress.end("broken off")

    def _provoke(self, target: Target, wanted: Sequence[tuple[Aspect, Scenario]], progress: Progress) -> None:
        capabilities = frozenset(map(Capability, target.capabilities))
        lab = labs.choose(self.lab, capabilities)
        unsuitable = labs.unsuitable(lab, self.name, capabilities)
        if unsuitable:
            raise pytest.UsageError(
                f"target {self.name} cannot be judged in the {lab} lab here: {unsuitable}"
            )
        try:
            self._stage(
                [scenario for _, scenario in wanted], capabilities, lab, progress, 1.0, wanted, early=True
            )
        except Unreached as error:
            seen = error.symptoms
            self.unreached = Trouble(
                at=0.0, fault=Fault.TARGET, message=seen.message, hint=seen.hint, log=seen.log
            )
            progress.end("ended early: mail goes nowhere, and nothing can be judged")
            return
        alone = killers(self.records)
        late = [
            scenario
            for scenario in again(wanted, self.records, self.evidence_for, self.profile)
            if scenario.id not in alone
        ]
        if late and not self.once and not self.troubles:
            progress.begin(
                f"{counted(len(late), 'scenario')} late, or not passed on a crowded machine: once more, windows doubled"
            )
            self._stage(late, capabilities, lab, progress, 2.0)
            few = late_once_more(late, self.evidence_for)
            if few and not self.troubles:
                progress.begin(f"{len(few)} of them late in that crowd too: once more, without it")
                self._stage(few, capabilities, lab, progress, 2.0)
        for _ in range(WAVES):
            reduced = self.minimiser.wanted()
            if not reduced or self.troubles:
                break
            progress.begin(f"looking for the shortest schedules that fail: {len(reduced)} reductions")
            self._stage(reduced, capabilities, lab, progress, 1.0)

    def _stage(
        self,
        scenarios: Sequence[Scenario],
        capabilities: frozenset[Capability],
        lab: str,
        progress: Progress,
        stretch: float,
        wanted: Sequence[tuple[Aspect, Scenario]] = (),
        *,
        early: bool = False,
    ) -> None:
        """Stage scenarios, with one wave for each clock, all waves side by side.

        What is wanted of a wave is judged as soon as it has ended, while others still run.

        Raises:
            Unreached: Mail goes nowhere, where that is to end it early.
        """
        staged = {timing: staged_on(timing, scenarios, capabilities, lab) for timing in LONGEST_FIRST}
        # the waves run side by side, so all of them are the load of each
        slower = planning.stretch_for(sum(map(len, staged.values())), os.cpu_count() or 1)
        plans = [
            self._plan(names, timing, lab, stretch, slower) for timing, names in staged.items() if names
        ] or [self._plan([], Timing.STEADY, lab, stretch)]  # even where nothing applies a record says why
        records = self._launch(plans, progress, wanted, early=early)
        isolate(plans, records, lambda further: self._launch(further, progress, wanted))

    def _launch(
        self,
        plans: Sequence[Plan],
        progress: Progress,
        wanted: Sequence[tuple[Aspect, Scenario]],
        *,
        early: bool = False,
    ) -> list[Record]:
        """Run some waves side by side and keep their records.

        Raises:
            Unreached: Mail goes nowhere.
            BrokenOff: The run cannot go on; what there is of the records is kept.
            pytest.UsageError: The target cannot be judged on this machine.
        """
        folders: list[Path] = []
        loaded: dict[int, Record] = {}

        def ended(number: int, path: Path) -> None:
            loaded[number] = load(path)
            for aspect, scenario in wanted:
                if scenario.id in loaded[number].staged:
                    judge(aspect, scenario, loaded[number], self.profile)

        def keep(trouble: Trouble | None) -> None:
            assert self.target is not None
            for record, path in what_is_left(plans, folders, loaded, self.target, trouble):
                self.records.append(record)
                self.paths.append(path)

        progress.begin("staging " + ", ".join(map(described, plans)))
        try:
            folders += make_folders(self.config, len(plans))
            launch_all(
                list(zip(plans, folders, strict=True)),
                progress,
                ended,
                lasting=LongWindows(progress.tell).tell,
                early=early,
            )
        except WaveFailed as error:
            if error.installation:
                raise pytest.UsageError(f"target {self.name} cannot be judged here: {error}") from error
            trouble = told_of(error)
            keep(trouble)
            raise BrokenOff(trouble) from error
        except BrokenOff as error:
            keep(error.trouble)
            raise
        except (Unreached, KeyboardInterrupt):
            keep(None)
            raise
        keep(None)
        records = [loaded[number] for number in range(len(plans))]
        footers = [record.footer for record in records if record.footer]
        progress.end(
            f"{max(f.seconds for f in footers):.1f} s, longest window {max(f.longest_window for f in footers):.1f} s"
            if len(footers) == len(records)
            else "a record is incomplete"
        )
        return records

    def _plan(
        self, scenarios: list[str], timing: Timing, lab: str, stretch: float, slower: float = 1.0
    ) -> Plan:
        """Return the plan of one wave.

        Args:
            scenarios: What is staged.
            timing: On which clock.
            lab: In which lab.
            stretch: Factor for a second staging.
            slower: Factor on the retry interval that the load asks for.
        """
        if timing is Timing.STEADY:
            slower = max(slower, stretch)
        return Plan(
            target=self.name,
            import_path=import_path(self.config),
            lab=lab,
            timing=timing,
            scenarios=scenarios,
            asked=planning.schedule(timing, day=self.day * stretch, stretch=slower),
            slack=planning.slack(timing, self.day * stretch, stretch=stretch),
            stretch=stretch,
        )
