"""A run in parts: every test is in one of them, controls are where they are needed, all parts cost about the same."""

import random

import pytest

from conformance.catalogue.course import Course
from conformance.catalogue.scenario import Scenario
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import FaultSequence, failure_mode_of
from conformance.session.shards import Shard, cost_of, measured
from conformance.suite import ASPECTS

# What can be named without drawing anything.
WHOLE = list({each.id: each for aspect in ASPECTS for each in aspect.scenarios()}.values())


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1 / 2", "٣/٤"])
def test_anything_but_a_part_of_a_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="K/N, the Kth of N parts, such as 2/4") as error:
        Shard.parse(text)
    assert f"--conformance-shard={text}" in str(error.value)


def test_a_part_is_written_as_it_is_read() -> None:
    assert str(Shard.parse("2/4")) == "2/4"
    assert Shard.parse("1/1") == Shard(1, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 50])
def test_every_failure_mode_is_in_one_part(count: int) -> None:
    parts = [Shard(number, count).modes(WHOLE) for number in range(1, count + 1)]
    assert set.union(*parts) == {scenario.failure_mode.name for scenario in WHOLE}
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_the_order_of_the_tests_changes_nothing() -> None:
    mixed = random.Random(1).sample(WHOLE, len(WHOLE))
    assert Shard(2, 4).modes(WHOLE) == Shard(2, 4).modes([*mixed, *mixed[:50]])


@pytest.mark.parametrize("count", [2, 4, 8])
def test_parts_cost_about_the_same(count: int) -> None:
    sums = [
        sum(cost_of(each) for each in WHOLE if each.failure_mode.name in modes)
        for modes in (Shard(number, count).modes(WHOLE) for number in range(1, count + 1))
    ]
    assert max(sums) < 1.02 * min(sums)


def test_what_is_only_spoken_of_is_dealt_out_too() -> None:
    parts = [Shard(number, 3).modes([], others=("a", "b", "c", "d")) for number in (1, 2, 3)]
    assert sorted(map(len, parts)) == [1, 1, 2]


def test_what_was_never_measured_costs_what_is_usual() -> None:
    mode = failure_mode_of(FaultSequence(("connection_refused", "close_at_dot"), "healthy"))
    drawn = Scenario(failure_mode=mode, course=Course.SCHEDULE)
    assert drawn.id not in measured()
    assert 20 < cost_of(drawn) < 200


def test_costs_are_those_of_scenarios_that_there_are() -> None:
    unknown = [name for name in measured() if name not in {scenario.id for scenario in WHOLE}]
    # controls are staged and, on some clocks, judged by nobody
    assert all(scenario_of(name).failure_mode.is_control for name in unknown), (
        "write it anew: python -m bench.costs"
    )
