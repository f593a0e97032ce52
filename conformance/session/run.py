"""One run: target, profile, the wave or waves that were needed, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Fault, Record, Trouble
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.view import view_of
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged, Test
from conformance.judging.masks import judge_among, unless_in_hand
from conformance.judging.survival import all_busy, all_stopped
from conformance.judging.verdict import Verdict
from conformance.judging.waived import Misfit, misfits, with_waivers
from conformance.lab import addresses as labs
from conformance.report.results import PytestOutcome
from conformance.report.took import longest_window
from conformance.session.again import batches, is_hopeless, never_in_peace
from conformance.session.ahead import Ahead
from conformance.session.apart import apart
from conformance.session.company import in_company
from conformance.session.cut_short import BrokenOff, told_of
from conformance.session.decided import Decided
from conformance.session.early_end import Unreached
from conformance.session.folders import made_ahead, make_folders
from conformance.session.isolation import killers
from conformance.session.launch import WaveFailed, launch_all
from conformance.session.long_windows import LongWindows
from conformance.session.minimise import WAVES, Minimiser
from conformance.session.only import Only
from conformance.session.plans import Plans, described, import_path
from conformance.session.reading import for_good
from conformance.session.reported import Parts
from conformance.session.second import Seconds, Waves, once_more
from conformance.session.sequence_choice import SequenceChoice
from conformance.session.shows import Progress
from conformance.session.sources import record_of, stagings, told_in
from conformance.suite import digest_of
from conformance.target import Capability, Target
from conformance.waivers import Waivers
from conformance.wave import plan as planning
from conformance.wave.plan import Plan


class _Where(NamedTuple):
    """What all stagings of a run have in common."""

    plans: Plans
    progress: Progress


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
        waivers: What of it is tolerated for now; None: nothing.
        left_alone: Which file of waivers was found and is about something else, in words; empty: none.
        selected: The names of the tests that are judged in this run.
        wanted: What they are about, in the order of the suite.
        minimiser: What the failing ones come down to.
        parts: Where the records of several parts of a run are judged together: which is whose.
        part: Which part of how many tests this run is, and of how many parts; nothing: it is whole.
        unreached: What is seen of mail that went nowhere, so that the run was ended and nothing is judged; None: it
            was not.
        broken: What the run was broken off for; None: it was not.
        ahead: Makes the folders of waves, and has processes for some.
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
    waivers: Waivers | None = None
    left_alone: str = ""
    selected: frozenset[str] = frozenset()
    wanted: Sequence[tuple[Aspect, Scenario]] = ()
    parts: Parts | None = None
    part: dict[str, int] = field(default_factory=dict)
    unreached: Trouble | None = None
    broken: Trouble | None = None
    ahead: Ahead = field(init=False)

    def __post_init__(self) -> None:
        self.ahead = Ahead(partial(make_folders, self.config))
        self.minimiser = Minimiser(self.records, self.profile)
        self._judged: dict[str, tuple[Test, Judged]] = {}
        self._verdict_on = unless_in_hand(self.judged_in)
        self._decided = Decided()

    @property
    def judged(self) -> list[tuple[Test, Judged]]:
        """Every verdict so far; of a test that was run again the last one."""
        return list(self._judged.values())

    @property
    def asked(self) -> dict[str, object]:
        """What was asked for that no record tells: of parts of a run, what all of them were asked."""
        if self.parts is not None:
            return dict(self.parts.asked)
        return {"schedules": self.schedules.drawn_by(), **({"day": self.day} if self.target else {})}

    @property
    def catalogue_digest(self) -> str:
        """The digest of the version of the catalogue that is asked."""
        return digest_of(self.profile.catalogue)

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

    def knows(self, nodeid: str, scenario: Scenario) -> bool:
        """Tell whether a scenario can have evidence: always, unless an old record or report is judged."""
        known = self.target is not None or told_in(self.records, scenario)
        return nodeid in self.parts.tests if self.parts else known

    def _records_of(self, scenario: Scenario) -> Sequence[Record]:
        """Return the records that may tell of a scenario: those of its part, if the run has several."""
        mode = scenario.failure_mode.name
        return self.parts.of_mode.get(mode, self.records) if self.parts else self.records

    def evidence_for(self, scenario: Scenario) -> Record:
        """Return the record in which to look for a scenario."""
        return record_of(self._records_of(scenario), scenario)

    def decide(self) -> None:
        """Judge all tests of the run, each once, when everything was staged."""
        with for_good():
            self._decided.judge(self.wanted, self._with_waivers, self.profile)

    def verdict(self, aspect: Aspect, scenario: Scenario) -> Judged:
        """Return the verdict on a test as the run as a whole has it."""
        return self._decided.verdicts.get(aspect.test_name(scenario)) or self._with_waivers(aspect, scenario)

    def _with_waivers(self, aspect: Aspect, scenario: Scenario) -> Judged:
        return with_waivers(self.judged_in(aspect, scenario), aspect, scenario, self.waivers)

    @property
    def misfits(self) -> list[Misfit]:
        """Every waiver that does not fit what was judged so far."""
        return misfits(self.waivers, self.judged, self.profile)

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
        earlier = stagings(self._records_of(scenario), scenario)
        for record in earlier:
            judged = self._judge(aspect, scenario, record)
            if judged.conclusive:
                return judged
        judged = self._judge(aspect, scenario, last)
        views = [view_of(record, record.staged[scenario.id]) for record in earlier]
        own = never_in_peace(judged, views)
        return in_company(aspect, scenario, own, self.records, self.selected)

    def _judge(self, aspect: Aspect, scenario: Scenario, record: Record) -> Judged:
        own = aspect.test_name(scenario)
        selected = self.selected if own in self.selected else self.selected | {own}
        return judge_among(selected, aspect, scenario, record, self.profile, self._verdict_on)

    def red(self) -> dict[str, str]:
        """Return a test that fails, by the name of its failure mode; the first of each, in any order of tests."""
        return self._decided.red

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

    def load_ahead(self) -> None:
        """Start what stages a run while its tests are collected; whoever ends pytest closes it."""
        if self.target is not None:
            self.config.add_cleanup(self.ahead.close)
            lab = labs.choose(self.lab, frozenset(self.target.capabilities))
            self.ahead.begin(lab, made_ahead(self.config))

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
        plans = Plans(
            target=self.name,
            import_path=import_path(self.config),
            capabilities=capabilities,
            lab=lab,
            day=self.day,
            version=self.profile.catalogue,
            apart=apart((scenario for _, scenario in wanted), self.waivers),
        )
        where = _Where(plans, progress)
        seconds = Seconds(wanted, self.profile, self.once, self.waivers)
        try:
            self._stage([scenario for _, scenario in wanted], where, 1.0, seconds)
        except Unreached as error:
            seen = error.symptoms
            self.unreached = Trouble(
                at=0.0, fault=Fault.TARGET, message=seen.message, hint=seen.hint, log=seen.log
            )
            progress.end("ended early: mail goes nowhere, and nothing can be judged")
            return
        if not self.once:
            self._stage_again(where, seconds)
        for _ in range(WAVES):
            reduced = self.minimiser.wanted()
            if not reduced or self.troubles:
                break
            progress.begin(f"looking for the shortest schedules that fail: {len(reduced)} reductions")
            self._stage(reduced, where, 1.0)

    def _stage_again(self, where: _Where, seconds: Seconds) -> None:
        """Stage a second time what was not already while other waves ran; and the rest of that a third time."""
        alone = killers(self.records)
        late = [each for each in seconds.left(self.records, self.evidence_for) if each.id not in alone]
        if late:
            where.progress.begin(once_more(late))
            self._stage(late, where, 2.0)
            seconds.staged += late
        alone = killers(self.records)
        for batch in batches([each for each in seconds.third(self.evidence_for) if each.id not in alone]):
            if self.troubles:
                break
            where.progress.begin(f"{len(batch)} of them late in that crowd too: once more, without it")
            self._stage(batch, where, 2.0)
            if is_hopeless(batch, self.evidence_for):
                break

    def _stage(
        self, scenarios: Sequence[Scenario], where: _Where, stretch: float, seconds: Seconds | None = None
    ) -> None:
        """Stage scenarios, each clock in a wave of its own, all waves side by side.

        Args:
            scenarios: What is staged.
            where: What all stagings have in common.
            stretch: Factor for a second staging.
            seconds: If this is the first: what is staged again beside it as soon as a wave has ended.

        Raises:
            Unreached: Mail goes nowhere, and this is the first staging.
        """
        # even where nothing applies a record says why
        plans = where.plans.of(scenarios, stretch) or [where.plans.one([], Timing.STEADY, stretch)]
        self._launch(plans, where, seconds)

    def _launch(self, plans: list[Plan], where: _Where, seconds: Seconds | None) -> None:
        """Run some waves side by side, and what comes to that, and keep their records.

        Args:
            plans: What they are to do; what is staged again while others of them run is added.
            where: What all stagings have in common.
            seconds: If this is the first staging: what is staged again.

        Raises:
            Unreached: Mail goes nowhere.
            BrokenOff: The run cannot go on; what there is of the records is kept.
            pytest.UsageError: The target cannot be judged on this machine.
        """
        progress = where.progress
        waves = Waves(
            plans,
            self.ahead.folders,
            lambda late: where.plans.of(late, 2.0),
            seconds,
            progress.tell,
        )

        def keep(trouble: Trouble | None) -> None:
            assert self.target is not None
            for record, path in waves.left(self.target, trouble):
                self.records.append(record)
                self.paths.append(path)

        try:
            planned = waves.planned()
            progress.begin("staging " + ", ".join(described(plan, where.plans.apart) for plan in plans))
            launch_all(
                planned,
                progress,
                waves.ended,
                begun=waves.begun,
                written=waves.written,
                lasting=LongWindows(progress.tell).tell,
                early=seconds is not None,
                ahead=self.ahead,
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
        records = waves.records
        complete = all(record.footer for record in records)
        longest = longest_window(records)
        waited = f"{waves.seconds:.1f} s" + (f", longest window {longest}" if longest else "")
        progress.end(waited if complete else "a record is incomplete")
