"""The invariant judged from hand-made records, and what proves that a step was met."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories.sequences import HANGS, REFUSES, SECOND, SERVES, SequenceStory
from stories.wire import answer, received, syn

from conformance.catalogue.course import Course
from conformance.catalogue.profile import load
from conformance.judging.verdict import Verdict
from conformance.schedules.sequence import FaultSequence
from conformance.schedules.steps import faults_not_met, met
from conformance.session.minimise import Minimiser, explained
from fake_servers.events import TcpProbe

TEXT = "dns_servfail+close_at_mail+healthy"


def met_both(text: str = TEXT, course: Course = Course.SCHEDULE) -> SequenceStory:
    """Both faults met, the destination healthy since 7 s."""
    return (
        SequenceStory(text, course=course)
        .looks_up(1.1, "servfail")
        .armed(2, 2.1)
        .looks_up(3.1, "records", SERVES)
        .fault(3.2, "close_at_mail")
        .armed(3, 3.3)
    )


def test_delivered_once() -> None:
    judged = met_both().delivers(5.3).judged()
    assert judged.verdict is Verdict.PASS
    assert judged.requirement.id == "schedule/exactly-once"
    assert judged.level == "MUST"


@pytest.mark.parametrize("profile", ["eop", "eop-observed", "rfc"])
def test_reported_once(profile: str) -> None:
    story = met_both("dns_servfail+close_at_mail+rejected_at_rcpt").fault(5.3, "reply_at_rcpt").returns(5.4)
    assert story.judged(profile).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("step", "command", "verdict"),
    [
        ("reply_421_at_dot", "BDAT 700 LAST", Verdict.NOT_APPLICABLE),
        ("close_at_body", "BDAT 700 LAST", Verdict.NOT_APPLICABLE),
        ("reply_421_at_dot", "DATA", Verdict.INCONCLUSIVE),
        ("reply_421_at_rcpt", "BDAT 700 LAST", Verdict.INCONCLUSIVE),
    ],
)
def test_who_sends_chunks_passes_by_what_is_wrong_with_data(
    step: str, command: str, verdict: Verdict
) -> None:
    """Before, a relay that sends content by BDAT where CHUNKING is offered could not be judged."""
    story = SequenceStory(f"offers_chunking+close_at_mail+{step}+healthy").fault(2.2, "close_at_mail")
    stage = "data" if command == "DATA" else "bdat_last"
    story = story.armed(2, 2.3).note(received(stage, command, at=5.3)).delivers(5.3)
    assert story.judged().verdict is verdict
    first = (
        SequenceStory(f"offers_chunking+{step}+healthy").note(received(stage, command, at=5.3)).delivers(5.3)
    )
    assert first.judged().verdict is verdict


def test_a_notice_of_delay_is_no_report() -> None:
    assert met_both().returns(4.0, action="delayed").delivers(5.3).judged().verdict is Verdict.PASS
    delayed = met_both().returns(4.0, action="delayed")
    assert delayed.look(19.0, waiting=False).judged().verdict is Verdict.FAIL


def test_a_queue_never_seen_is_no_loss() -> None:
    judged = met_both().judged()
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "nobody knows whether it is still in the queue" in judged.reason
    assert met_both().look(20.5, waiting=False).judged().verdict is Verdict.INCONCLUSIVE  # after the window


def test_a_look_before_the_last_fault_says_nothing_of_what_came_after_it() -> None:
    for waiting in (True, False):
        assert met_both().look(2.0, waiting=waiting).judged().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("story", "observed"),
    [
        (met_both().delivers(5.3).delivers(7.3), "delivered twice, reported never"),
        (met_both().delivers(5.3).delivers(7.3).delivers(9.3), "delivered 3 times, reported never"),
        (met_both().delivers(5.3).returns(6.0), "delivered once, reported once"),
        (met_both().delivers(5.3).returns(6.0, to_author=True), "delivered once, reported once"),
        (met_both().returns(5.0).returns(6.0), "delivered never, reported twice"),
        (met_both().look(19.0, waiting=False), "neither delivered nor reported 16.8 s after"),
        (met_both().look(19.0, waiting=False), "no longer in the queue at 18.00 s"),
        (met_both().look(19.0, waiting=True), "still in the queue at 18.00 s"),
    ],
)
def test_anything_else_fails(story: SequenceStory, observed: str) -> None:
    judged = story.judged()
    assert judged.verdict is Verdict.FAIL
    assert observed in judged.observed


@pytest.mark.parametrize("profile", ["eop", "rfc"])
@pytest.mark.parametrize(
    ("change", "told"), [({"cut": 4}, "the body ends after"), ({"sender": ""}, "the reverse-path is <>")]
)
def test_delivered_once_and_altered(change: dict[str, Any], told: str, profile: str) -> None:
    judged = met_both().delivers(8.0, **change).judged(profile)
    assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "schedule/intact")
    assert told in judged.observed


def test_lost_after_the_first_fault_fails_although_the_later_ones_were_never_met() -> None:
    story = SequenceStory(TEXT).looks_up(1.1, "servfail").armed(2, 2.1).look(19.0, waiting=False)
    judged = story.judged()
    assert judged.verdict is Verdict.FAIL
    assert judged.observed.startswith("neither delivered nor reported 18.9 s after the last fault was met")


def test_doubled_fails_although_a_fault_was_never_met() -> None:
    story = SequenceStory(TEXT).looks_up(1.1, "servfail").armed(2, 2.1).delivers(3.0).delivers(5.0)
    assert story.judged().verdict is Verdict.FAIL


def test_nothing_met_is_inconclusive_whatever_came_of_the_message() -> None:
    for story in (SequenceStory(TEXT), SequenceStory(TEXT).delivers(2.0), SequenceStory(TEXT).returns(2.0)):
        judged = story.judged()
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "not provoked" in judged.reason


def test_delivered_past_a_fault_is_inconclusive() -> None:
    judged = SequenceStory(TEXT).looks_up(1.1, "servfail").armed(2, 2.1).delivers(3.0).judged()
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "close_at_mail" in judged.reason


def test_delivered_without_the_fault_of_the_ending() -> None:
    text = "dns_servfail+close_at_mail+reset_at_quit"
    assert met_both(text).delivers(5.3).judged().verdict is Verdict.INCONCLUSIVE
    assert met_both(text).delivers(5.3, quits=False).judged().verdict is Verdict.NOT_APPLICABLE
    assert met_both(text).delivers(5.3).fault(5.4, "reset_at_quit").judged().verdict is Verdict.PASS


def test_who_takes_its_time_with_quit_has_met_what_goes_wrong_there() -> None:
    """The destination counts as repaired when the message is there; the session goes on as it began."""
    story = met_both("dns_servfail+close_at_mail+reset_at_quit").delivers(5.3, quits=False).repaired(5.35)
    assert story.fault(9.0, "reset_at_quit").judged().verdict is Verdict.PASS


def test_returned_before_the_end_of_the_schedule_leaves_the_rest_unjudged() -> None:
    judged = SequenceStory(TEXT).looks_up(1.1, "servfail").armed(2, 2.1).returns(2.5).judged()
    assert judged.verdict is Verdict.NOT_APPLICABLE


def test_a_failed_control_leaves_nothing_to_judge() -> None:
    story = met_both().delivers(5.3)
    story.control = False
    assert story.judged().verdict is Verdict.INCONCLUSIVE


def names(story: SequenceStory) -> list[str]:
    return [step.name for step in faults_not_met(story.evidence(), story.mode.steps)]


def test_a_fault_counts_for_the_step_in_force_only() -> None:
    twice = SequenceStory("close_at_mail+close_at_mail+healthy").fault(1.1, "close_at_mail").armed(2, 1.2)
    assert len(names(twice)) == 1
    assert names(twice.fault(3.2, "close_at_mail").armed(3, 3.3)) == []


def test_another_fault_does_not_count() -> None:
    for other in ("reset_at_mail", "close_at_rcpt"):
        assert names(SequenceStory("close_at_mail+healthy").fault(1.1, other).armed(2, 9.0)) == [
            "close_at_mail"
        ]


def test_a_step_that_was_never_armed_was_not_met() -> None:
    story = (
        SequenceStory("close_at_mail+close_at_rcpt+healthy")
        .fault(1.1, "close_at_mail")
        .fault(1.2, "close_at_rcpt")
    )
    assert names(story) == ["close_at_rcpt"]


def test_a_failing_look_up_of_either_type_counts() -> None:
    assert names(SequenceStory("dns_nodata+healthy").looks_up(1.1, "nodata", type="AAAA").armed(2, 2.0)) == []
    assert names(SequenceStory("dns_nodata+healthy").looks_up(1.1, "nxdomain").armed(2, 2.0)) == [
        "dns_nodata"
    ]


def test_a_refusal_on_loopback_is_a_look_up_between_two_probes_that_were_refused() -> None:
    def story(*outcomes: Any, address: str = REFUSES) -> SequenceStory:
        told = SequenceStory("connection_refused+healthy").looks_up(1.1, "records", address).armed(2, 2.1)
        for at, outcome in zip((0.5, 2.2), outcomes, strict=False):
            told.note(TcpProbe(at=at, server=f"{REFUSES}:25", outcome=outcome))
        return told

    assert names(story("refused", "refused")) == []
    assert names(story()) == ["connection_refused"]
    assert names(story("refused", "connected")) == ["connection_refused"]
    assert names(story("refused", "refused", address=SERVES)) == ["connection_refused"]


def test_a_refusal_in_a_namespace_is_a_packet() -> None:
    story = SequenceStory("connection_refused+healthy", lab="namespace").armed(2, 2.1)
    story.looks_up(1.1, "records", REFUSES).note(TcpProbe(at=0.5, server=f"{REFUSES}:25", outcome="refused"))
    assert names(story) == ["connection_refused"]
    story.note(syn("refused", at=1.2, server=f"{REFUSES}:25"))
    assert names(story) == []


def test_a_hang_is_a_syn_that_was_dropped() -> None:
    story = SequenceStory("connect_timeout+healthy").looks_up(1.1, "records", HANGS).armed(2, 5.0)
    assert names(story) == ["connect_timeout"]
    story.note(syn("dropped", 1.9, at=1.2, server=f"{HANGS}:25"))
    [contact] = met(story.evidence(), story.mode.steps, 0)
    assert contact.at == 1.2


class TestSecondHost:
    """A second host takes no part in the steps; when it is tried is the relay's business."""

    HEALTHY, REFUSED = f"second_host_healthy+{TEXT}", f"second_host_refuses+{TEXT}"

    def first_fault(self, text: str) -> SequenceStory:
        return SequenceStory(text).looks_up(1.1, "servfail").armed(2, 2.1)

    def test_delivered_there_before_the_rest_was_met(self) -> None:
        assert self.first_fault(self.HEALTHY).delivers(1.2, host=SECOND).judged().verdict is Verdict.PASS

    def test_delivered_there_after_all_of_it(self) -> None:
        assert met_both(self.HEALTHY).delivers(5.3, host=SECOND).judged().verdict is Verdict.PASS

    def test_delivered_at_both(self) -> None:
        judged = self.first_fault(self.HEALTHY).delivers(1.2, host=SECOND).delivers(5.3).judged()
        assert judged.verdict is Verdict.FAIL
        assert "delivered twice" in judged.observed

    def test_delivered_there_first_thing(self) -> None:
        judged = SequenceStory(self.HEALTHY).delivers(1.2, host=SECOND).judged()
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert "it may begin with the other smart host" in judged.reason

    def test_delivered_at_the_first_host_past_a_fault(self) -> None:
        for text in (self.HEALTHY, self.REFUSED):
            assert self.first_fault(text).delivers(3.0).judged().verdict is Verdict.INCONCLUSIVE

    def test_what_is_seen_of_it_meets_no_step(self) -> None:
        story = SequenceStory("second_host_refuses+connection_refused+dns_nodata+healthy")
        story.note(TcpProbe(at=0.5, server=f"{REFUSES}:25", outcome="refused")).armed(2, 2.0).armed(3, 4.0)
        for at, way in ((1.1, "records"), (3.1, "nodata")):
            second = answer(story.staged.sites[1].name, way, SECOND, at=at)
            story.note(second)
        assert names(story) == ["connection_refused", "dns_nodata"]
        story.looks_up(1.2, "records", REFUSES).looks_up(3.2, "nodata")
        assert names(story) == []


class TestContents:
    """What becomes of lines that are not ordinary is asked elsewhere; that some of the message is missing, here."""

    TEXT = f"lines_with_dots+{TEXT}"

    def test_altered_lines_may_be_what_the_relay_does_to_all_such_messages(self) -> None:
        instead = (b"\r\n..\r\n", b"\r\n.\r\n")
        assert met_both(self.TEXT).delivers(5.3, instead=instead).judged().verdict is Verdict.PASS
        assert met_both().delivers(5.3, instead=(b"lazy", b"busy")).judged().verdict is Verdict.FAIL

    @pytest.mark.parametrize("change", [{"cut": 400}, {"sender": "somebody@sender.test"}])
    def test_whatever_is_missing_fails(self, change: dict[str, Any]) -> None:
        judged = met_both(self.TEXT).delivers(5.3, **change).judged()
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "schedule/intact")

    def test_returned_before_any_fault_there_is_nothing_to_judge(self) -> None:
        for text, verdict in ((self.TEXT, Verdict.NOT_APPLICABLE), (TEXT, Verdict.INCONCLUSIVE)):
            assert SequenceStory(text).returns(2.0).judged().verdict is verdict
        assert SequenceStory(self.TEXT).delivers(2.0).judged().verdict is Verdict.INCONCLUSIVE

    def test_refused_by_the_relay_there_is_nothing_to_judge(self) -> None:
        for text, verdict in ((self.TEXT, Verdict.NOT_APPLICABLE), (TEXT, Verdict.ERROR)):
            story = SequenceStory(text)
            story.staged = replace(story.staged, submitted=None, refusal="550 5.6.1 no")
            assert story.judged().verdict is verdict


def test_a_failure_says_what_it_came_down_to() -> None:
    whole = met_both().delivers(5.3).delivers(7.3)
    part = (
        SequenceStory("close_at_mail+healthy", course=Course.REDUCED)
        .fault(1.1, "close_at_mail")
        .armed(2, 1.2)
    )
    part.delivers(3.0).delivers(5.0)
    records = [whole.record()]
    minimiser = Minimiser(records, load("eop"))
    wanted = minimiser.wanted()
    assert {scenario.course for scenario in wanted} == {Course.REDUCED}
    assert FaultSequence.parse("close_at_mail+healthy") in [
        FaultSequence.parse(s.failure_mode.name) for s in wanted
    ]
    records.append(part.record())
    judged = explained(whole.judged(), whole.scenario, minimiser, dict)
    assert judged.observed.startswith(
        "delivered twice, reported never; minimal schedule so far: close_at_mail+healthy"
    )
    assert judged.verdict is Verdict.FAIL


def test_what_a_second_staging_took_back_is_not_reduced() -> None:
    lost = met_both().look(19.0, waiting=False)
    twice, once = met_both().delivers(5.3).delivers(7.3), met_both().delivers(5.3)
    assert Minimiser([lost.record(), once.record()], load("eop")).wanted() == []
    for records in ([twice.record(), once.record()], [lost.record()]):
        assert Minimiser(records, load("eop")).wanted() != []


def test_a_pass_is_left_as_it_is() -> None:
    story = met_both().delivers(5.3)
    minimiser = Minimiser([story.record()], load("eop"))
    assert minimiser.wanted() == []
    assert explained(story.judged(), story.scenario, minimiser, dict).observed == story.judged().observed
