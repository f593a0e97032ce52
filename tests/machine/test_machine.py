"""What may be changed and what is drawn, what kills a change, and one that is killed from end to end."""

import ast
import itertools

import pytest

pytest.importorskip("cosmic_ray", reason="it belongs to the dev extra")

from cosmic_ray.mutating import mutate_code
from mutants.waves import everything, scenario_of

from conformance.catalogue.course import Timing

from .bench import PROFILES, Bench
from .draw import draw, is_born, product_seed, write
from .executed import Executed, in_order
from .operators import OPERATORS
from .outcome import Fate, Outcome, Red, is_valid, killed_by, rate, summary
from .places import NO_DELIVERY, REFERENCE, find_places, lines_that_use
from .sentences import Sentence, read, said_of
from .target import FOLDER

PLACES = find_places()
CHANGES = list(itertools.chain.from_iterable(PLACES))
EVERYTHING = Executed(
    {"plain.healthy": {(path.name, n) for path in REFERENCE.glob("*.py") for n in range(500)}}
)


def a_red(*, certain=True, level="MUST", requirement="queue/kept"):
    return Red(
        scenario="stall.healed",
        requirement=requirement,
        profile="eop",
        level=level,
        told="It is gone.",
        certain=certain,
    )


def outcomes(**numbers):
    fates = {fate.name.lower(): fate for fate in Fate}
    return [
        Outcome(change=CHANGES[0], fate=fates[name], level="MUST")
        for name, n in numbers.items()
        for _ in range(n)
    ]


def a_change(file, operator, before):
    return next(
        each
        for each in CHANGES
        if (each.file, each.operator) == (file, operator) and each.before.startswith(before)
    )


@pytest.mark.parametrize(
    ("operator", "example"),
    [(name, example) for name, operator in OPERATORS.items() for example in operator.examples()],
)
def test_an_operator_does_what_its_examples_say(operator, example):
    changed = mutate_code(example.pre_mutation_code, OPERATORS[operator], example.occurrence)
    assert "".join(changed.split()) == "".join(example.post_mutation_code.split())


def test_changes_of_each_file_of_the_delivery_path_are_found():
    files = {path.name for path in REFERENCE.glob("*.py")}
    assert {each.file for each in CHANGES} == files - set(NO_DELIVERY)
    assert set(NO_DELIVERY) < files


def test_every_change_is_one_and_has_a_name_of_its_own():
    sampled = CHANGES[::100]
    assert len({each.name for each in sampled}) == len(sampled)
    for each in sampled:
        assert each.before != each.after
        assert each.source != each.unchanged


def test_what_is_run_by_nobody_is_not_changed():
    for path in REFERENCE.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        idle = {
            number
            for found in ast.walk(ast.parse(text))
            if isinstance(found, (ast.Import, ast.ImportFrom, ast.Assert))
            for number in range(found.lineno, (found.end_lineno or 0) + 1)
        }
        idle |= {
            number
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip().startswith(("log.", "@"))
        }
        assert idle.isdisjoint(each.line for each in CHANGES if each.file == path.name)


def test_the_same_seed_draws_the_same_and_another_one_others():
    first, again, other = (list(itertools.islice(draw(seed, EVERYTHING), 10)) for seed in ("a", "a", "b"))
    assert first == again
    assert first != other


def test_only_what_is_run_is_drawn():
    only = Executed({"plain.healthy": {("schedule.py", 54)}})
    drawn = [each for each in draw("a", only) if each.runs]
    assert {each.file for each in drawn} == {"schedule.py"}
    assert all(54 in each.runs for each in drawn)


def test_the_seed_is_a_commit():
    assert len(product_seed()) == 40


def test_a_constant_is_seen_where_it_is_used():
    used = lines_that_use("_LOOKS_NEVER_NAMED_ANYWHERE")
    assert used == set()
    number = next(
        n
        for n, line in enumerate((REFERENCE / "intake.py").read_text().splitlines(), 1)
        if ">= _MOST_RECIPIENTS" in line
    )
    assert ("intake.py", number) in lines_that_use("_MOST_RECIPIENTS")


def test_a_change_that_breaks_the_file_is_not_born(tmp_path):
    change = a_change("schedule.py", "ReplaceComparisonOperator_LtE_Lt", "while self._heap")
    write(change, tmp_path)
    assert is_born(change, tmp_path)
    (tmp_path / change.name / change.file).write_text("nonsense(")
    assert not is_born(change, tmp_path)


def test_scenarios_that_run_something_else_come_first_and_other_clocks_behind_the_first_steady_ones():
    names = ("stall_at_mail.healed", "plain.healthy", "verified_tls.healthy", "stall_at_mail.expires")
    run = {
        "stall_at_mail.healed": {("a", 1), ("a", 2), ("a", 3)},
        "plain.healthy": {("a", 1), ("a", 2)},
        "verified_tls.healthy": {("a", 9)},
    }
    steady = [scenario_of(name) for name in names[:3]]
    killed = scenario_of("killed_before_dot.killed")
    found = in_order([killed, *steady], run)
    assert [each.id for each in found[:2]] == ["stall_at_mail.healed", "verified_tls.healthy"]
    assert found[-1] == killed
    assert set(found) == {killed, *steady}
    many = [each for each in everything() if each.timing is Timing.STEADY][:30]
    assert killed in in_order([*many, killed], run)[:14]


def test_a_red_counts_where_it_is_certain_and_the_unchanged_relay_is_green():
    red = a_red()
    assert killed_by([red], {red.key: True}) == [red]
    assert not killed_by([red], {red.key: False})
    assert not killed_by([red], {})
    assert not killed_by([a_red(certain=False)], {red.key: True})


def test_what_must_hold_is_named_before_what_should():
    softly, hard = a_red(level="SHOULD", requirement="ndr/words"), a_red()
    assert killed_by([softly, hard], {softly.key: True, hard.key: True}) == [hard, softly]


def test_the_rate_leaves_out_what_nobody_would_notice():
    some = outcomes(killed=9, alive=1, equivalent=2, words=1, out_of_scope=3)
    assert rate(some) == (9, 10)
    assert "killed 9 of 10 (90%) that are none of the three" in summary(some)


def test_waves_that_broke_off_kill_nothing():
    assert rate(outcomes(killed=1, broken_off=1)) == (1, 2)


def test_more_than_a_fifth_of_equivalent_ones_makes_the_figure_invalid():
    assert is_valid(outcomes(killed=8, equivalent=2))
    assert not is_valid(outcomes(killed=7, equivalent=3))
    assert any("invalid" in line for line in summary(outcomes(equivalent=1)))


def test_a_sentence_is_about_a_line_and_an_operator_and_what_becomes_of_it():
    change = CHANGES[0]
    words = {"file": change.file, "operator": change.operator, "before": change.before}
    one = Sentence(**words, after=change.after, fate=Fate.WORDS, why="It is told to people.")
    any_ = Sentence(**words, fate=Fate.EQUIVALENT, why="It is never run.")
    key = tuple(words.values())
    assert said_of(change, {(*key, change.after, ""): one, (*key, "", ""): any_}) is one
    assert said_of(change, {(*key, "", ""): any_}) is any_
    assert said_of(change, {(*key, "another", ""): one}) is None


@pytest.mark.parametrize(
    "sentence", read().values(), ids=lambda each: f"{each.file}-{each.operator}-{each.before[:30]}"
)
def test_every_sentence_is_about_a_change_that_can_be_made(sentence):
    made = [
        each
        for each in CHANGES
        if (each.file, each.operator) == (sentence.file, sentence.operator)
        and each.unchanged.splitlines()[each.line - 1].strip() == sentence.before
        and each.before == sentence.before
        and sentence.within in (each.within, "")
    ]
    assert len({each.within for each in made}) == 1, (
        "name the function that is meant: the line stands in several"
    )
    assert not sentence.after or sentence.after in [each.after for each in made]
    assert sentence.why.endswith(".")


def test_a_fate_that_is_seen_cannot_be_said(tmp_path):
    (tmp_path / "said.toml").write_text(
        '[[change]]\nfile = "a"\noperator = "b"\nbefore = "c"\nfate = "killed"\nwhy = "So."\n'
    )
    with pytest.raises(AssertionError, match="nobody can say"):
        read(tmp_path / "said.toml")


def test_a_change_that_is_kept_is_not_staged_again(tmp_path, monkeypatch):
    change = a_change("schedule.py", "ReplaceComparisonOperator_LtE_Lt", "while self._heap")
    red = a_red()
    bench = Bench(tmp_path, EVERYTHING, {}, green={red.key: True})
    staged = []
    monkeypatch.setattr(Bench, "_reds", lambda self, change, lot: staged.append(lot) or [red])
    assert bench.outcome(change).fate is Fate.KILLED
    assert bench.outcome(change).fate is Fate.KILLED
    assert len(staged) == 1


@pytest.mark.staged
def test_a_relay_that_never_hands_anything_over_is_killed_by_what_is_staged(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "files"))
    change = a_change("relay.py", "RemoveStatement", "self._start_what_is_due(")
    here = {("plain.healthy", "control/delivered", profile): True for profile in PROFILES}
    bench = Bench(tmp_path, EVERYTHING, {}, most=1, green=here)
    outcome = bench.outcome(change)
    assert outcome.fate is Fate.KILLED, outcome
