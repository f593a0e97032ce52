"""How red is counted, on verdicts made up; and that what is kept of a run is not staged again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import Level, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.judging.verdict import Verdict
from conformance.report.overview import Row, overview_lines
from conformance.suite import ASPECTS

from . import whole
from .__main__ import main
from .catalogue import MUTANTS
from .reds import ROW, Reds, beside, count, explanations, sample, table
from .whole import TERMINAL, VERDICTS, Kept

MUTANT = MUTANTS["never_retries"]
CAUGHT_BY = MUTANT.caught[0].requirement


def _red(aspect: str, *broken: str, mode: str = "one", verdict: str = "fail") -> dict[str, Any]:
    return {
        "kind": "verdict",
        "failure_mode": mode,
        "course": "healed",
        "aspect": aspect,
        "verdict": verdict,
        "requirement": broken[0],
        "broken": list(broken),
    }


def _count(*rows: dict[str, Any], terminal: str = "") -> Reds:
    return count(Kept(mutant=MUTANT, rows=rows, terminal=terminal))


def test_the_scenario_with_most_red_aspects_counts_and_each_requirement_once() -> None:
    counted = _count(
        _red("retried", "a", "b"),
        _red("recovers", "a", "c", verdict="deviation"),
        _red("retried", "a", mode="two"),
        _red("times_out", "d", verdict="inconclusive"),
    )
    assert counted.figures == (3, 2, 0, 1)
    assert counted.requirements["a"] == ["retried[one.healed]", "recovers[one.healed]", "retried[two.healed]"]


def test_what_was_seen_breaks_its_requirement_and_is_no_second_red() -> None:
    assert _count(_red("stays_queued", "a"), _red("never_in_clear", "b")).figures == (2, 1, 0, 0)


def test_nothing_red_is_none() -> None:
    assert _count().figures == (0, 0, 0, 0)


def test_up_to_two_requirements_need_no_reason_and_more_need_one_each() -> None:
    two = _count(_red("retried", "a", "b"))
    assert two.unexplained == []
    assert list(explanations([two])) == []
    three = _count(_red("retried", CAUGHT_BY, "b", "c"))
    assert three.unexplained == ["b", "c"]
    told = "\n".join(explanations([three]))
    assert f"{CAUGHT_BY:36}    1 red, as retried[one.healed]: its own" in told
    assert told.count("NOT EXPLAINED") == 2


def test_a_second_red_aspect_of_one_scenario_needs_one_as_well() -> None:
    [aspect] = {each.aspect for each in MUTANT.caught}
    counted = _count(_red(aspect, "a"), _red("mailed_by_pigeon", "a"))
    assert counted.unexplained == ["mailed_by_pigeon[one.healed]"]
    assert "mailed_by_pigeon (NOT EXPLAINED)" in "\n".join(explanations([counted]))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.DEVIATION])
def test_rows_are_counted_as_they_are_shown(verdict: Verdict) -> None:
    class Shown:
        name = nodeid = "test_retried[connection_refused]"
        aspect = next(each for each in ASPECTS if each.name == "retried")
        scenario = Scenario(failure_mode=ALL["connection_refused"], course=Course.HEALED)

    found = [
        Row(requirement=each, level=level, verdict=verdict, tests=(Shown(),), observed="F MUST not/a-row")
        for each, level in zip(catalogue().values(), [*Level] * 9, strict=False)
    ]
    assert len(ROW.findall("\n".join(overview_lines(found, "it", 100)))) == len(found)


def test_same_seed_chooses_the_same_guilty_mutants() -> None:
    mutants = list(MUTANTS.values())
    chosen = sample(mutants, 20, 1)
    assert len(chosen) == 20
    assert not any(mutant.innocent for mutant in chosen)
    assert chosen == sample(mutants, 20, 1)
    assert chosen != sample(mutants, 20, 2)
    assert len(sample(mutants, 0, 1)) == sum(not mutant.innocent for mutant in mutants)


def test_table_ends_in_medians_and_maxima() -> None:
    counted = [_count(*(_red("retried", str(each)) for each in range(number))) for number in (1, 4, 2)]
    _, first, *_, middle, most = table(counted)
    assert first.split()[1:3] == ["4", "4"]
    assert middle.split()[-4:] == ["2", "2", "0", "0"]
    assert most.split()[-4:] == ["4", "4", "0", "0"]


def test_what_a_mutant_brings_is_a_requirement_with_a_reason() -> None:
    for mutant in MUTANTS.values():
        assert mutant.brings.keys() <= catalogue().keys()
        assert all(mutant.brings.values())
        assert not {row for each in mutant.caught for row in each.proves} & mutant.brings.keys()
    assert "`also=`" in beside(MUTANTS.values())


def test_what_is_kept_is_counted_and_not_staged_again(tmp_path, monkeypatch, capsys) -> None:
    folder = tmp_path / MUTANT.name
    folder.mkdir()
    folder.joinpath(VERDICTS).write_text(json.dumps(_red("retried", CAUGHT_BY)) + "\n")
    folder.joinpath(TERMINAL).write_text(f"F MUST    {CAUGHT_BY:32} 1 failure mode\n")
    monkeypatch.setattr(whole, "_stage", None)
    assert main(["--whole", "--keep", str(tmp_path), "--seed", "3", MUTANT.name]) == 0
    said = capsys.readouterr().out
    assert "seed 3" in said
    assert f"{MUTANT.name:44}  1 requirements red, 1 lines of terminal" in said
    [line] = [line for line in said.splitlines() if line.startswith("most of 1")]
    assert line.split()[-4:] == ["1", "1", "1", "0"]


def test_a_run_that_breaks_off_is_told_and_not_kept(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(whole, "profile_of", lambda _: "no-such-profile")
    assert main(["--whole", "--keep", str(tmp_path), MUTANT.name]) == 1
    said = capsys.readouterr().out
    assert "no-such-profile" in said
    assert f"not staged: {MUTANT.name}" in said
    assert not (tmp_path / MUTANT.name).exists()
