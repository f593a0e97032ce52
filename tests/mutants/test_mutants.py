"""A few mutants from end to end (`python -m mutants` runs all), and what must be true of the catalogue."""

import pytest

from conformance import profile as profiles
from conformance.failure_modes import ALL
from conformance.requirements import catalogue
from conformance.suite import ASPECTS
from conformance.targets.resolve import UnknownTarget, resolve
from conformance.verdict import Verdict

from .__main__ import main, run
from .catalogue import MUTANTS, UNPROVEN
from .verdicts import find, modes_of
from .waves import TESTS

_REPRESENTATIVE = (
    "wrong_code_for_refused",
    "hides_deferred_messages",
    "accepts_any_name",
    "duplicates_after_recovery",
    "alters_the_body",
    "words_its_own",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutants")
    mutants = [MUTANTS[name] for name in _REPRESENTATIVE]
    return {result.mutant.name: result for result in run(mutants, folder)}


@pytest.mark.parametrize("name", _REPRESENTATIVE)
def test_mutant_is_caught_by_what_it_breaks_and_by_nothing_else(results, name):
    result = results[name]
    assert result.missed == []
    assert result.collateral == []
    assert result.mutant.innocent or result.caught != []


@pytest.mark.parametrize("name", profiles.NAMES)
def test_every_requirement_that_a_profile_judges_is_proven_by_a_mutant(name):
    proven = {
        each.requirement for m in MUTANTS.values() for each in m.caught if each.profile in (name, "eop")
    }
    assert profiles.load(name).served() - proven == {r for r in UNPROVEN if r in profiles.load(name).served()}


def test_no_requirement_is_both_proven_and_excused():
    assert not {each.requirement for m in MUTANTS.values() for each in m.caught} & UNPROVEN.keys()


@pytest.mark.parametrize("aspect", ASPECTS, ids=lambda aspect: aspect.name)
def test_every_aspect_catches_a_mutant(aspect):
    assert any(each.aspect == aspect.name for m in MUTANTS.values() for each in m.caught)


@pytest.mark.parametrize("mode", ALL)
def test_every_failure_mode_and_control_catches_a_mutant(mode):
    assert any(mode in modes_of(m, each) for m in MUTANTS.values() for each in m.caught)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_what_is_expected_of_a_mutant_can_come_true(mutant):
    aspects = {aspect.name: aspect for aspect in ASPECTS}
    assert mutant.sin.endswith(".")
    assert all(each.requirement for each in mutant.caught)
    assert all(each.why for each in mutant.also)
    for each in (*mutant.caught, *mutant.also):
        assert not each.requirement or each.requirement in profiles.load(each.profile).served()
        assert modes_of(mutant, each)
        for mode in modes_of(mutant, each):
            assert mode in mutant.scenarios
            assert ALL[mode].is_control is aspects[each.aspect].controls
            assert find(mutant, each.aspect, mode, each.profile) is each, "two expectations of one verdict"


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_caught_verdict_agrees_with_the_level_of_its_requirement(mutant):
    for each in mutant.caught:
        must = catalogue()[each.requirement].level == "MUST"
        assert each.verdict is (Verdict.FAIL if must else Verdict.DEVIATION)


def test_there_is_a_sin_for_each_entry_and_an_entry_for_each_sin():
    from .sins import SINS  # the only place where the relay itself is imported into this process

    assert set(SINS) == set(MUTANTS)


def test_mutant_is_a_target_by_name():
    target = resolve("mutants.target:never_retries", [str(TESTS)])
    assert target.name == "never_retries"


def test_unknown_mutant_is_a_usage_error_that_lists_all():
    with pytest.raises(UnknownTarget, match="wrong_code_for_refused"):
        resolve("mutants.target:not_a_mutant", [str(TESTS)])


def test_list_shows_each_sin(capsys):
    assert main(["--list", "bounces"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum("bounces" in name for name in MUTANTS)


def test_name_that_no_mutant_has_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["no-such-mutant"])
    assert "--list" in capsys.readouterr().err
