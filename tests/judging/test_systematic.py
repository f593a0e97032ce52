"""What is missed everywhere in the same way is red once; what was seen, or lost, is red each time."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from stories.days import MOMENTS, moved
from stories.story import ASPECT, Story, refused, waiting

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.catalogue.requirements import Level, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Course
from conformance.judging.judge import Judged
from conformance.judging.systematic import Told, head_of, is_the_same, once
from conformance.judging.verdict import Finding, Verdict, weightiest

EOP = load("eop")
MODES = ("close_at_ehlo", "close_at_mail", "close_at_rcpt", "close_at_data")
HOST = "error/destination-server"
NONE = "no host is named (queue: {})"


def _finding(
    requirement: str = HOST, observed: str = NONE, *, holds: bool = False, **more: object
) -> Finding:
    level = catalogue()[requirement].level
    return Finding(
        requirement=requirement, level=level, holds=holds, expected="one", observed=observed, **more
    )  # type: ignore[arg-type]


def _test(
    mode: str, *findings: Finding, aspect: str = "destination_server", because: str = ""
) -> tuple[str, Told]:
    scenario = Scenario(failure_mode=ALL[mode], course=Course.HEALED)
    decisive = weightiest(findings) if findings else _finding()
    judged = Judged(
        verdict=decisive.verdict if findings else Verdict.NOT_APPLICABLE,
        requirement=catalogue()[decisive.requirement],
        level=decisive.level,
        findings=findings,
        because=because,
    )
    return ASPECT[aspect].test_name(scenario), Told(ASPECT[aspect], scenario, judged)


def _red(tests: Iterable[tuple[str, Told]]) -> list[str]:
    """Return the failure modes of those that stay red."""
    known = dict(tests)
    return [
        known[name].scenario.failure_mode.name
        for name, judged in once(known, EOP).items()
        if judged.verdict in (Verdict.FAIL, Verdict.DEVIATION)
    ]


def _all(*, observed: str = NONE, requirement: str = HOST, **more: object) -> list[tuple[str, Told]]:
    return [
        _test(mode, _finding(requirement, observed.format(f"450 4.4.1 {mode} at {9 + n}"), **more))
        for n, mode in enumerate(MODES)
    ]


def test_one_is_red_and_the_others_name_it_with_what_they_saw() -> None:
    decided = once(dict(_all()), EOP)
    first, *others = decided.items()
    assert (first[1].verdict, first[1].because) == (Verdict.FAIL, "")
    for _, judged in others:
        assert (judged.verdict, judged.because) == (Verdict.NOT_APPLICABLE, first[0])
        assert (
            judged.reason
            == "the same as in destination_server[close_at_ehlo], one of 4 failure modes with this finding"
        )
        assert judged.observed.startswith("no host is named (queue: 450")
        assert judged.expected == "one"
        assert is_the_same(judged)


def test_of_those_that_are_judged_the_first_whatever_is_left_out() -> None:
    assert _red(_all()) == ["close_at_ehlo"]
    assert _red(_all()[1:]) == ["close_at_mail"]
    assert _red(_all()[2:3]) == ["close_at_rcpt"]


def test_a_verdict_is_a_verdict_in_any_order() -> None:
    """The session hands them over in the order of the catalogue; what is kept depends on nothing else."""
    tests = _all()
    verdicts = once(dict(tests), EOP)
    for _ in range(5):
        random.Random(3).shuffle(tests)
        assert once({name: dict(tests)[name] for name in verdicts}, EOP) == verdicts


@pytest.mark.parametrize(("held", "red"), [(1, 1), (2, 4), (3, 4)])
def test_where_it_held_more_than_here_and_there_each_is_told(held: int, red: int) -> None:
    """A relay that names no host does so where the words of a library happen to have one."""
    others = ("reset_at_ehlo", "reset_at_mail", "reset_at_rcpt")
    assert len(_red([*_all(), *(_test(mode, _finding(holds=True)) for mode in others[:held])])) == red


def test_a_section_is_looked_at_for_itself() -> None:
    """Held wherever a server answers, and nowhere where it closes the connection."""
    answered = [mode for mode in ALL.values() if mode.section.value == "4yz"][:6]
    held = [_test(mode.name, _finding(holds=True)) for mode in answered]
    assert len(held) == 6
    assert _red([*_all(), *held]) == ["close_at_ehlo"]


def test_what_differs_is_told_for_itself() -> None:
    code = "closed-abruptly/error-code"
    tests = _all(requirement=code, observed="enhanced status code 4.4.1 (queue: {})")
    other = _test("reset_at_mail", _finding(code, "enhanced status code 4.4.2"))
    assert _red([*tests, other]) == ["close_at_ehlo", "reset_at_mail"]


def test_deviations_are_told_among_themselves() -> None:
    words = "error/detail-names-cause"
    assert catalogue()[words].level is Level.SHOULD
    tests = [_test(mode, _finding(words, "detail 'x'"), aspect="error_detail") for mode in MODES]
    assert _red([*_all(), *tests]) == ["close_at_ehlo", "close_at_ehlo"]


def test_a_test_that_finds_something_of_its_own_stays_red() -> None:
    own = _finding("error/detail-names-cause", "detail 'x'")
    tests = [*_all(), _test("reset_at_mail", _finding(), own)]
    assert _red(tests) == ["close_at_ehlo", "reset_at_mail"]


@pytest.mark.parametrize(
    ("requirement", "conclusive", "red"),
    [
        ("tls/never-in-clear", True, 4),
        ("mx/no-other-host", False, 4),
        ("recipients/delivered-once", False, 4),
        ("content/unaltered", True, 4),
        ("queue/not-lost", False, 4),
        ("replies/one-record", True, 4),
        ("ndr/none-for-null-sender", True, 4),  # sent to somebody who must not get it
        ("ndr/one", True, 4),  # told twice
        ("ndr/one", False, 1),
        ("ndr/form", True, 1),  # a form is seen as well, and is the same defect each time
        ("session/total-deadline", True, 1),
    ],
)
def test_what_was_seen_or_lost_is_told_each_time(requirement: str, conclusive: bool, red: int) -> None:
    assert len(_red(_all(requirement=requirement, observed="seen", conclusive=conclusive))) == red


def _gone(mode: str, since: str) -> Story:
    """Return a message that is not listed any more from a stop on, and of which nobody was told."""
    story = moved(mode, until=since).look(MOMENTS[since] + 8.0)
    for at in (moment for moment in MOMENTS.values() if moment > MOMENTS[since]):
        story.look(at + 5.0, None).look(at + 6.0, None)
    return story


@pytest.mark.parametrize(("since", "red"), [("1h", 2), ("12h", 2), ("23h55", 1), ("25h05", 1)])
def test_what_vanished_in_its_time_is_lost_and_what_was_dropped_after_it_is_not_told(
    since: str, red: int
) -> None:
    tests = {}
    for mode in ("greeting_421", "close_at_mail"):
        story = _gone(mode, since)
        judged = story.judge("expires")
        assert judged.verdict is Verdict.FAIL
        assert judged.requirement.id == "lifetime/ends"
        tests[ASPECT["expires"].test_name(story.scenario)] = Told(ASPECT["expires"], story.scenario, judged)
    assert len(_red(tests.items())) == red


def _untold(mode: str) -> tuple[str, Told]:
    """Return the verdict on a refusal of which nobody was told, where the other recipients were served."""
    story = refused(mode)
    if story.staged.others:
        story.delivers(1.3, recipients=story.staged.others)
    aspect = ASPECT["each_recipient" if story.staged.others else "returned_at_once"]
    return aspect.test_name(story.scenario), Told(aspect, story.scenario, story.judge(aspect.name))


def test_a_relay_that_reports_no_refusal_is_told_so_once_however_many_recipients_there_are() -> None:
    tests = [_untold("rejected_at_mail"), _untold("one_recipient_rejected")]
    assert [each.judged.requirement.id for _, each in tests] == ["permanent/returned"] * 2
    assert _red(tests) == ["rejected_at_mail"]


def test_one_that_forgets_only_who_was_refused_beside_others_is_told_so() -> None:
    told = [
        refused(mode).returns(1.8) for mode in ("rejected_at_mail", "rejected_at_data", "rejected_at_dot")
    ]
    aspect = ASPECT["returned_at_once"]
    tests = [
        (aspect.test_name(each.scenario), Told(aspect, each.scenario, each.judge("returned_at_once")))
        for each in told
    ]
    assert _red([*tests, _untold("one_recipient_rejected")]) == ["one_recipient_rejected"]


def test_what_was_left_to_one_that_is_not_red_any_more_names_the_one_that_is() -> None:
    left = [
        _test(mode, aspect="error_detail", because=name)
        for mode, (name, _) in zip(MODES, _all(), strict=True)
    ]
    decided = once(dict([*_all(), *left]), EOP)
    assert {judged.because for judged in decided.values()} == {"", "test_destination_server[close_at_ehlo]"}
    assert sum(is_the_same(judged) for judged in decided.values()) == 3


def test_a_code_in_a_story() -> None:
    tests = {}
    for mode in ("close_at_ehlo", "close_at_mail"):
        story = waiting(mode).says(2.0, f"450 4.4.1 {mode} went away").delivers(9.0)
        tests[ASPECT["error_code"].test_name(story.scenario)] = Told(
            ASPECT["error_code"], story.scenario, story.judge("error_code")
        )
    assert [judged.verdict for judged in once(tests, EOP).values()] == [Verdict.FAIL, Verdict.NOT_APPLICABLE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("not over after 42.5 s", "not over after 3 s"),
        ("detail 'no (such) thing' here", "detail 'another' here"),
        ("0 reports, and it was tried again: 12 attempts", "0 reports, and it was tried again: 11 attempts"),
        ("#3, given up by 2.1 s, was open", "#12, given up by 0.3 s, was open"),
        (
            "mx1.a-b.healed.test:25 at 127.1.0.5:3000 is named",
            "mx2.c.healed.test:26 at 127.1.9.9:31 is named",
        ),
        ("nothing arrived; the relay says: 450 x", "nothing arrived; the relay says: 451 y"),
    ],
)
def test_the_same_but_for_what_one_scenario_has(one: str, other: str) -> None:
    assert head_of(one) == head_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("enhanced status code 4.4.1", "enhanced status code 4.4.2"),
        ("reply code 450", "reply code 451"),
        ("0 reports", "2 reports"),
        ("1 attempt, over after 3 s", "0 attempts, over after 3 s"),
        ("the longest over after 3 s", "the longest not over after 3 s"),
    ],
)
def test_what_is_another_finding(one: str, other: str) -> None:
    assert head_of(one) != head_of(other)
