"""Fault schedules from end to end: the reference relay, relays wrong in one way each, and an anti-run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from user_shell import Ended, run

from conformance.catalogue.course import Course, Timing
from conformance.catalogue.profile import load as load_profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import load
from conformance.evidence.view import Evidence
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.report.results import Windows
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence, failure_mode_of
from conformance.schedules.steps import beside, faults_not_met
from conformance.session.launch import launch
from conformance.suite.test_exactly_once import test_exactly_once as exactly_once
from conformance.wave import plan as planning
from conformance.wave.plan import Plan

SUITE = "conformance/suite/test_exactly_once.py"
DRAWN = f"pytest --target=reference {SUITE} --conformance-schedules=12 --conformance-seed=16 --basetemp=tmp"
NONE = "pytest --target=reference --conformance-schedules=0 --co -q"

# The mutants are targets of the folder above.
TESTS = Path(__file__).parents[1]
MUTANTS = {
    "relays.py": f"import sys\nsys.path.append({str(TESTS)!r})\nfrom mutants.target import __getattr__\n"
}


def records(ended: Ended) -> list[str]:
    return re.findall(r"record: (\S+)", ended.text)


def squeezed(ended: Ended) -> str:
    """The text without its line breaks."""
    return " ".join(ended.text.split())


def failing(mutant: str, schedule: str) -> str:
    return f"pytest --target=relays:{mutant} {SUITE}::test_exactly_once[{schedule}] --basetemp=tmp"


@pytest.mark.user(DRAWN)
def test_reference_relay_keeps_its_promise(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert "12 fault schedules of at most 3 faults" in outcome.text
    assert "fault schedules: 12 pass" in outcome.text
    [path] = records(outcome)
    record = load(outcome.folder / path)
    for staged in record.staged.values():
        if staged.course == Course.SCHEDULE:
            evidence = Evidence(record, staged)
            second = {site.server for site in beside(evidence)}
            if not any(message.server in second for message in evidence.messages):
                assert faults_not_met(evidence, scenario_of(staged.scenario).failure_mode.steps) == []
    again = run(f"pytest --conformance-replay={path} {SUITE}", outcome.folder)
    assert again.status == 0, again.text
    assert "fault schedules: 12 pass" in again.text


@pytest.mark.parametrize(
    ("observed", "minimal"),
    [
        pytest.param(
            "neither delivered nor reported",
            "reset_at_data+healthy",
            id="lost",
            marks=pytest.mark.user(
                failing("loses_on_reset_at_data", "dns_servfail+reset_at_data+close_at_quit"), files=MUTANTS
            ),
        ),
        pytest.param(
            "delivered twice, reported never",
            "connection_refused+connection_refused+healthy",
            id="doubled",
            marks=pytest.mark.user(
                failing("delivers_twice_after_two_faults", "stall_at_rcpt+dns_nodata+healthy"), files=MUTANTS
            ),
        ),
        pytest.param(
            "delivered once, reported once",
            "close_at_dot+healthy",
            id="reported",
            marks=pytest.mark.user(
                failing("returns_after_a_lost_reply", "stall_at_dot+healthy"), files=MUTANTS
            ),
        ),
        pytest.param(
            "delivered twice, reported never",
            "second_host_healthy+reset_at_data+healthy",
            id="by the second host",
            marks=pytest.mark.user(
                failing(
                    "delivers_twice_by_the_second_host",
                    "large_message+offers_nothing+second_host_healthy+reset_at_data+close_at_mail+close_at_quit",
                ),
                files=MUTANTS,
            ),
        ),
    ],
)
def test_broken_promise_is_reduced_to_what_breaks_it(outcome: Ended, observed: str, minimal: str) -> None:
    assert outcome.status == 1, outcome.text
    assert "schedule/exactly-once" in outcome.text
    assert observed in squeezed(outcome)
    assert f"minimal schedule: {minimal}" in squeezed(outcome)
    assert f"1 failing: minimal schedule: {minimal}" in squeezed(outcome)
    assert 2 <= len(records(outcome)) <= 4
    replays = " ".join(f"--conformance-replay={path}" for path in records(outcome))
    again = run(f"pytest {replays} {SUITE}", outcome.folder)
    assert again.status == 1, again.text
    assert "1 failed" in again.text, "reductions are no tests of their own"
    assert f"minimal schedule: {minimal}" in squeezed(again)


@pytest.mark.parametrize(
    "complaint",
    [
        pytest.param(complaint, marks=pytest.mark.user(f"pytest --target=reference {argument}"), id=argument)
        for argument, complaint in (
            ("--conformance-depth=0", "--conformance-depth=0: a number from 1 to"),
            ("--conformance-schedules=-3", "--conformance-schedules=-3: a number from 0 to"),
            (f"{SUITE}::test_exactly_once[close_at_lunch+healthy]", "not found in the suite"),
        )
    ],
)
def test_wrong_wish_is_a_usage_error(outcome: Ended, complaint: str) -> None:
    assert outcome.status == pytest.ExitCode.USAGE_ERROR
    assert complaint in squeezed(outcome)


@pytest.mark.user(NONE)
def test_none_are_collected_if_none_are_wanted(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert "test_exactly_once" not in outcome.text
    assert "fault schedules" not in outcome.text


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
    def advance(self, waves: Sequence[Windows]) -> None:
        """Show nothing."""
