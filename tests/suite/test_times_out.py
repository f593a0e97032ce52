from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story
from stories.wire import fault, received, sent

from conformance.judging.verdict import Verdict
from fake_servers.events import SmtpHeard


def _held(mode: str, action: str, *seconds: float) -> Story:
    stage = mode.rpartition("_at_")[2] if "_at_" in mode else "greeting"
    story = Story(mode).change(repaired=20.0, closed=30.0)
    for number, lasting in enumerate(seconds):
        story.connects(1.0 + 8 * number, fault(action, stage), lasting=lasting)
    return story


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(2.1, Verdict.PASS), (3.0, Verdict.PASS), (3.2, Verdict.FAIL)]
)
def test_silence_ends_with_the_time_out(seconds: float, verdict: Verdict) -> None:
    # 2 s were asked for, the slack is 1 s, and the fault falls 0.05 s into the connection
    assert _held("stall_at_mail", "stall", seconds).verdict("times_out") is verdict
    assert _held("stall_at_mail", "stall", 2.0, seconds).verdict("times_out") is verdict


def _leaves(story: Story, after: float) -> Story:
    """Have the relay say something, so long after the fault, on the first connection."""
    story.note(SmtpHeard(at=1.05 + after, server=story.site().server, connection=101, octets=6))
    story.events.sort(key=lambda event: event.at)
    return story


@pytest.mark.parametrize(
    ("said", "closed", "verdict"),
    [
        (2.0, 4.0, Verdict.PASS),
        (2.0, 5.0, Verdict.PASS),
        (2.0, 5.2, Verdict.FAIL),
        (3.0, 5.0, Verdict.PASS),
        (3.0, 5.2, Verdict.FAIL),  # late with QUIT earns no time beyond a second time-out
        (3.2, 3.3, Verdict.FAIL),
        (5.0, 5.1, Verdict.FAIL),
        (0.5, 3.5, Verdict.PASS),
        (0.5, 4.0, Verdict.FAIL),  # what comes early is no leave
        (2.0, 40.0, Verdict.FAIL),
        (None, 4.0, Verdict.FAIL),
    ],
)
def test_a_relay_that_takes_its_leave_in_time_may_wait_for_the_answer(
    said: float | None, closed: float, verdict: Verdict
) -> None:
    story = _held("stall_at_mail", "stall", closed + 0.05)
    if said is not None:
        _leaves(story, said)
    assert story.verdict("times_out") is verdict


def test_a_leave_that_never_ends_is_told_with_when_it_began() -> None:
    story = _leaves(_held("stall_at_mail", "stall", 40.0), 2.0)
    assert "not over after 28.9 s, having said something after 2.0 s" in story.judge("times_out").observed
    assert story.change(closed=5.0).verdict("times_out") is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        ("greeting_timeout", Verdict.PASS),
        ("stall_at_ehlo_tls", Verdict.PASS),
        ("stall_at_dot", Verdict.PASS),
        ("stall_at_handshake", Verdict.FAIL),
        ("stall_at_body", Verdict.PASS),
        ("stall_at_quit", Verdict.FAIL),
    ],
)
def test_only_where_the_relay_can_have_said_quit_is_it_a_leave(mode: str, verdict: Verdict) -> None:
    assert _leaves(_held(mode, "stall", 4.0), 2.0).verdict("times_out") is verdict


@pytest.mark.parametrize(
    ("mode", "ahead", "verdict"),
    [
        ("stall_at_mail", True, Verdict.PASS),
        ("stall_at_rcpt", True, Verdict.PASS),
        ("stall_at_mail", False, Verdict.FAIL),
        ("stall_at_dot", True, Verdict.FAIL),
    ],
)
def test_who_has_asked_for_content_in_the_same_group_can_say_nothing_more(
    mode: str, ahead: bool, verdict: Verdict
) -> None:
    story = _held(mode, "stall", 4.9)
    asked = replace(received("data", "DATA"), ahead=ahead)
    story.note(replace(asked, at=1.05, server=story.site().server, connection=101))
    story.events.sort(key=lambda event: event.at)
    assert story.verdict("times_out") is verdict


def test_the_attempt_that_is_furthest_beyond_its_own_bound_decides() -> None:
    story = _leaves(_held("stall_at_mail", "stall", 5.0, 4.0), 2.0)
    assert story.verdict("times_out") is Verdict.FAIL
    assert "the longest over after 3.9 s" in story.judge("times_out").observed


def test_what_the_relay_granted_counts() -> None:
    story = _held("stall_at_mail", "stall", 6.0)
    granted = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=900, granularity=0.0, command_timeout=5.5
    )
    assert story.change(granted=granted).verdict("times_out") is Verdict.PASS


def test_a_session_that_is_still_open_counts_by_its_age() -> None:
    story = _held("stall_at_mail", "stall", 40.0)
    assert story.verdict("times_out") is Verdict.FAIL
    assert "not over after 28.9 s" in story.judge("times_out").observed
    assert not story.judge("times_out").only_late
    assert story.change(closed=3.0).verdict("times_out") is Verdict.INCONCLUSIVE


def test_a_late_end_may_be_the_fault_of_a_busy_machine() -> None:
    assert _held("stall_at_mail", "stall", 4.0).judge("times_out").only_late


def test_the_bound_follows_the_slack_of_the_wave() -> None:
    story = _held("stall_at_mail", "stall", 3.6)
    assert story.verdict("times_out") is Verdict.FAIL
    story.header = replace(story.header, slack=2.0)
    assert story.verdict("times_out") is Verdict.PASS


def test_a_trickle_is_no_silence_into_which_nothing_can_be_said() -> None:
    story = _held("trickle_at_rcpt", "trickle", 4.9)
    asked = replace(received("data", "DATA"), ahead=True)
    story.note(replace(asked, at=1.05, server=story.site().server, connection=101))
    story.events.sort(key=lambda event: event.at)
    assert story.verdict("times_out") is Verdict.DEVIATION


def test_another_reply_of_the_same_group_is_no_end_of_a_trickle() -> None:
    story = Story("trickle_at_rcpt").change(repaired=20.0, closed=30.0)
    story.connects(1.0, fault("trickle", "rcpt"), sent("mail", "250 2.1.0 OK"), lasting=7.0)
    assert "over after 7.0 s" in story.judge("times_out").observed
    assert story.verdict("times_out") is Verdict.DEVIATION


@pytest.mark.parametrize("action", ["trickle", "endless"])
def test_a_reply_that_takes_too_long_as_a_whole_is_a_deviation(action: str) -> None:
    assert _held(f"{action}_at_mail", action, 2.1).verdict("times_out") is Verdict.PASS
    assert _held(f"{action}_at_mail", action, 5.0).verdict("times_out") is Verdict.DEVIATION


def test_a_reply_that_was_read_to_its_end_ends_there() -> None:
    story = Story("trickle_at_mail").change(repaired=20.0, closed=30.0)
    story.connects(1.0, fault("trickle", "mail"), lasting=7.0)
    where = {"server": story.site().server, "connection": 101}
    story.note(sent("mail", "250 2.0.0 Fine", at=7.5, **where))
    story.events.sort(key=lambda event: event.at)
    assert "over after 6.5 s" in story.judge("times_out").observed
    assert not story.judge("times_out").only_late, "no deadline is late by as much as the server makes it"


@pytest.mark.parametrize("action", ["trickle", "endless"])
def test_who_ends_a_reply_too_late_has_a_deadline_and_is_late(action: str) -> None:
    judged = _held(f"{action}_at_mail", action, 3.2).judge("times_out")
    assert (judged.verdict, judged.only_late) == (Verdict.DEVIATION, True)


def test_a_time_out_above_the_whole_reply_leaves_nothing_to_judge() -> None:
    story = _held("trickle_at_mail", "trickle", 6.0)
    granted = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=900, granularity=0.0, command_timeout=10.0
    )
    assert story.change(granted=granted).verdict("times_out") is Verdict.NOT_APPLICABLE


def test_whoever_still_reads_a_reply_without_end_has_not_failed_yet() -> None:
    story = _held("endless_at_mail", "endless", 40.0).look(2.0)
    assert story.verdict("times_out") is Verdict.DEVIATION
    for aspect in ("error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers"):
        assert story.verdict(aspect) is Verdict.NOT_APPLICABLE


def test_a_connection_that_lingers_while_the_relay_tries_again_holds_nothing() -> None:
    story = _held("stall_at_mail", "stall", 40.0)
    assert story.verdict("times_out") is Verdict.FAIL
    story.connects(5.0, fault("stall", "mail"), lasting=2.1)
    # it has rested for nine tenths of 2 s before it tried again
    told = story.judge("times_out")
    assert told.verdict is Verdict.PASS
    assert "the longest over after 2.2 s, as the relay went on while the connection was open" in told.observed


def test_a_connection_that_lingers_until_too_late_for_that_was_held() -> None:
    story = _held("stall_at_mail", "stall", 40.0).connects(7.0, fault("stall", "mail"), lasting=2.1)
    assert story.verdict("times_out") is Verdict.FAIL


def test_going_to_the_next_host_or_telling_the_sender_shows_that_the_wait_was_over() -> None:
    story = _held("stall_at_mail", "stall", 40.0)
    assert story.returns(3.0).verdict("times_out") is Verdict.PASS
    hosts = Story("first_host_silent").change(closed=30.0).connects(1.0, fault("stall"), lasting=29.0)
    assert hosts.verdict("times_out") is Verdict.FAIL
    assert hosts.delivers(3.2, host=1).verdict("times_out") is Verdict.PASS


def test_a_look_up_alone_shows_nothing() -> None:
    story = _held("stall_at_mail", "stall", 40.0).looks_up(3.0, type="AAAA")
    assert story.verdict("times_out") is Verdict.FAIL


def test_what_a_crowded_machine_may_bring_about_is_not_conclusive() -> None:
    story = _held("stall_at_mail", "stall", 40.0)
    assert story.judge("times_out").conclusive
    assert not story.change(pressure=0.6).judge("times_out").conclusive
    # who had a processor at the end could have ended it
    assert story.change(pressure=0.6, calm=6.0).judge("times_out").conclusive
    assert not story.change(pressure=0.6, calm=4.0).judge("times_out").conclusive


def test_what_was_over_in_a_crowd_may_be_over_for_that() -> None:
    story = _held("endless_at_mail", "endless", 20.0).change(pressure=0.6, calm=9.0)
    assert story.verdict("times_out") is Verdict.DEVIATION
    assert not story.judge("times_out").conclusive


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("QUIT", Verdict.PASS),
        ("RSET", Verdict.PASS),
        ("", Verdict.PASS),
        ("MAIL FROM:<>", Verdict.PASS),
        ("MAIL FROM:<somebody@else.test>", Verdict.PASS),
        ("mail from:<{sender}> SIZE=5", Verdict.DEVIATION),
    ],
)
def test_what_is_not_answered_is_not_begun_anew(line: str, verdict: Verdict) -> None:
    for mode, expected in (("stall_at_dot", verdict), ("stall_at_mail", Verdict.PASS)):
        story = _held(mode, "stall", 2.1)
        said = line.format(sender=story.staged.sender)
        story.note(SmtpHeard(at=3.05, server=story.site().server, connection=101, octets=6, line=said))
        story.events.sort(key=lambda event: event.at)
        assert story.verdict("times_out") is expected
