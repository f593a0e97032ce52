"""The aspects that read a report, and those that ask for none, on hand-made records."""

from __future__ import annotations

import pytest
from stories.days import MOMENTS, expired, moved
from stories.reports import delay_notice, postfix_like_with, qmail_like
from stories.story import Story, good_control, observed
from stories.wire import fault

from conformance.catalogue.course import Course
from conformance.evidence.record import Staged
from conformance.judging.verdict import Verdict


class TestOneNdr:
    def test_two(self) -> None:
        assert observed(expired("greeting_421").returns(75.0), "one_ndr") == "2 reports"

    def test_none(self) -> None:
        story = moved("greeting_421")
        assert "(see expires)" in observed(story, "one_ndr", Verdict.NOT_APPLICABLE)
        assert story.judge("one_ndr").because == "test_expires[greeting_421-expires]"

    def test_to_the_author(self) -> None:
        story = expired("greeting_421").without_messages()
        story.returns(55.0, to=story.staged.author)
        judged = story.judge("one_ndr")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "ndr/to-sender")
        assert story.staged.author in judged.observed
        for name in ("expires", "ndr_form", "ndr_status"):
            assert "(see one_ndr)" in observed(story, name, Verdict.NOT_APPLICABLE)

    def test_to_both(self) -> None:
        story = expired("greeting_421")
        assert observed(story.returns(55.0, to=story.staged.author), "one_ndr") == "2 reports"

    def test_with_a_reverse_path(self) -> None:
        story = expired("greeting_421").without_messages().returns(55.0, mail_from="postmaster@relay.test")
        assert observed(story, "one_ndr") == "<postmaster@relay.test>"

    def test_the_sender_in_any_case(self) -> None:
        story = expired("greeting_421").without_messages()
        assert story.returns(55.0, to=story.staged.sender.upper()).verdict("one_ndr") is Verdict.PASS


class TestOneRoute:
    """A relay that sends what it returns where the message itself was to go."""

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_the_report_is_no_copy_and_its_connection_no_attempt(self, profile: str) -> None:
        story = Story("rejected_at_rcpt").meets_fault(1.2).look(2.0, None)
        story.says_mail(1.5, "", story.staged.sender, then=fault("reply", "rcpt")).returns_here(4.0)
        assert observed(story, "returned_at_once", Verdict.PASS, profile).startswith("1 report")

    def test_what_never_came_as_far_as_mail_proves_no_other_attempt(self) -> None:
        story = Story("rejected_at_mail").meets_fault(1.2).meets_fault(1.4).look(2.0, None).returns_here(4.0)
        assert story.verdict("returned_at_once") is Verdict.PASS

    def test_a_copy_beside_it_is_one_too_many(self) -> None:
        story = Story("rejected_at_rcpt").meets_fault(1.2).returns_here(4.0).delivers(5.0)
        assert story.verdict("returned_at_once") is Verdict.FAIL

    def test_delivered_and_returned_is_told_as_that(self) -> None:
        story = good_control("plain").returns_here(4.0)
        assert observed(story, "delivered") == "delivered, and returned in an NDR as well"

    def test_a_server_that_took_only_the_report_is_no_remote_mta(self) -> None:
        named = postfix_like_with(b"Remote-MTA: dns; mx.test\r\nStatus:", instead_of=b"Status:")
        story = expired("connection_refused").without_messages()
        story.returns_here(75.0, content=named(story.staged))
        judged = story.judge("ndr_form")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "ndr/remote-mta")


class TestLastWord:
    """What is no report of a failure by the book, and told the sender all the same, or told nothing."""

    TOLD = ("expires", "one_ndr", "ndr_form", "ndr_status", "delay_notice")

    def _verdicts(self, report: bytes | None, *, new: bytes = b"") -> list[Verdict]:
        change = postfix_like_with(new, instead_of=report) if report is not None else delay_notice
        story = expired("connection_refused", report=change)
        return [story.verdict(aspect) for aspect in self.TOLD]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Action: failed\r\n", b""),
            (b"Action: failed", b"Action: error"),
            (b"Action: failed\r\nStatus: 4.4.1", b"Action: delayed\r\nStatus: 4.4.7"),
        ],
    )
    def test_only_the_form_is_wrong(self, old: bytes, new: bytes) -> None:
        verdicts = self._verdicts(old, new=new)
        passed = Verdict.PASS if b"4.4.7" in new else Verdict.DEVIATION
        assert verdicts[:3] == [Verdict.PASS, Verdict.PASS, Verdict.FAIL]
        assert verdicts[3:] == [passed, Verdict.NOT_APPLICABLE]

    def test_a_promise_after_which_nothing_follows_is_the_fault_of_expires(self) -> None:
        assert self._verdicts(None) == [Verdict.FAIL, *[Verdict.NOT_APPLICABLE] * 4]
        story = expired("connection_refused", report=delay_notice)
        assert observed(story, "expires").startswith(
            "no report of the end until 30h, only 1 notice (Action: delayed"
        )

    def test_so_is_a_warning_after_which_the_message_is_lost(self) -> None:
        story = expired("connection_refused").without_messages()
        story.returns(MOMENTS["12h"] + 1, content=delay_notice(story.staged))
        verdicts = [story.verdict(aspect) for aspect in self.TOLD]
        assert verdicts == [Verdict.FAIL, *[Verdict.NOT_APPLICABLE] * 3, Verdict.PASS]

    def test_a_warning_in_words_is_no_report(self) -> None:
        story = expired("connection_refused")
        story.returns(MOMENTS["12h"] + 1, content=b"Subject: Warning\r\n\r\nNot yet.\r\n")
        for aspect in ("expires", "one_ndr", "ndr_form"):
            assert story.verdict(aspect) is Verdict.PASS


class TestNdrForm:
    def test_a_form_that_the_other_reader_does_not_know_is_not_given_to_it(self) -> None:
        globally = postfix_like_with(b"message/global-delivery-status", instead_of=b"message/delivery-status")

        def addressed(staged: Staged) -> bytes:
            return globally(staged).replace(b"Final-Recipient: rfc822;", b"Final-Recipient: utf-8;")

        for report in (globally, addressed):
            judged = expired("connection_refused", report=report).judge("ndr_form")
            assert judged.verdict is Verdict.PASS
            assert "ndr/read-by-others" not in {finding.requirement for finding in judged.findings}

    def test_whoever_lacks_a_field_to_read_is_not_blamed_for_it_twice(self) -> None:
        report = postfix_like_with(b"X-Recipient: rfc822;", instead_of=b"Final-Recipient: rfc822;")
        judged = expired("connection_refused", report=report).judge("ndr_form")
        wrong = [finding.requirement for finding in judged.findings if not finding.holds]
        assert wrong == ["ndr/fields"]

    def _judged(self, mode: str, old: bytes, new: bytes) -> tuple[Verdict, str]:
        judged = expired(mode, report=postfix_like_with(new, instead_of=old)).judge("ndr_form")
        return judged.verdict, judged.requirement.id

    @pytest.mark.parametrize(
        ("old", "new", "requirement"),
        [
            (b"report-type=delivery-status", b"x=y", "ndr/form"),
            (b"Action: failed\r\n", b"Action: failed\n", "ndr/no-bare-line-ends"),
            (b"Action: failed\r\n", b"X: y\rz\r\nAction: failed\r\n", "ndr/no-bare-line-ends"),
            (b"Reporting-MTA: dns; relay.test", b"X: y", "ndr/fields"),
            (b"Status:", b"Remote-MTA: dns; mx.test\r\nStatus:", "ndr/remote-mta"),
            (
                b"Status:",
                b"Will-Retry-Until: Sat, 28 Nov 2026 15:00:00 +0000\r\nStatus:",
                "ndr/will-retry-until",
            ),
        ],
    )
    def test_what_fails(self, old: bytes, new: bytes, requirement: str) -> None:
        assert self._judged("connection_refused", old, new) == (Verdict.FAIL, requirement)

    def test_the_original_missing_deviates(self) -> None:
        verdict = self._judged("connection_refused", b"Message-ID: <", b"Message-ID: <x")
        assert verdict == (Verdict.DEVIATION, "ndr/returns-original")

    @pytest.mark.parametrize(
        ("mode", "verdict"), [("connection_refused", Verdict.FAIL), ("greeting_421", Verdict.PASS)]
    )
    def test_a_server_that_was_connected_to_may_be_named(self, mode: str, verdict: Verdict) -> None:
        named = postfix_like_with(b"Remote-MTA: dns; mx.test\r\nStatus:", instead_of=b"Status:")
        assert expired(mode, report=named).verdict("ndr_form") is verdict

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_a_plain_text_deviates_and_is_asked_no_more(self, profile: str) -> None:
        judged = expired("connection_refused", report=qmail_like).judge("ndr_form", profile)
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "ndr/notification")
        assert {finding.requirement for finding in judged.findings} == {
            "ndr/notification",
            "ndr/no-bare-line-ends",
        }
        assert "text/plain, of which RFC 3464" in judged.observed

    def test_a_report_without_fields_is_asked_all(self) -> None:
        plain = postfix_like_with(b"text/plain", instead_of=b"message/delivery-status")
        judged = expired("connection_refused", report=plain).judge("ndr_form")
        assert {f.requirement for f in judged.findings if not f.holds} >= {"ndr/notification", "ndr/form"}

    def test_without_a_report_there_is_no_form(self) -> None:
        for name in ("ndr_form", "ndr_status"):
            assert "(see expires)" in observed(moved("greeting_421"), name, Verdict.NOT_APPLICABLE)


class TestDelayNotice:
    def test_none_is_due(self) -> None:
        assert expired("greeting_421").verdict("delay_notice") is Verdict.NOT_APPLICABLE

    @pytest.mark.parametrize(
        ("at", "action", "verdict"),
        [
            (25.0, "delayed", Verdict.PASS),
            (25.0, "relayed", Verdict.FAIL),
            (75.0, "delayed", Verdict.FAIL),
        ],
    )
    def test_honest(self, at: float, action: str, verdict: Verdict) -> None:
        story = expired("greeting_421")
        story.returns(at, content=delay_notice(story.staged, action=action))
        assert story.verdict("delay_notice") is verdict
        assert story.verdict("one_ndr") is Verdict.PASS


class TestNoNdr:
    COURSES = (Course.NULL_SENDER, Course.NOTIFY_NEVER, Course.NOTIFY_DELAY)

    def _gone(self, course: Course) -> Story:
        story = moved("connection_refused", course, until="23h55")
        return story.look(MOMENTS["24h15"] + 5, None).look(MOMENTS["30h"] + 5, None)

    @pytest.mark.parametrize("course", COURSES)
    def test_nothing_is_sent(self, course: Course) -> None:
        assert self._gone(course).verdict("no_ndr") is Verdict.PASS

    @pytest.mark.parametrize("course", COURSES)
    def test_something_is_sent(self, course: Course) -> None:
        row = "ndr/none-for-null-sender" if course is Course.NULL_SENDER else "ndr/none-unless-asked"
        for author in (False, True):
            story = self._gone(course)
            judged = story.returns(55.0, to=story.staged.author if author else "").judge("no_ndr")
            assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, row)

    def _dropped(self, course: Course, *, attempts: int = 1, last: str = "1h") -> Story:
        """Return a message that is in the queue until a stop, and nowhere after it."""
        story = Story("connection_refused", course=course).change(milestones=MOMENTS, closed=80.0).probes(0.1)
        for number in range(attempts):
            story.meets_fault(1.2 + 10 * number)
        for at in (1.5, *(moment - 1.0 for moment in MOMENTS.values())):
            story.look(at, "" if at < MOMENTS[last] else None)
        return story

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize("course", COURSES)
    def test_dropped_at_the_first_failure(self, course: Course, profile: str) -> None:
        judged = self._dropped(course).judge("no_ndr", profile)
        kept, retried = "lifetime/not-early", "queue/retried" if profile == "eop" else "rfc/retried"
        rows = {finding.requirement for finding in judged.findings if not finding.holds}
        if course is not Course.NULL_SENDER:
            assert rows == {kept}
        else:
            # what was dropped could not be tried again; where it may be dropped early that is what is left to say
            assert rows == ({kept} if profile == "eop" else {retried})
        assert judged.verdict is Verdict.FAIL

    @pytest.mark.parametrize(
        ("course", "profile", "verdict"),
        [
            (Course.NULL_SENDER, "eop", Verdict.FAIL),
            (Course.NULL_SENDER, "rfc", Verdict.PASS),
            (Course.NOTIFY_NEVER, "eop", Verdict.FAIL),
            (Course.NOTIFY_NEVER, "rfc", Verdict.FAIL),
        ],
    )
    def test_fewer_retries_are_for_notifications_alone(
        self, course: Course, profile: str, verdict: Verdict
    ) -> None:
        story = self._dropped(course, attempts=3, last="23h")
        told = "none" if verdict is Verdict.PASS else "not in the queue at 2 of 6 looks before"
        assert observed(story, "no_ndr", verdict, profile) == told

    def test_never_seen_before_the_end(self) -> None:
        story = self._gone(Course.NOTIFY_NEVER)
        story.queue_listings = [look for look in story.queue_listings if look.at > MOMENTS["24h15"]]
        assert "before the lifetime ended" in observed(story, "no_ndr", Verdict.INCONCLUSIVE)

    def test_a_notice_of_delay_was_asked_for(self) -> None:
        story = self._gone(Course.NOTIFY_DELAY)
        story.returns(25.0, content=delay_notice(story.staged))
        assert story.verdict("no_ndr") is Verdict.PASS

    def test_while_it_waits_nothing_is_due(self) -> None:
        story = moved("connection_refused", Course.NOTIFY_NEVER)
        assert "still in the queue" in observed(story, "no_ndr", Verdict.INCONCLUSIVE)
        assert "never seen" in observed(
            self._gone(Course.NULL_SENDER).without_listings(), "no_ndr", Verdict.INCONCLUSIVE
        )

    def test_what_is_like_a_report_is_given_up_by_the_last_stop(self) -> None:
        story = moved("connection_refused", Course.NULL_SENDER)
        judged = story.judge("no_ndr")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "report/given-up")
        assert "still in the queue at an age of 30 h" in observed(story, "no_ndr", Verdict.DEVIATION)
        # a report may have a longer lifetime by the RFCs
        assert "still in the queue" in observed(story, "no_ndr", Verdict.INCONCLUSIVE, "rfc")

    def test_nobody_knows_its_end_who_did_not_look_at_the_last_stop(self) -> None:
        story = moved("connection_refused", Course.NULL_SENDER)
        story.queue_listings = [look for look in story.queue_listings if look.at < MOMENTS["30h"]]
        assert "still in the queue" in observed(story, "no_ndr", Verdict.INCONCLUSIVE)
