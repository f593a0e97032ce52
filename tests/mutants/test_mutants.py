"""A few mutants from end to end (`python -m mutants` runs all), and what must be true of the catalogue."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.catalogue import profile as profiles
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import catalogue
from conformance.judging.verdict import Verdict
from conformance.suite import ASPECTS, REQUIREMENTS
from conformance.targets.resolve import UnknownTarget, resolve

from . import mutations
from .__main__ import main, run
from .catalogue import MUTANTS, UNPROVEN
from .mutant import DECLARED
from .verdicts import find, scenarios_of
from .waves import TESTS, scenario_of

_REPRESENTATIVE = (
    "wrong_code_for_refused",
    "hides_deferred_messages",
    "accepts_any_name",
    "duplicates_after_recovery",
    "alters_the_body",
    "words_its_own",
    "expires_at_24_h_30",
    "forgets_the_queue_at_restart",
    "delivers_old_messages_twice",
    "gmt_in_dates",
    "retries_5yz",
    "one_deferral_defers_all",
    "tells_of_a_delay_of_hours",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutants")
    mutants = [MUTANTS[name] for name in _REPRESENTATIVE]
    return {result.mutant.name: result for result in run(mutants, folder)}


@pytest.mark.staged
@pytest.mark.parametrize("name", _REPRESENTATIVE)
def test_mutant_is_caught_by_what_it_breaks_and_by_nothing_else(results, name):
    result = results[name]
    assert result.missed == []
    assert result.collateral == []
    assert result.mutant.innocent or result.caught != []


# Each in a process that has changed nothing yet, as a relay that starts.
_MUTATE_EACH = """
import os, sys
from importlib.resources import files
from mutants.catalogue import MUTANTS
sys.argv = ["relay.py", "serve", "--config", str(files("conformance.reference") / "example.toml")]
for mutant in MUTANTS.values():
    child = os.fork()
    if not child:
        mutant.mutate()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{mutant.name} does not find what it changes")
"""


def test_every_mutation_finds_what_it_changes():
    tests = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", _MUTATE_EACH], cwd=tests, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", profiles.NAMES)
def test_every_requirement_that_a_profile_judges_is_proven_by_a_mutant(name):
    proven = {
        row
        for m in MUTANTS.values()
        for each in m.caught
        if each.profile in (name, "eop")
        for row in each.proves
    }
    served = profiles.load(name).served(REQUIREMENTS)
    assert served - proven == served & UNPROVEN.keys()


def test_no_requirement_is_both_proven_and_excused():
    assert not {row for m in MUTANTS.values() for each in m.caught for row in each.proves} & UNPROVEN.keys()


@pytest.fixture(scope="module")
def catches():
    """Return every aspect and scenario of which some mutant is caught."""
    return {
        (each.aspect, scenario.failure_mode.name, scenario.course)
        for m in MUTANTS.values()
        for each in m.caught
        for scenario in scenarios_of(m, each)
    }


@pytest.mark.parametrize(
    ("aspect", "course"), [(aspect.name, course) for aspect in ASPECTS for course in aspect.courses]
)
def test_every_aspect_catches_a_mutant_on_each_of_its_courses(catches, aspect, course):
    assert any((aspect, course) == (name, on) for name, _, on in catches)


@pytest.mark.parametrize("mode", ALL)
def test_every_failure_mode_and_control_catches_a_mutant(catches, mode):
    assert any(mode == name for _, name, _ in catches)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_what_is_expected_of_a_mutant_can_come_true(mutant):
    staged = {scenario_of(name).id for name in mutant.scenarios}
    assert len(staged) == len(mutant.scenarios)
    assert mutant.summary.endswith(".")
    assert all(each.requirement for each in mutant.caught)
    assert all(each.why for each in mutant.also)
    for each in (*mutant.caught, *mutant.also):
        Verdict(each.verdict)
        assert not each.requirement or each.proves <= profiles.load(each.profile).served(REQUIREMENTS)
        assert scenarios_of(mutant, each)
        assert set(each.modes) <= {scenario.failure_mode.name for scenario in scenarios_of(mutant, each)}
        assert set(each.courses) <= {scenario.course for scenario in scenarios_of(mutant, each)}
        for scenario in scenarios_of(mutant, each):
            told = find(mutant, each.aspect, scenario, each.profile)
            assert told is each, "two expectations of one verdict"


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_caught_verdict_agrees_with_the_level_of_its_requirement(mutant):
    for each in mutant.caught:
        must = catalogue()[each.requirement].level == "MUST"
        assert each.verdict == (Verdict.FAIL if must else Verdict.DEVIATION)
        assert all(catalogue()[row].level != "MAY" for row in each.proves)


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_found_in_the_file_that_declares_it(name):
    assert mutations.find(name).name == name


def test_one_file_is_all_that_a_mutant_needs(tmp_path, monkeypatch):
    tmp_path.joinpath("another.py").write_text(
        "from mutants.mutant import mutation\n"
        "@mutation(scenarios=('plain',))\n"
        "def does_the_same() -> None:\n"
        "    'Is no different.'\n"
    )
    monkeypatch.setattr(mutations, "__path__", [*mutations.__path__, str(tmp_path)])
    try:
        assert mutations.find("does_the_same").summary == "Is no different."
    finally:
        DECLARED.pop("does_the_same", None)
        sys.modules.pop(f"{mutations.__name__}.another", None)


def test_mutant_starts_without_the_suite():
    heavy = {"conformance.catalogue", "conformance.judging", "conformance.evidence", "fake_servers", "cattrs"}
    program = (
        f"import sys; from mutants.mutations import find_all; find_all(); print({heavy} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TESTS, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_mutant_is_a_target_by_name():
    target = resolve("mutants.target:never_retries", [str(TESTS)])
    assert target.name == "never_retries"


def test_unknown_mutant_is_a_usage_error_that_lists_all():
    with pytest.raises(UnknownTarget, match="wrong_code_for_refused"):
        resolve("mutants.target:not_a_mutant", [str(TESTS)])


def test_list_shows_each_mutant(capsys):
    assert main(["--list", "bounces"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum("bounces" in name for name in MUTANTS)


def test_name_that_no_mutant_has_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["no-such-mutant"])
    assert "--list" in capsys.readouterr().err
