"""Whose lateness it was: what waited for us belongs to a scenario, or to everybody whose window was open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good, good_control, waiting
from stories.wire import RESOLVER, SINK, accepted, answer, message, query

from conformance.evidence.record import Fault
from conformance.evidence.view import Evidence
from conformance.judging.verdict import Verdict
from fake_servers import Event, Stage
from fake_servers.events import DnsDropped, SmtpReceived, SmtpSent, TcpLate

NAME = "greeting_421"


def _story(**changes: object) -> Story:
    return good(NAME).change(offered=1.0, submitted=1.0, **changes)


def _lag(story: Story, *others: Story) -> float:
    return round(story.evidence(*others).lag, 3)


def _own_query(story: Story, **when: float) -> Event:
    return query(story.site().name, **when)


@pytest.mark.parametrize(
    "name", ["mx1.greeting-421.healed.test", "greeting-421.healed.test", "x.greeting-421.healed.test"]
)
def test_a_look_up_is_of_the_scenario_whose_name_it_asks_for(name: str) -> None:
    story, other = _story(), Story("greeting_554", number=2)
    story.note(query(name, at=3.0, lag=1.5))
    assert _lag(story, other) == 1.5
    assert Evidence(story.record(other), other.staged).lag == 0.0


def test_an_answer_that_was_to_come_late_may_come_later_still() -> None:
    story = _story()
    assert _lag(story.note(answer(story.site().name, "records", at=3.0, lag=0.7))) == 0.7


def test_a_connection_and_what_is_said_on_it_are_of_the_scenario_of_the_server() -> None:
    server = _story().site().server
    assert _lag(_story().note(accepted(at=3.0, lag=0.7, server=server, connection=7))) == 0.7
    assert _lag(_story().note(TcpLate(at=3.0, lag=0.8, server=server, connection=7))) == 0.8


def test_the_worst_counts_of_the_fakes_and_of_the_loop() -> None:
    story = _story(lag=0.4)
    assert _lag(story) == 0.4
    for lag, worst in ((0.2, 0.4), (0.9, 0.9), (0.5, 0.9)):
        assert _lag(story.note(_own_query(story, at=3.0, lag=lag))) == worst


@pytest.mark.parametrize(
    ("at", "lag"),
    [(0.9, 0.0), (1.1, 0.5), (12.0, 0.5), (12.4, 0.5), (12.6, 0.0)],
    ids=["before", "begun before", "at the end", "read after it", "after"],
)
def test_what_waited_while_the_window_was_open(at: float, lag: float) -> None:
    story = _story(closed=12.0)
    assert _lag(story.note(_own_query(story, at=at, lag=0.5))) == lag


def test_what_concerns_nobody_is_everybody_s() -> None:
    sink = {"server": SINK, "connection": 55}
    for event in (query("sender.test", "MX", at=3.0, lag=1.5), accepted(at=3.0, lag=1.5, **sink)):
        other = Story("greeting_554", number=2)
        story = _story().note(event)
        assert _lag(story, other) == 1.5
        assert Evidence(story.record(other), other.staged).lag == 1.5


def test_a_late_connection_to_the_sink_is_of_those_whose_message_it_brings() -> None:
    story, other = _story(), Story("greeting_554", number=2)
    sink = {"server": SINK, "connection": 55}
    story.note(
        accepted(at=3.0, lag=1.5, **sink), message(story.staged.sender, b"", mail_from="", at=3.1, **sink)
    )
    assert _lag(story, other) == 1.5
    assert Evidence(story.record(other), other.staged).lag == 0.0


def test_a_query_that_was_dropped_is_late_for_as_long_as_the_window_is_open() -> None:
    assert _lag(_story(closed=12.0).note(DnsDropped(at=4.0, queries=3, server=RESOLVER))) == 8.0
    assert _lag(_story(closed=12.0).note(DnsDropped(at=13.0, queries=3, server=RESOLVER))) == 0.0


def test_a_flood_of_questions_is_the_doing_of_whoever_asks_them() -> None:
    flood = [DnsDropped(at=at, queries=500, server=RESOLVER, excess=True) for at in (4.0, 4.1, 14.0)]
    story = _story(closed=12.0).note(*flood)
    assert story.evidence().unanswered == 1000
    assert _story(closed=3.9).note(*flood).evidence().unanswered == 0
    assert _story(closed=12.0).note(replace(flood[0], excess=False)).evidence().unanswered == 0
    judged = story.judge("recovers")
    assert (judged.verdict, judged.fault) == (Verdict.ERROR, Fault.TARGET)
    assert "questions had no answer" in judged.observed


class TestAClientThatIsAnsweredLate:
    """It is not known how long it would have waited, unless it goes on: then it has endured what there was."""

    def _story(self, *, ahead: bool | None, lag: float = 1.5) -> Story:
        """Return a story in which the answer is late, and what the client says next had come before it, or not."""
        story = _story()
        here = {"server": story.site().server, "connection": 77}
        story.note(accepted(at=3.0, **here), TcpLate(at=5.0, lag=lag, **here))
        story.note(SmtpSent(at=5.1, stage=Stage.DOT, text="250 OK", **here))
        if ahead is not None:
            story.note(SmtpReceived(at=5.2, stage=Stage.QUIT, line="QUIT", ahead=ahead, **here))
        return story

    def test_what_it_endured_counts_half(self) -> None:
        assert not self._story(ahead=False).evidence().harness_was_late
        assert self._story(ahead=False).evidence().lateness == (1.5, 2.0)
        assert self._story(ahead=False, lag=2.1).evidence().harness_was_late

    @pytest.mark.parametrize("ahead", [True, None], ids=["it had gone on before", "it never goes on"])
    def test_what_nobody_knows_it_to_have_endured_counts_in_full(self, ahead: bool | None) -> None:
        assert self._story(ahead=ahead).evidence().harness_was_late
        assert self._story(ahead=ahead).evidence().lateness == (1.5, 1.0)

    def test_what_is_said_before_the_answer_shows_nothing(self) -> None:
        story = _story()
        here = {"server": story.site().server, "connection": 77}
        story.note(TcpLate(at=5.0, lag=1.5, **here))
        story.note(SmtpReceived(at=5.0, stage=Stage.MAIL, line="MAIL FROM:<a@b.test>", **here))
        assert story.evidence().harness_was_late

    def test_another_session_shows_nothing_of_this_one(self) -> None:
        story = self._story(ahead=None)
        story.note(
            SmtpReceived(at=5.2, stage=Stage.QUIT, line="QUIT", server=story.site().server, connection=78)
        )
        assert story.evidence().harness_was_late

    def test_the_lag_is_what_it_was(self) -> None:
        assert _lag(self._story(ahead=False)) == 1.5


class TestAQueryThatWasReadTooLate:
    """The relay's look-up timed out, since we read it too late; what it says then is not judged."""

    def _blames_dns(self, lag: float) -> Story:
        story = waiting(NAME)
        story.note(query(story.site().name, at=3.0, lag=lag))
        return story.says(3.1, "450 4.4.312 DNS query failed [Message=timed out]")

    def test_in_time_the_relay_is_wrong(self) -> None:
        assert self._blames_dns(0.0).verdict("error_code") is Verdict.FAIL

    def test_late_it_is_not_judged(self) -> None:
        judged = self._blames_dns(1.5).judge("error_code")
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert judged.observed == "the suite itself was 1.50 s late (allowed: 1.00 s)"

    def test_who_grants_short_time_outs_may_be_kept_waiting_less(self) -> None:
        story = self._blames_dns(0.7)
        assert story.verdict("error_code") is Verdict.FAIL
        granted = story.staged.granted
        story.change(granted=type(granted)(**{**vars(granted), "dns_timeout": 1.0}))
        judged = story.judge("error_code")
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "(allowed: 0.50 s)" in judged.observed

    def test_what_is_late_counts_against_the_time_out_that_runs_meanwhile(self) -> None:
        story = self._blames_dns(0.0)
        server = story.site().server
        story.note(TcpLate(at=3.0, lag=0.7, server=server, connection=7))
        granted = story.staged.granted
        story.change(granted=type(granted)(**{**vars(granted), "dns_timeout": 1.0}))
        assert story.evidence().lateness == pytest.approx((0.7, 1.0))
        assert story.verdict("error_code") is Verdict.FAIL
        story.note(query(story.site().name, at=3.0, lag=0.4))
        assert story.evidence().lateness == pytest.approx((0.4, 0.5))  # less, and more beside what is allowed
        assert story.evidence().lag == pytest.approx(0.7)
        # the wave's own loop holds up sessions, and a question says itself for how long it had waited
        for lag, late in ((0.6, False), (1.01, True)):
            held_up = self._blames_dns(0.0).change(lag=lag, granted=story.staged.granted).evidence()
            assert held_up.harness_was_late is late

    def test_a_control_of_which_we_were_late_accuses_nobody(self) -> None:
        story, plain = waiting(NAME), good_control("plain").without_messages()
        plain.note(query(plain.site().name, at=2.0, lag=1.5))
        record = story.record(plain, control=False)
        judged = story.judge("recovers", record=record)
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "the suite itself was 1.50 s late" in judged.observed
