"""Drawing: the same schedules for the same numbers, wherever and by whom it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from itertools import product
from pathlib import Path

import hypothesis
import pytest

from conformance.catalogue.versions import newest, versions
from conformance.schedules.drawing import DEFAULT_COUNT, DEFAULT_DEPTH, DEFAULT_SEED, draw, evened
from conformance.schedules.sequence import ENDINGS, FAULTS, FaultSequence
from conformance.schedules.settings import SORTS, combinations_of, sorts_of
from conformance.session.sequence_choice import SequenceChoice

ROOT = Path(__file__).parents[2]

# A user's process: modules full of constants, a hypothesis profile of their own, a used random generator.
_ELSEWHERE = """
import random, sys
sys.path[:0] = [{root!r}, "."]
import constants, hypothesis
hypothesis.settings.register_profile("theirs", max_examples=3, derandomize=True, deadline=1)
hypothesis.settings.load_profile("theirs")
random.seed()
from conformance.schedules.drawing import draw
print(*draw(40, seed_=7), sep="\\n")
"""


def test_draws_are_the_same_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "constants.py").write_text(f"NUMBERS = {list(range(1, 64))}\n", encoding="utf-8")
    for salt in ("0", "4711"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _ELSEWHERE.format(root=str(ROOT))],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": salt, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [str(schedule) for schedule in draw(40, seed_=7)]
    assert [path.name for path in tmp_path.iterdir()] == ["constants.py"], "drawing leaves no file behind"


def test_draws_are_the_same_twice_and_leave_the_random_generator_alone() -> None:
    import random

    random.seed(5)
    expected = random.random()
    random.seed(5)
    first = draw(30)
    assert random.random() == expected
    assert draw(30) == first


def test_another_seed_draws_others() -> None:
    assert len(set(draw(50, seed_=1)) & set(draw(50, seed_=2))) < 25


def test_default_draw_is_distinct_and_as_deep_as_it_says() -> None:
    drawn = draw()
    assert len(drawn) == len(set(drawn)) == DEFAULT_COUNT
    assert {len(schedule.faults) for schedule in drawn} == set(range(1, DEFAULT_DEPTH + 1))


def test_default_draw_meets_most_of_what_can_happen() -> None:
    drawn = draw()
    faults = Counter(name for schedule in drawn for name in schedule.faults)
    assert set(faults) == set(FAULTS)
    assert {schedule.ending for schedule in drawn} == set(ENDINGS)
    assert 30 < sum(schedule.ending == "healthy" for schedule in drawn) < 70
    assert any("_at_dot" in name for name in faults)
    settings = Counter(name for schedule in drawn for name in schedule.settings)
    assert set(settings) == {name for sort in SORTS for name in sort.names}
    assert max(settings.values()) < 60
    assert 6 < sum(not schedule.settings for schedule in drawn) < 30


def test_a_fault_that_is_missing_takes_the_place_of_a_frequent_one_that_lasts_as_long() -> None:
    drawn = [FaultSequence.parse(f"close_at_mail+stall_at_{stage}+healthy") for stage in ("ehlo", "mail")]
    drawn += [
        FaultSequence.parse(f"stall_at_ehlo+{fault}+healthy") for fault in ("reset_at_dot", "dns_nodata")
    ]
    faults = [FAULTS[name] for schedule in evened(drawn) for name in schedule.faults]
    assert len({step.name for step in faults}) == len(faults) > 6
    assert Counter(step.timeout for step in faults) == Counter(
        FAULTS[name].timeout for schedule in drawn for name in schedule.faults
    )
    assert len(evened(drawn[:1])) == 1
    assert evened(drawn[:1]) == drawn[:1]


@pytest.mark.parametrize("depth", [1, 2, 6])
def test_depth_is_respected(depth: int) -> None:
    assert max(len(schedule.faults) for schedule in draw(60, depth=depth)) == depth


def test_all_there_are_are_drawn_if_more_are_asked_for() -> None:
    settings = combinations_of(sorts_of("0.1"))
    everything = {FaultSequence((fault,), *how) for fault in FAULTS for how in product(ENDINGS, settings)}
    assert set(draw(len(everything) + 1, depth=1, version="0.1")) == everything


@pytest.mark.parametrize("version", versions())
def test_a_version_of_the_catalogue_draws_what_it_has(version: str) -> None:
    drawn = draw(version=version)
    assert {name for schedule in drawn for name in schedule.settings} == {
        name for sort in sorts_of(version) for name in sort.names
    }
    assert (drawn == draw()) is (version == newest())


def test_to_closed_versions_draws_are_what_they_were() -> None:
    first = draw(version="0.1")
    assert all(draw(version=version) == first for version in ("0.2", "0.3", "0.4", "0.5", "0.6"))
    assert {name for schedule in first for name in schedule.settings} == {
        "large_message",
        "offers_nothing",
        "offers_chunking",
    }
    if hypothesis.__version__ == "6.170.17":
        digest = sha256("\n".join(map(str, first)).encode()).hexdigest()
        assert digest == "454fbc4e85b2e1ce34ed933c4ae2e4bf10de9b18d30c61a868fd8bbe3f8f071b"


def test_a_record_is_judged_by_a_closed_version_without_what_came_later() -> None:
    plain, later = (
        FaultSequence.parse(text)
        for text in ("close_at_mail+healthy", "second_host_healthy+close_at_mail+healthy")
    )
    for version, judged in (("0.6", [plain]), (newest(), [plain, later])):
        choice = SequenceChoice(count=0, version=version, staged=(plain, later))
        names = [s.failure_mode.name for s in choice.scenarios([], drawn=True)]
        assert names == [str(schedule) for schedule in judged]


def test_one_can_be_asked_for_and_none() -> None:
    assert len(draw(1)) == 1
    assert draw(0) == []


def test_choice_says_what_it_depends_on() -> None:
    [line] = SequenceChoice(count=12, seed=5, depth=2).about()
    assert "12 fault schedules of at most 2 faults" in line
    assert f"hypothesis {hypothesis.__version__} from seed 5" in line
    assert SequenceChoice(count=0).about() == []


@pytest.mark.parametrize(
    ("numbers", "option"),
    [
        ({"count": -1}, "--conformance-schedules=-1"),
        ({"count": 100_000}, "--conformance-schedules=100000"),
        ({"count": 1, "depth": 0}, "--conformance-depth=0"),
        ({"count": 1, "depth": 1000}, "--conformance-depth=1000"),
    ],
)
def test_number_that_makes_no_sense_is_refused_by_its_option(numbers: dict[str, int], option: str) -> None:
    with pytest.raises(ValueError, match=option):
        SequenceChoice(count=numbers["count"], depth=numbers.get("depth", DEFAULT_DEPTH))


def test_a_schedule_that_is_named_is_judged_whether_drawn_or_not() -> None:
    choice = SequenceChoice(count=3, seed=DEFAULT_SEED)
    named = "stall_at_dot+stall_at_dot+stall_at_dot+healthy"
    both = [s.failure_mode.name for s in choice.scenarios([named, "no schedule"], drawn=True)]
    assert both == [*map(str, draw(3)), named]
    assert [s.failure_mode.name for s in choice.scenarios([named], drawn=False)] == [named]


def test_a_schedule_that_is_drawn_and_named_is_judged_once() -> None:
    choice = SequenceChoice(count=3)
    [first, *_] = draw(3)
    assert len(list(choice.scenarios([str(first)], drawn=True))) == 3
