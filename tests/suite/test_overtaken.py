"""New settings that fall into an attempt: hand-made records, as it should be and wrong in each way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.operated import Operated
from stories.wire import accepted, fault

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import RECIPIENT
from conformance.judging.verdict import Verdict
from conformance.target import Capability
from conformance.witness.amid import BY_OPERATOR, Amid

MODES = [mode.name for mode in ALL.values() if mode.amid in BY_OPERATOR - {Amid.ALERT, Amid.BETWEEN}]
FIRST_HOST = [name for name in MODES if len(ALL[name].hosts) > 1]
ENDING = [name for name in MODES if ALL[name].amid is not Amid.SAME_HOST]
ACTED = 1.5


def overtaken(mode: str) -> Operated:
    """Return an attempt that hangs from 1.2 to 3.2, into which the operator's act falls; nothing has come of it yet."""
    fixed = ALL[mode].amid is Amid.FIX_NOW
    story = Operated(mode, course=Course.FIXED_NOW_AMID if fixed else Course.EDITED_AMID)
    rule = ALL[mode].hosts[0].rules[0]
    spare = replace(story.site(), name="mx-spare.test", host="127.9.9.9")
    story.change(sites=[*story.staged.sites, spare])
    story.offers(1.0, RECIPIENT)
    story.connects(1.2, fault(rule.action.name, rule.stage), lasting=2.0)
    story.acts(ACTED, "fix now" if fixed else "new settings")
    return story.change(closed=9.0)  # type: ignore[return-value]


def in_place(mode: str, at: float = 3.6) -> Operated:
    """Return the same where the message ends as it should."""
    if ALL[mode].amid is Amid.FIX_NOW:
        story = overtaken(mode)
        return story.change_offer(0, in_mailbox=[story.offer(0).content])
    return at_spare(overtaken(mode), at)


def at_spare(story: Operated, at: float) -> Operated:
    """Deliver the message at a host that is none of the old ones."""
    return story.gets(at, 0, host=len(ALL[story.mode].hosts))


def broken(story: Operated) -> dict[str, Verdict]:
    findings = story.judge("overtaken").findings
    return {finding.requirement: finding.verdict for finding in findings if not finding.holds}


def test_every_act_of_the_operator_has_a_mode() -> None:
    assert {ALL[name].amid for name in MODES} == BY_OPERATOR - {Amid.ALERT, Amid.BETWEEN}


@pytest.mark.parametrize("profile", ["eop", "rfc"])
@pytest.mark.parametrize("mode", ENDING)
def test_once_at_whichever_end_of_the_attempt(mode: str, profile: str) -> None:
    for at in (1.8, 4.2):
        assert in_place(mode, at).judge("overtaken", profile).verdict is Verdict.PASS


@pytest.mark.parametrize("mode", ENDING)
def test_what_waits_still_is_not_lost(mode: str) -> None:
    assert broken(overtaken(mode).queued(8.9, 0)) == {}


@pytest.mark.parametrize("mode", ENDING)
def test_twice_nowhere_or_returned(mode: str) -> None:
    once = {"between/settings-in-hand-over": Verdict.FAIL}
    assert broken(at_spare(in_place(mode), 4.5)) == once
    assert broken(in_place(mode).returns_of(4.5, 0)) == once
    assert broken(overtaken(mode).queued(2.0, 0).queued(8.0).queued(8.9)) == once
    assert broken(overtaken(mode).returns_of(4.5, 0)) == once


@pytest.mark.parametrize("mode", FIRST_HOST)
def test_an_attempt_that_goes_on_to_the_next_old_host(mode: str) -> None:
    stops = {"between/settings-in-first-host": Verdict.DEVIATION}
    assert broken(in_place(mode).connects(3.3, fault("stall"), host=1, lasting=2.0)) == stops
    # under way when the settings came
    assert broken(in_place(mode).connects(ACTED + 0.3, fault("stall"), host=1, lasting=2.0)) == {}


def test_pauses_on_the_new_way() -> None:
    def tried(*moments: float) -> dict[str, Verdict]:
        story = overtaken("edited_in_vain")
        for at in moments:
            story.connects(at, fault("reply"))
        return broken(story)

    # at once for the first time, or not
    assert tried(3.25, 5.3, 7.4) == {}
    assert tried(5.2, 7.3) == {}
    assert tried(3.25, 3.4, 5.5) == {"between/pauses-after-settings": Verdict.FAIL}
    assert overtaken("edited_in_vain").verdict("overtaken") is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("mode", MODES)
def test_without_the_act_nothing_is_known(mode: str) -> None:
    story = overtaken(mode)
    assert story.change(operator_actions=[]).verdict("overtaken") is Verdict.INCONCLUSIVE
    late = overtaken(mode)
    [act] = late.staged.operator_actions
    late.change(operator_actions=[]).acts(5.0, act.name)  # type: ignore[attr-defined]
    assert late.verdict("overtaken") is Verdict.INCONCLUSIVE


def test_settings_that_are_refused_are_none() -> None:
    story = overtaken("edited_in_vain").change(operator_actions=[])
    refused = story.acts(ACTED, "new settings", refused="no literal here")  # type: ignore[attr-defined]
    assert "no literal here" in refused.judge("overtaken").observed


def test_a_mailbox_that_nobody_shows() -> None:
    story = overtaken("fixed_now_in_hand_over")
    able = {Capability(each) for each in story.header.capabilities}
    story.header.capabilities[:] = sorted(able - {Capability.MAILBOXES, Capability.EVENTS})
    assert story.verdict("overtaken") is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("mode", MODES)
def test_an_attempt_without_a_connection_proves_nothing(mode: str) -> None:
    story = overtaken(mode)
    story.events = [event for event in story.events if not isinstance(event, type(accepted(at=1.0)))]
    assert story.verdict("overtaken") is Verdict.INCONCLUSIVE


def test_pauses_on_the_new_way_of_a_message_that_waits() -> None:
    def tried(*moments: float, asked: float = 1.6) -> Operated:
        story = Operated("edited_in_vain_waiting", course=Course.EDITED_AMID)
        story.offers(1.0, RECIPIENT).connects(1.2, fault("reply")).acts(asked, "new settings")  # type: ignore[attr-defined]
        for at in moments:
            story.connects(at, fault("reply"))
        return story.change(closed=9.0)  # type: ignore[return-value]

    assert broken(tried(1.7, 3.8, 5.9)) == broken(tried(3.3, 5.4, 7.5)) == {}
    again = {"between/pauses-while-waiting": Verdict.DEVIATION}
    assert broken(tried(1.7, 1.9, 3.9)) == broken(tried(2.7, 3.2, 5.3, asked=2.6)) == again
    # an attempt was under way
    assert tried(3.3, 5.4, asked=1.22).verdict("overtaken") is Verdict.INCONCLUSIVE
