"""Refusals for good, messages to two recipients, and a backlog beside: aspects on hand-made records."""

from __future__ import annotations

import pytest
from stories.reports import qmail_like
from stories.story import ASPECT, Story, observed, refused
from stories.wire import fault

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.judging.verdict import Verdict
from fake_servers.events import SmtpMessage

REJECTED = [name for name, mode in ALL.items() if mode.kind is Kind.PERMANENT and mode.refusals]
MIXED = ["one_recipient_rejected", "one_recipient_deferred"]


class TestReturnedAtOnce:
    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize("mode", REJECTED)
    def test_one_report_and_one_attempt(self, mode: str, profile: str) -> None:
        story = refused(mode).returns(1.8)
        assert "1 report" in observed(story, "returned_at_once", Verdict.PASS, profile)

    def test_not_returned(self) -> None:
        story = refused("rejected_at_rcpt")
        assert observed(story, "returned_at_once") == "0 reports"
        told = observed(story.returns(3.0, action="delayed"), "returned_at_once")
        assert told == "no report of the end, only 1 notice (Action: delayed, Status: 5.4.316)"

    def test_taken_for_one_that_waits(self) -> None:
        """Not told and tried again is one mistake."""
        judged = refused("rejected_at_rcpt").meets_fault(3.2).judge("returned_at_once")
        assert [each.requirement for each in judged.findings] == ["permanent/returned"]
        assert judged.observed == "0 reports, and it was tried again: 2 attempts"
        told = refused("rejected_at_rcpt").returns(1.8).meets_fault(3.2).judge("returned_at_once")
        assert (told.verdict, told.requirement.id) == (Verdict.DEVIATION, "permanent/not-retried")

    def test_twice(self) -> None:
        story = refused("rejected_at_rcpt").returns(1.8)
        assert not refused("rejected_at_rcpt").judge("returned_at_once").conclusive
        assert "2 reports, the first 0." in observed(story.returns(5.0), "returned_at_once")
        assert story.judge("returned_at_once").conclusive

    def test_tried_again(self) -> None:
        story = refused("rejected_at_data").meets_fault(3.5).returns(3.9)
        assert observed(story, "returned_at_once", Verdict.DEVIATION) == "2 attempts"

    def test_without_the_refusal_nothing_passes(self) -> None:
        assert observed(Story("rejected_at_rcpt").returns(1.8), "returned_at_once", Verdict.INCONCLUSIVE)


def _story(mode: str) -> Story:
    """Return two attempts that met the fault for one recipient; the other is served at the first of them."""
    story = refused(mode)
    [other] = story.staged.others
    return story.delivers(1.3, recipients=[other])


def _right(mode: str) -> Story:
    story = _story(mode)
    if mode == "one_recipient_rejected":
        return story.returns(1.9)
    return story.meets_fault(3.5).delivers(8.0, recipients=[story.staged.recipient])


class TestEachRecipient:
    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize("mode", MIXED)
    def test_each_has_its_own_fate(self, mode: str, profile: str) -> None:
        assert _right(mode).verdict("each_recipient", profile) is Verdict.PASS

    @pytest.mark.parametrize("mode", MIXED)
    def test_addresses_in_another_case(self, mode: str) -> None:
        story = _story(mode)
        who = story.staged.recipient.replace(".test", ".TEST")
        if mode == "one_recipient_rejected":
            lower = story.staged
            story.change(recipient=who).returns(1.9).change(recipient=lower.recipient)
        else:
            story.meets_fault(3.5).delivers(8.0, recipients=[who])
        assert story.verdict("each_recipient") is Verdict.PASS

    @pytest.mark.parametrize("named", [True, False])
    def test_a_plain_text_names_the_recipient(self, named: bool) -> None:
        story = _story("one_recipient_rejected")
        report = qmail_like(story.staged)
        who = f"<{story.staged.recipient}>".encode()
        story.returns(1.9, content=report if named else report.replace(who, b"somebody"))
        assert story.verdict("each_recipient") is (Verdict.PASS if named else Verdict.FAIL)

    @pytest.mark.parametrize("mode", MIXED)
    @pytest.mark.parametrize(("at", "verdict"), [(2.2, Verdict.PASS), (2.4, Verdict.FAIL)])
    def test_a_connection_for_each_is_the_same_attempt(self, mode: str, at: float, verdict: Verdict) -> None:
        story = _right(mode)
        [other] = story.staged.others
        story.events = [
            event for event in story.events if not (isinstance(event, SmtpMessage) and event.is_for(other))
        ]
        # the first attempt ended at 1.3 s; half an interval of 2 s later another one may begin
        assert story.delivers(at, recipients=[other]).verdict("each_recipient") is verdict

    @pytest.mark.parametrize("mode", MIXED)
    def test_the_other_twice(self, mode: str) -> None:
        story = _right(mode)
        again = story.delivers(4.0, recipients=story.staged.others)
        assert again.judge("each_recipient").requirement.id == "recipients/delivered-once"
        assert "2 deliveries" in observed(again, "each_recipient")
        assert again.judge("each_recipient").conclusive

    def test_the_other_not_at_all(self) -> None:
        story = refused("one_recipient_rejected").returns(1.9)
        assert "0 deliveries, not at the first attempt" in observed(story, "each_recipient")
        assert not story.judge("each_recipient").conclusive

    def test_the_report_names_the_other_too(self) -> None:
        story = _story("one_recipient_rejected")
        [other] = story.staged.others
        both = story.change(recipient=other).returns(1.9).change(recipient=Story(story.mode).staged.recipient)
        assert other in observed(both, "each_recipient")

    def test_not_returned_delivered_or_both(self) -> None:
        judged = _story("one_recipient_rejected").judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "permanent/returned")
        assert judged.observed.startswith("0 reports (<")
        assert "recipients/own-outcome" not in {each.requirement for each in judged.findings}
        deferred = _story("one_recipient_deferred")
        assert "0 deliveries" in observed(deferred, "each_recipient")
        both = _right("one_recipient_deferred").returns(9.0)
        assert both.judge("each_recipient").requirement.id == "recipients/own-outcome"

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"content": b"Subject: x\r\n\r\n"}, "the body ends after 0 of"),
            ({"mail_from": ""}, "the reverse-path is <>"),
        ],
    )
    def test_altered_for_the_one_that_remained(
        self, change: dict[str, object], told: str, profile: str
    ) -> None:
        story = _story("one_recipient_deferred").meets_fault(3.5)
        story.delivers(8.0, recipients=[story.staged.recipient], **change)
        assert told in observed(story, "each_recipient", profile=profile)
        judged = story.judge("each_recipient", profile)
        wrong = {finding.requirement for finding in judged.findings if not finding.holds}
        assert wrong == {"recipients/intact"}

    def test_nothing_delivered_leaves_nothing_to_compare(self) -> None:
        story = refused("one_recipient_rejected").returns(1.9)
        rows = {finding.requirement for finding in story.judge("each_recipient").findings}
        assert "recipients/intact" not in rows

    def test_only_once(self) -> None:
        for story in (_right("one_recipient_rejected"), _right("one_recipient_deferred")):
            twice = story.returns(9.0).delivers(9.5, recipients=[story.staged.recipient])
            assert twice.judge("each_recipient").requirement.id == "recipients/own-outcome"
            assert twice.judge("each_recipient").conclusive
        late = _story("one_recipient_deferred").meets_fault(3.5)
        assert not late.judge("each_recipient").conclusive


class TestMixes:
    """Three recipients: the first deferred, the second accepted, the third refused."""

    MODE = "mix_deferred_accepted_refused"

    def _who(self, story: Story) -> tuple[str, str, str]:
        accepted, refused_one = story.staged.others
        return story.staged.recipient, accepted, refused_one

    def _reports(self, story: Story, who: str, at: float, **report: str) -> Story:
        ours = story.staged.recipient
        return story.change(recipient=who).returns(at, **report).change(recipient=ours)

    def _served(self) -> Story:
        story = refused(self.MODE)
        return story.delivers(1.3, recipients=[self._who(story)[1]])

    def _right(self, reported: float = 1.9) -> Story:
        story = self._served().meets_fault(3.5)
        story.delivers(8.0, recipients=[story.staged.recipient])
        return self._reports(story, self._who(story)[2], reported)

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_each_has_its_own_fate(self, profile: str) -> None:
        assert self._right().verdict("each_recipient", profile) is Verdict.PASS

    def test_a_report_that_comes_with_the_end_is_late_under_eop_only(self) -> None:
        story = self._right(9.0)
        judged = story.judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "recipients/told-promptly")
        assert judged.only_late
        assert story.verdict("each_recipient", "rfc") is Verdict.PASS

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_a_refusal_that_is_lost(self, profile: str) -> None:
        story = self._served().meets_fault(3.5)
        story.delivers(8.0, recipients=[story.staged.recipient])
        judged = story.judge("each_recipient", profile)
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "permanent/returned")
        assert judged.observed == f"0 reports (<{self._who(story)[2]}> in none)"
        assert [each.requirement for each in judged.findings if not each.holds] == ["permanent/returned"]

    def test_a_refusal_that_is_taken_for_a_deferral(self) -> None:
        """Tried again like the one that waits, and delivered after the repair: it was not told of, and no more."""
        story = self._served().meets_fault(3.5)
        last = self._who(story)[2]
        for at in (1.25, 3.6):
            story.says_mail(at, story.staged.sender, last)
        story.delivers(8.0, recipients=[story.staged.recipient])
        judged = story.delivers(8.5, recipients=[last]).judge("each_recipient")
        assert judged.observed == f"0 reports, and it was tried again: 2 attempts (<{last}> in none)"
        assert [each.requirement for each in judged.findings if not each.holds] == ["permanent/returned"]
        twice = story.delivers(9.0, recipients=[last]).judge("each_recipient")
        assert (twice.requirement.id, twice.conclusive) == ("recipients/own-outcome", True)

    def test_one_that_is_tried_again_before_it_is_reported(self) -> None:
        story = self._served().meets_fault(3.5)
        last = self._who(story)[2]
        for at in (1.25, 1.3):
            story.says_mail(at, story.staged.sender, last)
        story.delivers(8.0, recipients=[story.staged.recipient])
        self._reports(story, last, 3.9)
        assert story.verdict("each_recipient") is Verdict.PASS
        judged = story.says_mail(3.6, story.staged.sender, last).judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "recipients/refused-once")

    def test_one_that_got_the_message_while_it_was_refused_is_another_matter(self) -> None:
        story = self._served().meets_fault(3.5)
        story.delivers(2.0, recipients=[self._who(story)[2]])
        story.delivers(8.0, recipients=[story.staged.recipient])
        assert story.judge("each_recipient").requirement.id == "recipients/own-outcome"

    def test_one_that_waits_and_is_lost_is_no_matter_of_who_was_not_told(self) -> None:
        judged = self._served().meets_fault(3.5).judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "recipients/own-outcome")

    def test_a_wrong_copy_delivers_to_all_again(self) -> None:
        story = self._right().delivers(9.0, recipients=self._who(self._right()))
        judged = story.judge("each_recipient")
        wrong = {finding.requirement for finding in judged.findings if not finding.holds}
        assert wrong == {"recipients/own-outcome", "recipients/delivered-once"}
        assert judged.conclusive

    def test_a_notice_in_words_is_about_the_one_it_names(self) -> None:
        story = self._served().meets_fault(3.5)
        story.delivers(8.0, recipients=[story.staged.recipient])
        ours = story.staged.recipient
        words = qmail_like(story.change(recipient=self._who(story)[2]).staged)
        story.change(recipient=ours).returns(1.9, content=words)
        # the message is tried again, but not for that one
        story.says_mail(3.6, story.staged.sender, ours)
        assert story.verdict("each_recipient") is Verdict.PASS

    def test_a_notice_in_words_about_the_one_that_waits_tells_of_no_end(self) -> None:
        story = self._right()
        words = qmail_like(story.staged).replace(b"Below", b"Later")
        story.returns(2.5, content=words).says_mail(3.6, story.staged.sender, story.staged.recipient)
        assert story.verdict("each_recipient") is Verdict.PASS

    @pytest.mark.parametrize("course", [Course.EXPIRES, Course.RESTARTED])
    def test_at_the_end_each_was_served_or_told_of_once(self, course: Course) -> None:
        def ending() -> Story:
            story = Story(self.MODE, course=course).meets_fault(1.2)
            return story.delivers(1.3, recipients=[story.staged.others[0]])

        story = ending()
        assert "not delivered, not reported" in observed(story, "each_ends")
        for who in (story.staged.others[1], story.staged.recipient):
            self._reports(story, who, 40.0)
        assert story.verdict("each_ends") is Verdict.PASS
        twice = self._reports(story, story.staged.others[1], 50.0)
        assert "reported 2 times" in observed(twice, "each_ends")


class TestOddReply:
    """Two recipients, the first accepted, the second answered by what is no answer."""

    MODE = "odd_reply_beside_accepted"

    def test_both_once_together_or_the_accepted_one_at_once(self) -> None:
        together = Story(self.MODE).meets_fault(1.2).meets_fault(5.5)
        everybody = [together.staged.recipient, *together.staged.others]
        assert together.delivers(9.0, recipients=everybody).verdict("each_recipient") is Verdict.PASS
        apart = Story(self.MODE).meets_fault(1.2).delivers(1.3, recipients=everybody[:1])
        assert apart.delivers(9.0, recipients=everybody[1:]).verdict("each_recipient") is Verdict.PASS

    def test_an_empty_message_for_the_accepted_one(self) -> None:
        story = Story(self.MODE).meets_fault(1.2)
        everybody = [story.staged.recipient, *story.staged.others]
        story.delivers(1.3, recipients=everybody[:1], content=b"")
        judged = story.delivers(9.0, recipients=everybody).judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "recipients/intact")

    def test_the_other_one_is_lost(self) -> None:
        story = Story(self.MODE).meets_fault(1.2)
        judged = story.delivers(1.3, recipients=[story.staged.recipient]).judge("each_recipient")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "recipients/odd-beside")


class TestBesideBacklog:
    def _story(self, at: float) -> Story:
        story = Story("beside_backlog", number=80)
        return story.connects(0.5, fault()).delivers(at)

    @pytest.mark.parametrize(("at", "verdict"), [(3.0, Verdict.PASS), (3.2, Verdict.DEVIATION)])
    def test_prompt(self, at: float, verdict: Verdict) -> None:
        # granularity 0.1 s, slack 1 s and a second for the transfer
        judged = self._story(at).judge("beside_backlog")
        assert judged.verdict is verdict, judged.observed
        assert judged.only_late is (verdict is Verdict.DEVIATION)

    def test_nothing_was_in_the_way(self) -> None:
        story = Story("beside_backlog", number=80).delivers(1.5)
        assert "never went" in observed(story, "beside_backlog", Verdict.INCONCLUSIVE)

    def test_never_or_twice(self) -> None:
        story = Story("beside_backlog", number=80).connects(0.5, fault())
        assert "nothing arrived" in observed(story, "beside_backlog", Verdict.DEVIATION)
        assert not story.judge("beside_backlog").only_late
        twice = self._story(1.5).delivers(2.0)
        assert twice.verdict("beside_backlog") is Verdict.DEVIATION
        assert not twice.judge("beside_backlog").only_late


def test_aspects_of_other_kinds_leave_these_alone() -> None:
    for name, aspect in ASPECT.items():
        kinds = {scenario.failure_mode.kind for scenario in aspect.scenarios()}
        # schedules are drawn for each run, and are no failure modes of the suite's own
        assert kinds == set(aspect.kinds) - {Kind.SCHEDULE}, name
