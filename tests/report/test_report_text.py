from __future__ import annotations

from dataclasses import replace

import pytest
from stories.operated import taken_out, told, waits_for_alert
from stories.story import Story, good, waiting
from stories.wire import accepted, closed, fault, query, received, sent, syn

from conformance.catalogue.by_mx import TOLD
from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.evidence.record import Fault, Trouble
from conformance.report.failure import explain
from conformance.report.timeline import timeline
from fake_servers import Stage
from fake_servers.events import (
    Event,
    FakeBroke,
    RelayClockMoved,
    RelayKilled,
    RelayRestarted,
    SmtpBody,
    SmtpHeard,
    SmtpUnoffered,
    TcpHanging,
    TcpProbe,
    TcpRefusing,
    TlsFailed,
    TlsOffered,
)


def _explained(story: Story, aspect: str) -> str:
    return explain(ALL[story.mode], story.judge(aspect), load("eop"))


def _lines(story: Story) -> list[str]:
    return [str(entry) for entry in timeline(story.evidence())]


def test_a_failure_says_what_was_asked_by_whom_and_what_was_seen() -> None:
    told = _explained(waiting("connection_refused").says(2.0, "451 4.4.0 oops"), "error_code")
    flat = " ".join(told.split())
    assert told.startswith("fail: connection-refused/error-code (MUST, profile eop)")
    assert "Error code: 450 4.4.316 Connection refused" in flat
    assert ALL["connection_refused"].staged in flat
    for wanted in (
        "reply code 450",
        "reply code 451 (event: 451 4.4.0 oops)",
        "enhanced status code 4.4.316",
    ):
        assert wanted in flat
    assert "message accepted by the relay" in told
    assert "destination repaired" in told


def test_a_failure_says_that_it_was_staged_by_mx() -> None:
    story = waiting("connection_refused").says(2.0, "451 4.4.0 oops")
    assert TOLD not in " ".join(_explained(story, "error_code").split())
    told = " ".join(_explained(story.change(by_mx=True), "error_code").split())
    assert f"{ALL['connection_refused'].staged} by MX {TOLD}" in told


def test_the_timeline_says_when_the_relay_was_gone() -> None:
    story = waiting("greeting_421").is_gone(4.0).change(closed=None)
    assert any(
        line.split()[0] == "+3.000" and line.endswith("gone: it does not answer") for line in _lines(story)
    )
    assert "fail: relay/survives (MUST, profile eop)" in _explained(story, "survives")


def test_what_could_not_be_judged_says_why() -> None:
    story = Story("connection_refused").look(2.0)
    assert "the failure was not provoked" in " ".join(_explained(story, "retried").split())


@pytest.mark.parametrize(
    ("fault", "who"),
    [(Fault.TARGET, "relay"), (Fault.ADAPTER, "adapter"), (Fault.HARNESS, "this suite or this machine")],
)
def test_an_error_says_whose_fault_it_is(fault: Fault, who: str) -> None:
    story = good("connection_refused")
    story.troubles.append(Trouble(at=1.0, fault=fault, message="it broke", scenario=story.staged.scenario))
    told = _explained(story, "retried")
    assert who in told
    assert "it broke" in told


def test_a_long_timeline_is_shortened_in_the_middle() -> None:
    story = Story("close_at_greeting").look(2.0)
    for number in range(60):
        story.connects(2.0 + number / 100, fault(), lasting=0.1)
    told = _explained(story, "retried").splitlines()
    assert len(told) < 90
    [gap] = [line for line in told if "left out" in line]
    assert 20 < told.index(gap) < len(told) - 20
    assert "window closed" in told[-1]


def test_lines_fit_into_a_terminal() -> None:
    story = waiting("connection_refused").says(2.0, "450 4.4.1 " + "a long explanation " * 40)
    assert max(map(len, _explained(story, "error_code").splitlines())) <= 100


class TestTimeline:
    def test_everything_is_in_order_on_one_clock(self) -> None:
        story = good("dns_nxdomain").returns(9.0)
        entries = timeline(story.evidence())
        assert [e.at for e in entries] == sorted(e.at for e in entries)
        assert next(e for e in entries if "message accepted by the relay" in e.text).at == 0.0
        assert {e.layer for e in entries} == {"suite", "DNS", "TCP", "SMTP", "relay", "queue", "NDR"}

    def test_the_queue_is_shown_when_it_changes(self) -> None:
        story = Story("greeting_421").look(2.0).look(3.0).look(4.0, "no luck").look(5.0, None)
        told = [entry.text for entry in timeline(story.evidence()) if entry.layer == "queue"]
        assert told == ["waiting: no reason shown", "waiting: no luck", "not in the queue"]

    def test_every_kind_of_event_can_be_shown(self) -> None:
        story, server = Story("greeting_421"), Story("greeting_421").site().server
        events: list[Event] = [
            received("ehlo", "EHLO relay"),
            sent("ehlo", "250-a\n250 b"),
            SmtpHeard(octets=28),
            SmtpBody(octets=7),
            SmtpUnoffered(stage=Stage.MAIL, parameters=("SIZE=10",)),
            fault("close", "dot"),
            TlsOffered(certificate="expired"),
            TlsFailed(error="bad certificate"),
            accepted(),
            closed(),
            TcpRefusing(),
            TcpHanging(backlog=1, fillers=2),
            TcpProbe(outcome="refused"),
            syn("dropped", 1.0),
            FakeBroke(error="oops"),
        ]
        story.note(*(replace(event, at=2.0, server=server, connection=3) for event in events))
        told = "\n".join(_lines(story))
        for shown in ("> EHLO relay", "250-a | 250 b", "7 octets", "> 28 octets", "close at dot",
                      "certificate expired", "bad certificate", "127.0.0.1:40000", "closed by peer (fin)", "refused",
                      "dropped", "oops", "parameters ['SIZE=10']"):  # fmt: skip
            assert shown in told
        assert len(_lines(story)) == len(events) + 3

    def test_a_question_that_nobody_planned_is_marked(self) -> None:
        story = Story("dns_nxdomain")
        name = story.site().name
        story.note(
            replace(query(name, at=2.0), planned=True), replace(query(f"{name}.test", at=2.1), planned=False)
        )
        told = [entry.text for entry in timeline(story.evidence()) if entry.layer == "DNS"]
        assert told == [f"{name} A? (udp)", f"{name}.test A? (udp, not planned)"]

    def test_what_is_done_to_the_relay_is_told_in_words(self) -> None:
        story = Story("greeting_421", course=Course.EXPIRES).note(
            RelayKilled(at=2.5, moment="12h", relay=1, asked=2.375),
            RelayRestarted(at=3.0, moment="12h", relay=1),
            RelayClockMoved(at=4.0, moment="12h", relay=1, seconds=60.0),
        )
        told = "\n".join(_lines(story))
        assert "+1.500 s  suite  relay killed 0.125 s after that was asked for (12h)" in told
        assert "+2.000 s  suite  relay started again (12h)" in told
        assert "+3.000 s  suite  relay's clock was moved by 60 s (12h)" in told

    def test_a_bounce_in_no_known_form_is_shown(self) -> None:
        story = Story("greeting_421").returns(4.0, content=b"Subject: Oh\r\n\r\n")
        assert any("Oh: no delivery-status part" in line for line in _lines(story))

    def test_without_submission_times_are_the_journals(self) -> None:
        story = Story("greeting_421").change(submitted=None, repaired=None)
        assert [(e.at, e.text) for e in timeline(story.evidence())] == [(12.0, "window closed")]


class TestOperator:
    def test_what_the_operator_did_and_saw_is_in_the_timeline(self) -> None:
        lines = "\n".join(_lines(taken_out(Course.SWITCHED_OFF)))
        assert "suite  operator: off" in lines
        assert "suite  operator: domain authoritative" in lines
        assert "message accepted by the relay, for <known@" in lines
        assert "offered: 550 5.4.1 Recipient address rejected" in lines

    def test_a_refused_act_is_told_with_its_reason(self) -> None:
        story = taken_out().acts(4.0, "a bad host", refused="no such host")
        assert "relay  refused: no such host" in "\n".join(_lines(story))

    def test_an_alert_is_told_when_it_is_seen_and_when_it_changes(self) -> None:
        story = waits_for_alert()
        lines = [line for line in _lines(told(story, story.alert())) if " queued for mx1." in line]
        assert [line.split("relay  ")[1].split(":")[0] for line in lines] == ["alert", "cleared"]
