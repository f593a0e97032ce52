"""Stages waves without pytest, and judges every aspect of what was staged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance import plan as planning
from conformance import profile as profiles
from conformance.failure_modes import ALL
from conformance.judging import Judged, judge
from conformance.launch import launch
from conformance.plan import Plan
from conformance.record import Record, load
from conformance.scenario import Course, Scenario, of_control
from conformance.suite import ASPECTS

TESTS = Path(__file__).resolve().parents[1]


class _Quiet:
    def advance(self, done: int, total: int) -> None:
        """Show nothing."""


@dataclass(frozen=True)
class Given:
    """A verdict, and what it is about."""

    aspect: str
    mode: str
    profile: str
    judged: Judged

    def __str__(self) -> str:
        judged = self.judged
        return (
            f"{self.aspect}[{self.mode}] {judged.verdict} ({self.profile}, {judged.requirement.id}): "
            f"{judged.observed}"
        )


def scenario_of(mode: str) -> Scenario:
    """Return the scenario that a failure mode or control is judged by."""
    failure_mode = ALL[mode]
    return Scenario(
        failure_mode=failure_mode, course=Course.HEALTHY if failure_mode.is_control else Course.HEALED
    )


def stage(
    target: str, modes: Iterable[str], folder: Path, *, disarmed: bool = False, stretch: float = 1.0
) -> Record:
    """Run one wave in a folder, with the controls that the failure modes rely on."""
    wanted = [scenario_of(mode) for mode in modes]
    controls = [of_control(scenario.failure_mode) for scenario in wanted]
    plan = Plan(
        target=target,
        import_path=[str(TESTS)],
        lab="loopback",
        scenarios=list(dict.fromkeys(scenario.id for scenario in (*controls, *wanted))),
        asked=planning.schedule(),
        stretch=stretch,
        disarmed=disarmed,
    )
    folder.mkdir(parents=True)
    return load(launch(plan, folder, _Quiet()))


def was_late(record: Record) -> bool:
    """Tell whether the wave itself was too late for its verdicts to count."""
    return any(staged.lag > record.header.slack for staged in record.staged.values())


def judge_all(record: Record, profile: str) -> Iterator[Given]:
    """Judge every aspect of everything in a record."""
    for aspect in ASPECTS:
        for scenario in aspect.scenarios():
            if scenario.id in record.staged:
                judged = judge(aspect, scenario, record, profiles.load(profile))
                yield Given(aspect.name, scenario.failure_mode.name, profile, judged)
