"""How red is counted, on verdicts made up."""

from types import SimpleNamespace

from conformance.judging.verdict import Verdict

from .catalogue import MUTANTS
from .reds import Reds, count, sample, table


def _given(scenario, aspect, verdict, **findings):
    return SimpleNamespace(
        aspect=aspect,
        scenario=SimpleNamespace(id=scenario),
        judged=SimpleNamespace(
            verdict=verdict,
            findings=[
                SimpleNamespace(requirement=row, verdict=each) for row, each in findings.items() if each
            ],
        ),
    )


def test_the_scenario_with_most_red_aspects_counts_and_each_requirement_once():
    given = [
        _given("one", "retried", Verdict.FAIL, a=Verdict.FAIL, b=Verdict.PASS),
        _given("one", "recovers", Verdict.DEVIATION, a=Verdict.FAIL, c=Verdict.DEVIATION),
        _given("one", "error_code", Verdict.NOT_APPLICABLE),
        _given("two", "retried", Verdict.FAIL, a=Verdict.FAIL),
    ]
    assert count("it", given) == Reds(name="it", requirements=2, aspects=2)


def test_what_was_seen_breaks_its_requirement_and_is_no_second_red():
    given = [
        _given("one", "stays_queued", Verdict.FAIL, a=Verdict.FAIL),
        _given("one", "never_in_clear", Verdict.FAIL, b=Verdict.FAIL),
    ]
    assert count("it", given) == Reds(name="it", requirements=2, aspects=1)


def test_nothing_red_is_none():
    assert count("it", [_given("one", "retried", Verdict.PASS)]) == Reds(name="it", requirements=0, aspects=0)


def test_same_seed_chooses_the_same_guilty_mutants():
    mutants = list(MUTANTS.values())
    chosen = sample(mutants, 20, 1)
    assert len(chosen) == 20
    assert not any(mutant.innocent for mutant in chosen)
    assert chosen == sample(mutants, 20, 1)
    assert chosen != sample(mutants, 20, 2)


def test_table_ends_in_medians_and_maxima():
    counted = [Reds(name=f"m{number}", requirements=number, aspects=1) for number in (1, 4, 2)]
    _, first, *_, median, most = table(counted)
    assert first.split() == ["m4", "4", "1"]
    assert median.split()[-2:] == ["2", "1"]
    assert most.split()[-2:] == ["4", "1"]
