"""Stages waves without pytest, one for each clock that is needed, and judges every aspect of what was staged."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.catalogue import profile as profiles
from conformance.catalogue.course import Course, Timing
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario, controls_of, unsuitable
from conformance.evidence.record import Record, load
from conformance.evidence.view import Evidence
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged, judge
from conformance.judging.masks import judge_among
from conformance.lab import addresses as labs
from conformance.lab import namespace
from conformance.report.results import Windows
from conformance.schedules.scenarios import scenario_of as scenario_by_id
from conformance.session.again import CROWDED
from conformance.session.isolation import Isolation
from conformance.session.launch import launch_all
from conformance.suite import ASPECTS
from conformance.target import Capability, Schedule
from conformance.targets.resolve import resolve
from conformance.wave import plan as planning
from conformance.wave.plan import Plan

TESTS = Path(__file__).resolve().parents[1]

# Seconds of a compressed day: longer than the suite's own, because many waves share the machine.
_DAY = 24.0

# All that can be selected of the catalogue.
_EVERY_TEST = frozenset(aspect.test_name(scenario) for aspect in ASPECTS for scenario in aspect.scenarios())

# The course on which a failure mode is staged when none is named: it needs no day.
_FIRST_COURSE = {
    Kind.CONTROL: Course.HEALTHY,
    Kind.HARMLESS: Course.PERSISTS,
    Kind.PASSING: Course.PERSISTS,
    Kind.CONTENT: Course.PERSISTS,
    Kind.TRANSIENT: Course.HEALED,
    Kind.PERMANENT: Course.REJECTED,
    Kind.MIXED: Course.MIXED,
    Kind.REPORTED: Course.REPORTED,
    Kind.BATCH: Course.BATCH,
    Kind.KILLED: Course.KILLED,
    Kind.AMID: Course.AMID,
}


class _Quiet:
    def advance(self, waves: Sequence[Windows]) -> None:
        """Show nothing."""


@dataclass(frozen=True)
class Given:
    """A verdict, and what it is about."""

    aspect: str
    scenario: Scenario
    profile: str
    judged: Judged

    @property
    def mode(self) -> str:
        """The name of the failure mode or control."""
        return self.scenario.failure_mode.name

    def __str__(self) -> str:
        judged = self.judged
        return (
            f"{self.aspect}[{self.scenario.id}] {judged.verdict} ({self.profile}, {judged.requirement.id}): "
            f"{judged.observed}"
        )


def scenario_of(name: str) -> Scenario:
    """Return the scenario called `mode` or `mode.course`."""
    if "." in name:
        return scenario_by_id(name)
    failure_mode = ALL[name]
    return Scenario(failure_mode=failure_mode, course=_FIRST_COURSE[failure_mode.kind])


def everything() -> list[Scenario]:
    """Return every scenario that some aspect judges."""
    return list({scenario.id: scenario for aspect in ASPECTS for scenario in aspect.scenarios()}.values())


def stage(
    target: str,
    scenarios: Iterable[Scenario],
    folder: Path,
    *,
    disarmed: bool = False,
    day: float = _DAY,
    pace: float = 1.0,
) -> list[Record]:
    """Run one wave for each lab and clock in a folder, all at the same time.

    Args:
        target: The target by name.
        scenarios: What to stage, as far as the target is capable of it, with the controls that it relies on.
        folder: Where to put everything; made.
        disarmed: Whether all destinations are healthy.
        day: Seconds of the compressed day.
        pace: Factor on intervals and time-outs of the steady clock.
    """
    capabilities = frozenset(map(Capability, resolve(target, [str(TESTS)]).capabilities))
    wanted = list(scenarios)
    possible = {
        # a lab of its own only for what can be staged nowhere else
        lab: [each for each in wanted if lab == (each.failure_mode.lab or labs.LOOPBACK)]
        for lab in labs.NAMES
        if lab == labs.LOOPBACK or namespace.unavailable() is None
    }
    plans = []
    for lab, timing in itertools.product(possible, Timing):
        here = [
            each
            for each in possible[lab]
            if each.timing is timing and not unsuitable(each, capabilities, lab)
        ]
        controls = [control for each in here for control in controls_of(each)]
        if here:
            plan = Plan(
                target=target,
                import_path=[str(TESTS)],
                lab=lab,
                scenarios=list(dict.fromkeys(each.id for each in (*controls, *here))),
                timing=timing,
                asked=_asked(timing, day, pace),
                slack=planning.slack(timing, day),
                disarmed=disarmed,
            )
            plans.append(plan)
    records = _launch(plans, folder)
    isolations = [Isolation(plan, record) for plan, record in zip(plans, records, strict=True)]
    while further := [(each, place, plan) for each in isolations for place, plan in enumerate(each.plans)]:
        staged = _launch([plan for *_, plan in further], folder)
        records += staged
        for (isolation, place, _), record in zip(further, staged, strict=True):
            isolation.ended(place, record)
    return records


def _launch(plans: Sequence[Plan], folder: Path) -> list[Record]:
    waves = []
    for plan in plans:
        name = f"{plan.lab}-{plan.timing}" + "-alone" * plan.alone
        rounds = len(list(folder.glob(f"{name}*")))
        wave = folder / (f"{name}-{rounds + 1}" if rounds else name)
        wave.mkdir(parents=True)
        waves.append((plan, wave))
    return [load(path) for path in launch_all(waves, _Quiet(), patience=0.0)]


def _asked(timing: Timing, day: float, pace: float) -> Schedule:
    patience = planning.TIMEOUT * pace
    return replace(
        planning.schedule(timing, day=day, stretch=pace),
        connect_timeout=patience,
        command_timeout=patience,
        dns_timeout=patience,
    )


def was_late(records: Iterable[Record]) -> bool:
    """Tell whether a wave itself was too late for its verdicts to count."""
    return any(
        Evidence(record, staged).harness_was_late for record in records for staged in record.staged.values()
    )


def was_crowded(records: Iterable[Record]) -> bool:
    """Tell whether somebody had to wait for a processor in some window, so much that a failure there proves little."""
    return any(staged.pressure > CROWDED for record in records for staged in record.staged.values())


def judged_by(aspect: Aspect, staged: Iterable[str]) -> list[Scenario]:
    """Return what an aspect judges: its failure modes on its courses, and of what is staged the fault schedules."""
    drawn = (scenario_by_id(name) for name in staged if Kind.SCHEDULE in aspect.kinds)
    return [*aspect.scenarios(), *(each for each in drawn if each.course in aspect.courses)]


def judge_all(records: Sequence[Record], profile: str, *, unstaged: bool = False) -> Iterator[Given]:
    """Judge every aspect of everything in some records; if asked to, of what could not be staged, too."""
    names = dict.fromkeys(name for record in records for name in record.staged)

    def verdict_on(aspect: Aspect, scenario: Scenario) -> Judged | None:
        staged = [record for record in records if scenario.id in record.staged]
        return judge(aspect, scenario, staged[-1], profiles.load(profile)) if staged else None

    for aspect in ASPECTS:
        for scenario in judged_by(aspect, names):
            staged = [record for record in records if scenario.id in record.staged]
            staged = [
                each for number, each in enumerate(staged) if not _superseded(each, staged[number + 1 :])
            ]
            for record in staged or (records[:1] if unstaged else []):
                judged = judge_among(
                    _EVERY_TEST, aspect, scenario, record, profiles.load(profile), verdict_on
                )
                yield Given(aspect.name, scenario, profile, judged)


def _superseded(record: Record, later: Sequence[Record]) -> bool:
    """Tell whether a scenario was staged again because its relay had been brought down, or kept busy."""
    spoilt = bool(record.stopped) or any(idling.suspects for idling in record.idling)
    return spoilt and any(each.header.timing == record.header.timing for each in later)
