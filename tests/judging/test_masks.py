"""A mask names a test that is red in the same run, or there is none: no defect is left to nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from stories.story import ASPECT, Story, waiting

from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Scenario
from conformance.judging import aspect as aspects
from conformance.judging.aspect import Aspect, Case, Course, Finding, aspect, aspect_of
from conformance.judging.fate import Fate
from conformance.judging.judge import Judged, judge
from conformance.judging.masks import VerdictOn, judge_among, unless_in_hand
from conformance.judging.verdict import Left, NotApplicable, Verdict
from conformance.suite import ASPECTS

MODE = "close_at_ehlo"
EOP = load("eop")


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[[Aspect], None]:
    """Let an aspect be found by its name, for the time of a test."""

    def declare(made: Aspect) -> None:
        monkeypatch.setitem(aspects._DECLARED, made.name, made)

    return declare


def _among(story: Story, one: Aspect, verdict_on: VerdictOn | None = None, *others: Aspect) -> Judged:
    selected = {each.test_name(story.scenario) for each in (one, *others, *ASPECTS)}
    return judge_among(selected, one, story.scenario, story.record(), EOP, verdict_on)


def _leaving(name: str, to: str, why: type[NotApplicable] = Left) -> Aspect:
    """Make an aspect that leaves all to another, and fails if there is none that is red."""

    def test_it(case: Case) -> list[Finding]:
        if not case.alone:
            raise why("left", see=to)
        return [case.finding(f"{name}.kept", holds=False, expected="one", observed="none")]

    test_it.__name__ = f"test_{name}"
    return aspect(Course.HEALED, requirements={"kept": "queue/kept"})(test_it)


class TestTheyLeaveItToEachOther:
    def test_one_of_them_judges_it(self, declared: Callable[[Aspect], None]) -> None:
        one, other = _leaving("one", "other"), _leaving("other", "one")
        declared(one)
        declared(other)
        story = waiting(MODE).delivers(9.0)
        record = story.record()
        verdicts = {each.name: judge(each, story.scenario, record, EOP) for each in (one, other)}
        assert {name: each.verdict for name, each in verdicts.items()} == {
            "one": Verdict.NOT_APPLICABLE,
            "other": Verdict.FAIL,
        }
        assert verdicts["one"].because == other.test_name(story.scenario)

    def test_where_neither_can_tell_neither_is_masked(self, declared: Callable[[Aspect], None]) -> None:
        one, other = _leaving("one", "other", NotApplicable), _leaving("other", "one", NotApplicable)
        declared(one)
        declared(other)
        judged = waiting(MODE).delivers(9.0)
        for each in (one, other):
            assert judge(each, judged.scenario, judged.record(), EOP).because == ""

    def test_in_two_stagings_that_say_the_opposite(self) -> None:
        """What is asked for while its own verdict is made is not known."""
        story = waiting(MODE)
        asked: list[str] = []

        def judged_in(each: Aspect, scenario: Scenario) -> Judged:
            asked.append(each.name)
            theirs = verdict_on(ASPECT["retried"], scenario)
            assert (theirs is None) == (each.name == "retried")
            return judge(each, scenario, story.record(), EOP)

        verdict_on = unless_in_hand(judged_in)
        assert verdict_on(ASPECT["retried"], story.scenario) is not None
        assert verdict_on(ASPECT["recovers"], story.scenario) is not None
        assert asked == ["retried", "recovers", "retried"]


class TestWhatItIsLeftToIsNotRed:
    def _returned(self) -> Story:
        story = waiting(MODE).returns(2.0)
        assert story.case().fate is Fate.RETURNED_WRONGLY
        return story

    def test_red(self) -> None:
        judged = _among(self._returned(), ASPECT["error_code"])
        assert (judged.verdict, judged.because) == (Verdict.NOT_APPLICABLE, f"test_stays_queued[{MODE}]")

    @pytest.mark.parametrize(
        "verdict", [Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.ERROR, Verdict.PASS]
    )
    def test_the_run_says_something_else(self, verdict: Verdict) -> None:
        """The machine was crowded in every staging, so that what looked red says nothing."""
        story = self._returned()
        owners: list[str] = []

        def verdict_on(owner: Aspect, scenario: Scenario) -> Judged:
            owners.append(owner.name)
            return replace(judge(owner, scenario, story.record(), EOP), verdict=verdict)

        judged = _among(story, ASPECT["error_code"], verdict_on)
        assert (judged.verdict, judged.because) == (Verdict.FAIL, "")
        assert owners == ["stays_queued"]

    def test_nothing_is_known_of_it(self) -> None:
        judged = _among(self._returned(), ASPECT["error_code"], lambda _owner, _scenario: None)
        assert (judged.verdict, judged.because) == (Verdict.FAIL, "")


def test_the_name_of_a_test_leads_to_its_aspect() -> None:
    for each in ASPECTS:
        for scenario in each.scenarios():
            assert aspect_of(each.test_name(scenario)) is each
            break
    assert aspect_of("test_of_somebody_else") is None


def test_no_declaration_leads_back() -> None:
    """What is owned is spoken of by its owner, and what is left to another course is judged there."""
    for each in ASPECTS:
        for course in each.courses:
            owned = {fate for fate in each.owns if aspects.owner_of(course, fate) is each}
            assert owned == each.owns
            assert not owned & each.partly.keys()
        first = each.courses[0]
        assert not (each.elsewhere and any(aspects.owner_elsewhere(first, fate) for fate in Fate)), each.name


def test_a_copy_that_was_altered_is_left_to_nobody() -> None:
    story = waiting(MODE)
    altered = b"Received: from relay.test\r\n" + story.staged.content.replace(b"The quick", b"The quack")
    story.delivers(2.0, content=altered)
    assert story.case().fate is Fate.DELIVERED_WRONGLY
    judged = _among(story, ASPECT["recovers"])
    assert judged.verdict is Verdict.FAIL
    assert "the body" in judged.observed
    assert _among(waiting(MODE).delivers(2.0), ASPECT["recovers"]).because == f"test_stays_queued[{MODE}]"
