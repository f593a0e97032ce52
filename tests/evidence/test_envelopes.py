"""What is a copy and what a report, and what a connection was made for."""

from __future__ import annotations

import math

import pytest
from stories.staging import header
from stories.story import Story, good_control, waiting
from stories.wire import fault, message, received

from conformance.catalogue.course import Course
from conformance.evidence.connections import Transaction
from conformance.target import Capability, Outcome


def one_route(story: Story) -> Story:
    story.header = header(without=[Capability.MANY_CONNECTORS], besides=[Capability.ONE_ROUTE])
    return story


class TestMessages:
    def test_a_report_at_a_staged_server_is_no_copy(self) -> None:
        evidence = Story("greeting_421").returns_here(5.0).delivers(6.0).evidence()
        assert [each.at for each in evidence.messages] == [6.0]
        assert [each.at for each in evidence.returned] == [5.0]

    def test_it_is_about_its_senders_scenario_wherever_it_arrived(self) -> None:
        ours, other = Story("greeting_421"), Story("greeting_554", number=2)
        at = {"server": other.site().server, "connection": 9}
        other.note(message(ours.staged.sender, mail_from="", at=5.0, **at))
        assert ours.evidence(other).returned == other.evidence(ours).events
        assert ours.evidence(other).messages == other.evidence(ours).messages == ()

    @pytest.mark.parametrize(
        ("mail_from", "recipient"),
        [("postmaster@relay.test", "{sender}"), ("", "nobody@else.test"), ("", "{recipient}")],
    )
    def test_anything_else_is_a_copy(self, mail_from: str, recipient: str) -> None:
        story = Story("greeting_421")
        who = recipient.format(sender=story.staged.sender, recipient=story.staged.recipient)
        evidence = story.delivers(5.0, mail_from=mail_from, recipients=[who]).evidence()
        assert len(evidence.messages) == 1
        assert evidence.returned == evidence.astray == ()

    def test_a_report_to_the_author_went_astray_and_is_no_copy(self) -> None:
        story = Story("greeting_421")
        evidence = story.delivers(5.0, mail_from="", recipients=[story.staged.author]).evidence()
        assert [each.at for each in evidence.astray] == [5.0]
        assert evidence.messages == ()


class TestConnections:
    def test_the_envelopes_that_were_offered(self) -> None:
        story = Story("greeting_421").connects(
            2.0,
            received("ehlo", "EHLO relay.test"),
            received("mail", "mail from: <a@b.test> SIZE=10"),
            received("rcpt", "RCPT TO:<c@d.test> NOTIFY=NEVER"),
            received("rcpt", "RCPT TO:<@via.test:e@f.test>"),
            received("mail", "MAIL FROM:<>"),
        )
        [connection] = story.evidence().connections
        assert connection.transactions == (
            Transaction(reverse_path="a@b.test", forward_paths=("c@d.test", "@via.test:e@f.test")),
            Transaction(reverse_path="", forward_paths=()),
        )

    @pytest.mark.parametrize("recipients", [0, 1])
    def test_one_for_a_report_alone_is_no_attempt(self, recipients: int) -> None:
        story = waiting("greeting_421")
        story.says_mail(4.5, "", *[story.staged.sender][:recipients], then=fault("close", "rcpt"))
        evidence = story.evidence()
        assert [round(each.opened, 2) for each in evidence.report_connections] == [4.5]
        assert len(evidence.connections) == len(story.case().attempts) == 2

    def test_one_for_both_is_the_messages(self) -> None:
        story = Story("greeting_421")
        story.connects(
            2.0, received("mail", "MAIL FROM:<>"), received("mail", f"MAIL FROM:<{story.staged.sender}>")
        )
        assert len(story.evidence().connections) == 1

    def test_a_message_with_the_null_reverse_path_is_told_by_its_recipient(self) -> None:
        story = Story("connection_refused", course=Course.NULL_SENDER)
        story.says_mail(2.0, "").says_mail(3.0, "", story.staged.recipient).says_mail(
            4.0, "", story.staged.sender
        )
        evidence = story.evidence()
        assert [round(each.opened, 2) for each in evidence.connections] == [2.0, 3.0]
        assert [round(each.opened, 2) for each in evidence.report_connections] == [4.0]

    def test_what_happened_on_either_is_found(self) -> None:
        evidence = Story("greeting_421").returns_here(5.0).delivers(6.0).evidence()
        for each in (*evidence.messages, *evidence.returned):
            assert evidence.connection_of(each).opened == pytest.approx(each.at - 0.05)


class TestUnclear:
    """Traces that name no reverse-path, once the message was given up."""

    def _refused(self, *moments: float) -> Story:
        story = one_route(Story("greeting_421")).change(repaired=None)
        for at in moments:
            story.meets_fault(at)
        return story

    def test_while_the_message_waits_every_trace_is_its_own(self) -> None:
        story = self._refused(1.2, 1.4, 3.4).look(2.0).look(3.0)
        assert story.evidence().unclear_from == math.inf
        assert len(story.case().attempts) == 3

    def test_once_it_was_given_up_what_says_nothing_may_be_the_reports(self) -> None:
        story = self._refused(1.2, 1.4, 3.4).look(2.0, None).look(3.0, None)
        assert story.evidence().unclear_from == story.staged.submitted
        assert [attempt.at for attempt in story.case().attempts] == [1.2]

    def test_by_the_relays_own_word_or_by_a_notice_as_well(self) -> None:
        said = self._refused(1.2, 1.4).says(2.0, "550 no", Outcome.PERMANENT)
        noticed = self._refused(1.2, 1.4).returns_here(5.0)
        noticed.header = header()  # seen to have one route, whatever it says
        for story in (said, noticed):
            assert len(story.case().attempts) == 1

    def test_it_counts_from_the_last_sure_sign_of_the_message(self) -> None:
        listed = self._refused(1.2, 3.4, 5.6).look(2.0).look(4.0).look(5.0, None)
        assert listed.evidence().unclear_from == pytest.approx(3.99)
        offered = self._refused(1.2, 3.4, 5.6).look(6.0, None)
        offered.says_mail(3.5, offered.staged.sender, offered.staged.recipient)
        assert offered.evidence().unclear_from == 3.5
        for story in (listed, offered):
            assert [attempt.at for attempt in story.case().attempts] == [1.2, 3.4]

    def test_a_relay_whose_reports_go_to_the_senders_server_has_no_such_traces(self) -> None:
        story = self._refused(1.2, 3.4, 5.6).look(2.0, None)
        assert story.evidence(good_control("slow").returns(9.0)).unclear_from == math.inf
        assert len(story.returns(9.0).case().attempts) == 3

    def test_nor_has_one_that_neither_says_nor_shows_that_it_has_one_route(self) -> None:
        story = self._refused(1.2, 1.4).look(2.0, None)
        story.header = header()
        assert story.evidence().unclear_from == math.inf
        other = Story("greeting_554", number=2).says_mail(3.0, "", story.staged.sender)
        assert story.evidence(other).unclear_from == story.staged.submitted

    def test_nor_has_a_message_that_arrived_everywhere(self) -> None:
        story = self._refused(1.2, 3.4).look(6.0, None)
        assert story.evidence().unclear_from < math.inf
        assert story.delivers(5.0).evidence().unclear_from == math.inf

    def test_of_several_recipients_one_that_waits_keeps_it(self) -> None:
        story = one_route(Story("one_recipient_deferred")).meets_fault(1.2).look(2.0)
        assert story.evidence().unclear_from == math.inf
