"""The invariant where there are two addresses, two recipients, or a kill: judged from hand-made records."""

from __future__ import annotations

from stories.sequences import REFUSES, SECOND, SequenceStory

from conformance.judging.verdict import Verdict
from conformance.schedules.steps import faults_not_met
from fake_servers.events import RelayKilled, TcpProbe

TEXT = "dns_servfail+close_at_mail+healthy"


def met_both(text: str = TEXT) -> SequenceStory:
    """Both faults met, the destination healthy since 7 s."""
    story = SequenceStory(text).looks_up(1.1, "servfail").armed(2, 2.1)
    return story.looks_up(3.1).fault(3.2, "close_at_mail").armed(3, 3.3)


def names(story: SequenceStory) -> list[str]:
    return [step.name for step in faults_not_met(story.evidence(), story.mode.steps)]


class TestSecondAddress:
    """A second address takes no part either, and has the name in common with that whose steps these are."""

    HEALTHY, REFUSED = f"second_address_healthy+{TEXT}", f"second_address_refuses+{TEXT}"

    def test_delivered_there_before_the_rest_was_met(self) -> None:
        first = SequenceStory(self.HEALTHY).looks_up(1.1, "servfail").armed(2, 2.1)
        assert first.delivers(2.3, host=SECOND).judged().verdict is Verdict.PASS

    def test_delivered_there_first_thing(self) -> None:
        judged = SequenceStory(self.HEALTHY).delivers(1.2, host=SECOND).judged()
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert "it may begin with the other address" in judged.reason

    def test_delivered_at_both(self) -> None:
        story = met_both(self.HEALTHY).delivers(5.3, host=SECOND).delivers(7.3)
        assert story.judged().verdict is Verdict.FAIL

    def test_a_look_up_tells_of_a_refusal_only_where_all_is_refused(self) -> None:
        for setting, met_none in (("second_address_healthy", True), ("second_address_refuses", False)):
            story = SequenceStory(f"{setting}+connection_refused+healthy").looks_up(1.1, "records", REFUSES)
            story.note(TcpProbe(at=0.5, server=f"{REFUSES}:25", outcome="refused")).armed(2, 2.0)
            assert (names(story) == ["connection_refused"]) is met_none


class TestRecipients:
    """Each recipient has an end of its own."""

    BOTH, REFUSED = f"two_recipients+{TEXT}", f"second_recipient_refused+{TEXT}"

    def test_delivered_together_or_one_by_one(self) -> None:
        together = met_both(self.BOTH).delivers(5.3, to=("recipient", "second"))
        apart = met_both(self.BOTH).delivers(5.3, to=("recipient",)).delivers(5.4, to=("second",))
        assert [story.judged().verdict for story in (together, apart)] == [Verdict.PASS] * 2

    def test_refused_all_along_and_reported(self) -> None:
        story = met_both(self.REFUSED).delivers(5.3, to=("recipient",)).returns(5.4, of=("second",))
        assert story.judged().verdict is Verdict.PASS

    def test_reported_together_or_one_by_one(self) -> None:
        text = "two_recipients+dns_servfail+close_at_mail+rejected_at_dot"
        ended = met_both(text).fault(5.3, "reply_at_dot").returns(5.4, of=("recipient", "second"))
        apart = met_both(text).fault(5.3, "reply_at_dot").returns(5.4, of=("second",))
        apart = apart.returns(5.5, of=("recipient",))
        assert [story.judged().verdict for story in (ended, apart)] == [Verdict.PASS] * 2

    def test_one_of_two_lost_or_doubled(self) -> None:
        lost = met_both(self.BOTH).delivers(5.3, to=("recipient",)).look(19.0, waiting=False)
        twice = met_both(self.BOTH).delivers(5.3, to=("recipient", "second")).delivers(7.3, to=("second",))
        both = met_both(self.BOTH).delivers(5.3, to=("recipient", "second")).returns(7.3, of=("second",))
        told = ("neither delivered nor reported", "delivered twice, reported never", "reported once")
        for story, words in zip((lost, twice, both), told, strict=True):
            judged = story.judged()
            assert judged.verdict is Verdict.FAIL
            assert f"<second@{story.staged.domain}> " in judged.observed
            assert words in judged.observed

    def test_a_report_that_names_nobody_may_be_about_whoever_is_missing(self) -> None:
        story = met_both(self.REFUSED).delivers(5.3, to=("recipient",)).returns(5.4, of=())
        assert story.look(19.0, waiting=False).judged().verdict is Verdict.NOT_APPLICABLE

    def test_returned_in_mid_schedule(self) -> None:
        story = SequenceStory(self.BOTH).looks_up(1.1, "servfail").armed(2, 2.1)
        judged = story.returns(2.5, of=("recipient", "second")).judged()
        assert judged.verdict is Verdict.NOT_APPLICABLE

    def test_who_is_refused_all_along_meets_no_step(self) -> None:
        story = SequenceStory("second_recipient_refused+reply_451_at_rcpt+healthy").fault(1.1, "raw_at_rcpt")
        assert names(story.armed(2, 2.0)) == ["reply_451_at_rcpt"]
        assert names(story.fault(1.2, "reply_at_rcpt")) == []


class TestKill:
    """What was handed over right before the relay was killed may come again (RFC 5321 section 4.1.1.4)."""

    TEXT = f"second_host_healthy+relay_killed+{TEXT}"

    def killed(self, text: str, at: float = 2.5) -> SequenceStory:
        story = SequenceStory(text).looks_up(1.1, "servfail")
        return story.note(RelayKilled(at=at, moment="schedule", asked=at - 0.1, relay=0))

    def test_twice_of_which_once_right_before(self) -> None:
        story = self.killed(self.TEXT).delivers(2.3, host=SECOND).delivers(5.3, host=SECOND)
        assert story.judged().verdict is Verdict.PASS

    def test_twice_although_it_was_gone_from_the_queue(self) -> None:
        story = self.killed(self.TEXT).delivers(1.5, host=SECOND)
        story.look(1.8, waiting=False).look(2.1, waiting=False)
        assert story.delivers(5.3, host=SECOND).judged().verdict is Verdict.FAIL

    def test_twice_behind_the_kill(self) -> None:
        story = self.killed(f"relay_killed+{TEXT}").armed(2, 2.8).fault(3.2, "close_at_mail").armed(3, 3.3)
        assert story.delivers(5.3).judged().verdict is Verdict.PASS
        assert story.delivers(7.3).judged().verdict is Verdict.FAIL

    def test_lost_behind_the_kill(self) -> None:
        story = self.killed(f"relay_killed+{TEXT}").look(19.0, waiting=False)
        assert story.judged().verdict is Verdict.FAIL

    def test_returned_in_mid_schedule_nobody_knows_when(self) -> None:
        story = self.killed(f"relay_killed+{TEXT}").returns(2.6).returns(2.7)
        assert story.judged().verdict is Verdict.NOT_APPLICABLE
