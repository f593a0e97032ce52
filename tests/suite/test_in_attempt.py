"""What falls into an attempt: the aspects on hand-made records of a message whose first attempt hangs."""

from __future__ import annotations

import pytest
from stories.reports import ndr
from stories.story import ASPECT, Story
from stories.wire import fault

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.evidence.inputs import OperatorAction
from conformance.judging.judge import RED
from conformance.judging.verdict import Verdict
from conformance.witness.amid import BY_OPERATOR, Amid
from fake_servers.events import RelayClockMoved, RelayKilled, RelayRestarted

# a full disk, and what an operator does while others go on, have aspects of their own
MODES = [mode.name for mode in ALL.values() if mode.amid not in (None, Amid.FULL, *BY_OPERATOR)]
EXPIRING = [name for name in MODES if ALL[name].amid is Amid.EXPIRY]
OTHERS = [name for name in MODES if name not in EXPIRING]


def _hangs(mode: str) -> Story:
    story = Story(mode).look(1.0)
    if ALL[mode].hosts[0].rules:
        return story.connects(1.0, fault(ALL[mode].hosts[0].rules[0].action.name), lasting=2.0)
    return story.meets_fault(1.0)


def amid(mode: str, at: float = 1.5) -> Story:
    """Return an attempt that hangs from 1.05 to 3.0, into which something falls at a time, and one look before."""
    story = _hangs(mode)
    match ALL[mode].amid:
        case Amid.STOP:
            story.note(RelayKilled(at=at + 0.1, moment=mode, asked=at, how="stopped"))
            story.note(RelayRestarted(at=at + 0.3, moment=mode))
        case Amid.EDIT | Amid.SECOND:
            action = OperatorAction(name="smart host corrected", asked=at, done=at + 0.1)
            story.staged.operator_actions.append(action)
        case _:
            story.note(RelayClockMoved(at=at + 0.1, moment=mode, seconds=60.0, asked=at))
    return story


def test_every_act_has_a_mode_and_a_requirement() -> None:
    acts = set(Amid) - {Amid.FULL, *BY_OPERATOR}
    assert {ALL[name].amid for name in MODES} == acts
    assert {f"in_attempt.{each}" for each in (*acts, "smtp", "form", "fields")} == set(
        ASPECT["in_attempt"].requirements
    )


@pytest.mark.parametrize("profile", ["eop", "rfc"])
@pytest.mark.parametrize("mode", MODES)
def test_once_whenever_it_ends(mode: str, profile: str) -> None:
    for at in (2.0, 4.5):
        story = amid(mode).returns(at) if mode in EXPIRING else amid(mode).delivers(at)
        assert story.verdict("in_attempt", profile) is Verdict.PASS
        assert story.verdict("tidy", profile) is not Verdict.DEVIATION


@pytest.mark.parametrize("mode", MODES)
def test_neither_the_other_or_twice(mode: str) -> None:
    requirement = ASPECT["in_attempt"].requirements[f"in_attempt.{ALL[mode].amid}"]
    once = Story.returns if mode in EXPIRING else Story.delivers
    other = Story.delivers if mode in EXPIRING else Story.returns
    for wrong in (
        amid(mode).look(5.0, None).look(6.0, None),
        other(amid(mode), 4.0),
        other(once(amid(mode), 4.0), 5.0),
        once(once(amid(mode), 4.0), 5.0),
    ):
        judged = wrong.judge("in_attempt")
        assert (judged.verdict in RED, judged.requirement.id) == (True, requirement)
        assert not judged.only_late


@pytest.mark.parametrize("mode", MODES)
def test_what_waits_still_may_only_be_late(mode: str) -> None:
    judged = amid(mode).look(6.0, "450 4.4.2 timed out").judge("in_attempt")
    assert judged.verdict in RED
    assert judged.only_late


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", [0.9, 3.2])
def test_what_fell_into_no_attempt_proves_nothing(mode: str, at: float) -> None:
    story = amid(mode, at).returns(4.5) if mode in EXPIRING else amid(mode, at).delivers(4.5)
    assert story.verdict("in_attempt") is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("mode", EXPIRING)
@pytest.mark.parametrize(
    ("old", "new", "requirement"),
    [
        (b"Status: 5.4.316", b"Status: 5ther", "ndr/fields"),
        (b"\r\n--=b--", b"", "ndr/form"),
        (b"multipart/report; report-type=delivery-status", b"multipart/mixed", None),
    ],
)
def test_a_report_has_the_form_of_one(mode: str, old: bytes, new: bytes, requirement: str | None) -> None:
    story = amid(mode)
    report = ndr(story.staged)
    assert old in report
    judged = story.returns(4.5, content=report.replace(old, new)).judge("in_attempt")
    assert (judged.verdict in RED) == (requirement is not None)
    assert requirement in (None, judged.requirement.id)


def test_a_refused_edit_is_told() -> None:
    story = _hangs("edited_in_attempt").look(6.0)
    refused = OperatorAction(name="edit", asked=1.5, done=1.6, refused=True, reason="not now")
    story.staged.operator_actions.append(refused)
    assert "the edit was refused: not now" in story.judge("in_attempt").observed


@pytest.mark.parametrize(
    ("at", "verdict"), [(1.85, Verdict.PASS), (5.9, Verdict.PASS), (7.5, Verdict.DEVIATION)]
)
def test_how_soon_it_is_tried_after_a_restart(at: float, verdict: Verdict) -> None:
    assert amid("stopped_in_attempt").delivers(at).verdict("resumes") is verdict


def test_what_is_not_tried_at_all_is_judged_elsewhere() -> None:
    judged = amid("stopped_in_attempt").look(6.0, None).judge("resumes")
    assert judged.verdict is Verdict.NOT_APPLICABLE
    assert "in_attempt" in judged.because


def test_only_what_waited_is_asked_for() -> None:
    read = {scenario.id for scenario in ASPECT["resumes"].scenarios()}
    killed = {f"{name}.{Course.KILLED}" for name in ("killed_between_attempts", "killed_in_retry")}
    assert read == {*killed, f"stopped_in_attempt.{Course.AMID}"}
