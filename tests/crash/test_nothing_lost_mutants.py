"""The aspect `nothing_lost` catches relays that lose, double or damage mail when they are killed, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants.catalogue_crash import CRASH

from conformance import plan as planning
from conformance import profile as profiles
from conformance.course import Timing
from conformance.judging import Judged, judge
from conformance.launch import launch_all
from conformance.plan import Plan
from conformance.record import Record, load
from conformance.scenario import Scenario, controls_of
from conformance.suite.test_nothing_lost import test_nothing_lost as nothing_lost
from conformance.verdict import Verdict

_TESTS = Path(__file__).resolve().parents[1]


class Quiet:
    def advance(self, done: int, total: int) -> None:
        """Show nothing."""


def plan_of(target: str, modes: tuple[str, ...], *, disarmed: bool = False) -> Plan:
    wanted = [Scenario.from_id(f"{mode}.killed") for mode in modes]
    controls = [control for scenario in wanted for control in controls_of(scenario)]
    return Plan(
        target=target,
        import_path=[str(_TESTS)],
        lab="loopback",
        scenarios=list(dict.fromkeys(scenario.id for scenario in (*controls, *wanted))),
        timing=Timing.CRASHED,
        asked=planning.schedule(Timing.CRASHED),
        disarmed=disarmed,
    )


def judged(record: Record, mode: str) -> Judged:
    return judge(nothing_lost, Scenario.from_id(f"{mode}.killed"), record, profiles.load("eop"))


_ALL = tuple(scenario.failure_mode.name for scenario in nothing_lost.scenarios())


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    plans = {mutant.name: plan_of(f"crash.sinner:{mutant.name}", mutant.scenarios) for mutant in CRASH}
    plans["disarmed"] = plan_of("reference", _ALL, disarmed=True)
    folders = [tmp_path_factory.mktemp(name) for name in plans]
    paths = launch_all(list(zip(plans.values(), folders, strict=True)), Quiet())
    return dict(zip(plans, map(load, paths), strict=True))


@pytest.mark.parametrize("mutant", CRASH, ids=lambda mutant: mutant.name)
def test_mutant_is_caught_by_what_it_breaks_and_by_nothing_else(records, mutant):
    expected = {mode: each.requirement for each in mutant.caught for mode in each.modes}
    seen = {mode: judged(records[mutant.name], mode) for mode in mutant.scenarios}
    wrong = {mode: each.requirement.id for mode, each in seen.items() if each.verdict is Verdict.FAIL}
    assert wrong == expected, {mode: each.observed for mode, each in seen.items()}
    others = {mode: each.verdict for mode, each in seen.items() if mode not in expected}
    assert set(others.values()) <= {Verdict.PASS}, {mode: seen[mode].observed for mode in others}


@pytest.mark.parametrize("mode", _ALL)
def test_nothing_passes_when_nothing_is_killed(records, mode):
    assert judged(records["disarmed"], mode).verdict is Verdict.INCONCLUSIVE
