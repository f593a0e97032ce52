"""Reducing: which schedules are staged next, and what a failing one comes down to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.catalogue.profile import load
from conformance.catalogue.requirements import Level, catalogue
from conformance.judging.judge import Judged
from conformance.judging.verdict import Finding, Verdict
from conformance.schedules.drawing import sequences
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence
from conformance.session.minimise import MOST, WAVES, Minimiser, explained, next_reductions, smallest

Fails = Callable[[FaultSequence], bool]


def play(
    failing: list[FaultSequence], fails: Fails, waves: int = WAVES
) -> tuple[dict[FaultSequence, bool | None], int]:
    """Stage reductions wave by wave at a relay that fails as told; return what is known, and the waves used."""
    known: dict[FaultSequence, bool | None] = {schedule: fails(schedule) for schedule in failing}
    for number in range(waves):
        wanted = next_reductions([s for s in failing if known[s]], known)
        if not wanted:
            return known, number
        assert not known.keys() & set(wanted), "nothing is staged twice"
        known |= {schedule: fails(schedule) for schedule in wanted}
    return known, waves


def parse(text: str) -> FaultSequence:
    return FaultSequence.parse(text)


def test_what_does_not_matter_is_dropped() -> None:
    start = parse("dns_no_answer+reset_at_data+stall_at_ehlo+close_at_quit")
    known, waves = play([start], lambda schedule: "reset_at_data" in schedule.faults)
    assert str(smallest(start, known)) == "minimal schedule: reset_at_data+healthy"
    assert waves == 2, "one finds it among the parts, the next one finds nothing simpler"


def test_what_matters_in_number_only_becomes_the_mildest() -> None:
    start = parse("stall_at_dot+dns_servfail+healthy")
    known, _ = play([start], lambda schedule: len(schedule.faults) >= 2)
    assert smallest(start, known).sequence == parse("connection_refused+connection_refused+healthy")


def test_what_matters_in_order_keeps_its_order() -> None:
    def fails(schedule: FaultSequence) -> bool:
        return any(
            "_at_dot" in one and "dns" in other
            for place, one in enumerate(schedule.faults)
            for other in schedule.faults[place:]
        )

    start = parse("stall_at_dot+close_at_mail+dns_nodata+healthy")
    known, _ = play([start], fails)
    assert smallest(start, known).sequence == parse("reply_451_at_dot+dns_servfail+healthy")


def test_an_ending_that_matters_stays() -> None:
    start = parse("dns_servfail+stall_at_quit")
    known, _ = play([start], lambda schedule: schedule.ending == "stall_at_quit")
    assert smallest(start, known).sequence == parse("stall_at_quit")


def test_a_schedule_that_fails_whatever_is_dropped_is_minimal_itself() -> None:
    start = parse("close_at_mail+reset_at_rcpt+healthy")
    known, waves = play([start], lambda schedule: schedule == start)
    assert smallest(start, known) == smallest(start, {start: True} | known)
    assert str(smallest(start, known)) == f"minimal schedule: {start}"
    assert waves == 1


def test_unstaged_reductions_are_owned_up_to() -> None:
    start = parse("close_at_mail+healthy")
    found = smallest(start, {start: True})
    assert found.sequence == start
    assert str(found).endswith(f"({len(start.reductions())} reductions of it were not judged)")


def test_a_reduction_that_could_not_be_judged_is_not_staged_again_nor_taken_for_a_pass() -> None:
    start = parse("host_unreachable+healthy")
    [only] = start.reductions()
    known: dict[FaultSequence, bool | None] = {start: True, only: None}
    assert next_reductions([start], known) == []
    assert smallest(start, known).untried == (only,)


def test_one_schedule_profits_from_what_another_came_down_to() -> None:
    simple, deep = (
        parse("dns_servfail+reset_at_data+healthy"),
        parse("stall_at_ehlo+reset_at_data+reset_at_dot+healthy"),
    )
    minimal = parse("reset_at_data+healthy")
    assert smallest(deep, {simple: True, deep: True, minimal: True}).sequence == minimal


def test_no_more_than_some_schedules_are_reduced_at_a_time() -> None:
    stages = ("mail", "rcpt", "data", "dot")
    mildest = [f"reply_451_at_{stage}" for stage in stages] + [
        "close_at_body",
        "dns_servfail",
        "host_unreachable",
    ]
    failing = [FaultSequence((fault,), "rejected_at_mail") for fault in mildest]
    wanted = next_reductions(failing, dict.fromkeys(failing, True))
    simplest = sorted(failing, key=lambda schedule: schedule.weight)[:MOST]
    assert len(simplest) == MOST < len(failing)
    one_step = {r for schedule in simplest for r in schedule.reductions()}
    assert set(wanted) == one_step | {part for schedule in simplest for part in schedule.parts()}


@given(sequences(3), st.data())
@settings(deadline=None)
def test_a_few_waves_are_enough_for_what_fails_by_a_part_of_the_schedule(
    start: FaultSequence, data: st.DataObject
) -> None:
    cause = start
    for _ in range(data.draw(st.integers(0, WAVES - 1))):
        if cause.reductions():
            cause = data.draw(st.sampled_from(cause.reductions()))
    known, _ = play([start], lambda schedule: schedule.can_become(cause), waves=WAVES)
    found = smallest(start, known)
    assert found.sequence.can_become(cause)
    assert found.sequence.weight <= start.weight
    if not found.untried:
        assert found.sequence == cause


@pytest.mark.parametrize("waves", [0, 1, 2])
def test_fewer_waves_find_something_that_fails_all_the_same(waves: int) -> None:
    start = parse("stall_at_dot+dns_no_answer+reset_at_mail+close_at_quit")
    known, _ = play([start], lambda schedule: "reset_at_mail" in schedule.faults, waves)
    found = smallest(start, known).sequence
    assert known[found] is True
    assert len(found.faults) == (1 if waves else 3)


def test_what_comes_down_to_a_fault_that_fails_by_itself_says_nothing_more() -> None:
    scenario = scenario_of("reset_at_data+rejected_at_dot.schedule")
    failed = Judged(
        verdict=Verdict.FAIL,
        requirement=catalogue()["schedule/exactly-once"],
        level="MUST",
        findings=(
            Finding(
                requirement="schedule/exactly-once",
                level=Level.MUST,
                holds=False,
                expected="one",
                observed="none",
            ),
        ),
    )
    minimiser = Minimiser([], load("eop"))
    minimiser._known = {parse("reset_at_data+rejected_at_dot"): True, parse("rejected_at_dot"): True}
    red = {"rejected_at_dot": "test_returned_at_once[rejected_at_dot]"}
    told = explained(failed, scenario, minimiser, lambda: red)
    assert (told.verdict, told.because) == (Verdict.NOT_APPLICABLE, red["rejected_at_dot"])
    assert "(see returned_at_once[rejected_at_dot])" in told.observed
    assert explained(failed, scenario, minimiser, dict).verdict is Verdict.FAIL
    # what was seen is never left out: a second copy
    seen = replace(failed, findings=(replace(failed.findings[0], conclusive=True),))
    assert explained(seen, scenario, minimiser, lambda: red).verdict is Verdict.FAIL


def test_one_step_alone() -> None:
    assert parse("rejected_at_dot").alone == "rejected_at_dot"
    assert parse("close_at_mail+healthy").alone == "close_at_mail"
    assert parse("close_at_mail+rejected_at_dot").alone == ""
