"""Fault schedules from end to end: the reference relay, relays with one sin each, and an anti-run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.catalogue.course import Course, Timing
from conformance.catalogue.profile import load as load_profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import load
from conformance.evidence.view import Evidence
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence, failure_mode_of
from conformance.schedules.steps import faults_not_met
from conformance.session.launch import launch
from conformance.suite.test_exactly_once import test_exactly_once as exactly_once
from conformance.wave import plan as planning
from conformance.wave.plan import Plan

HERE = Path(__file__).parent
SUITE = "conformance/suite/test_exactly_once.py"
LOST = "dns_servfail+reset_at_data+close_at_quit"
DOUBLED = "stall_at_rcpt+dns_nodata+healthy"
REPORTED = "stall_at_dot+healthy"

LINES = {
    "drawn": ("--target=reference", SUITE, "--conformance-schedules=12", "--conformance-seed=3"),
    "lost": ("--target=schedule_mutants:LosesOnResetAtData", f"{SUITE}::test_exactly_once[{LOST}]"),
    "doubled": (
        "--target=schedule_mutants:DuplicatesAfterTwoFaults",
        f"{SUITE}::test_exactly_once[{DOUBLED}]",
    ),
    "reported": (
        "--target=schedule_mutants:ReportsAfterLostReply",
        f"{SUITE}::test_exactly_once[{REPORTED}]",
    ),
}


@dataclass(frozen=True)
class Ended:
    status: int
    text: str

    @property
    def records(self) -> list[str]:
        return re.findall(r"record: (\S+)", self.text)

    @property
    def squeezed(self) -> str:
        """The text without its line breaks."""
        return " ".join(self.text.split())


def run(folder: Path, *arguments: str) -> Ended:
    """Run pytest as a user does, in a folder of their own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:asyncio", f"--basetemp={folder / 'tmp'}", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(HERE), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=150,
        check=False,
    )
    return Ended(done.returncode, done.stdout)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ended]]]:
    """All runs, side by side: nearly all of their time is waiting."""
    with ThreadPoolExecutor(len(LINES)) as pool:
        yield {name: pool.submit(run, tmp_path_factory.mktemp(name), *line) for name, line in LINES.items()}


def test_reference_relay_keeps_its_promise(runs: dict[str, Future[Ended]], tmp_path: Path) -> None:
    ended = runs["drawn"].result()
    assert ended.status == 0, ended.text
    assert "12 fault schedules of at most 3 faults" in ended.text
    assert "fault schedules: 12 pass" in ended.text
    [record] = map(load, map(Path, ended.records))
    for staged in record.staged.values():
        if staged.course == Course.SCHEDULE:
            evidence = Evidence(record, staged)
            assert faults_not_met(evidence, scenario_of(staged.scenario).failure_mode.steps) == []
    again = run(tmp_path, f"--conformance-replay={ended.records[0]}", SUITE)
    assert again.status == 0, again.text
    assert "fault schedules: 12 pass" in again.text


@pytest.mark.parametrize(
    ("name", "observed", "minimal"),
    [
        ("lost", "neither delivered nor reported", "reset_at_data+healthy"),
        ("doubled", "delivered twice, reported never", "connection_refused+connection_refused+healthy"),
        ("reported", "delivered once, reported once", "close_at_dot+healthy"),
    ],
)
def test_broken_promise_is_reduced_to_what_breaks_it(
    runs: dict[str, Future[Ended]], tmp_path: Path, name: str, observed: str, minimal: str
) -> None:
    ended = runs[name].result()
    assert ended.status == 1, ended.text
    assert "schedule/exactly-once" in ended.text
    assert observed in ended.squeezed
    assert f"minimal schedule: {minimal}" in ended.squeezed
    assert f"1 failing: minimal schedule: {minimal}" in ended.text
    assert 2 <= len(ended.records) <= 4
    again = run(tmp_path, *(f"--conformance-replay={record}" for record in ended.records), SUITE)
    assert again.status == 1, again.text
    assert "1 failed" in again.text, "reductions are no tests of their own"
    assert f"minimal schedule: {minimal}" in again.squeezed


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--conformance-depth=0"], "--conformance-depth=0: a number from 1 to"),
        (["--conformance-schedules=-3"], "--conformance-schedules=-3: a number from 0 to"),
        ([f"{SUITE}::test_exactly_once[close_at_lunch+healthy]"], "not found in the suite"),
    ],
)
def test_wrong_wish_is_a_usage_error(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    ended = run(tmp_path, "--target=reference", *arguments)
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    assert complaint in ended.text


def test_none_are_collected_if_none_are_wanted(tmp_path: Path) -> None:
    ended = run(tmp_path, "--target=reference", "--conformance-schedules=0", "--co", "-q")
    assert ended.status == 0, ended.text
    assert "test_exactly_once" not in ended.text
    assert "fault schedules" not in ended.text


def test_nothing_passes_when_every_fault_is_disarmed(tmp_path: Path) -> None:
    texts = ("connection_refused+healthy", "dns_servfail+reset_at_quit", "stall_at_dot+rejected_at_mail")
    scenarios = [
        Scenario(failure_mode=failure_mode_of(FaultSequence.parse(text)), course=Course.SCHEDULE)
        for text in texts
    ]
    plan = Plan(
        target="reference",
        import_path=[],
        lab="loopback",
        scenarios=["plain.healthy", *(scenario.id for scenario in scenarios)],
        timing=Timing.STEADY,
        asked=planning.schedule(Timing.STEADY),
        disarmed=True,
    )
    record = load(launch(plan, tmp_path, _Silent()))
    for scenario in scenarios:
        judged = judge(exactly_once, scenario, record, load_profile("eop"))
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "not provoked" in judged.reason


class _Silent:
    def advance(self, done: int, total: int) -> None:
        """Show nothing."""
