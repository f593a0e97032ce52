"""Replies of the remote server: kept, quoted, passed through, and passing; aspects on hand-made records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.reports import postfix_like_with, qmail_like
from stories.story import Story, observed, refused, waiting

from conformance.evidence.record import QueueListing
from conformance.judging.verdict import Verdict
from conformance.target import Outcome, QueuedMessage

THREE = "450 4.2.1 Mailbox busy 4.2.1 Twelve others are waiting 4.2.1 Try again later"


class TestReplyKept:
    def test_all_lines(self) -> None:
        story = waiting("reply_multi_line").says(2.0, f"host mx said: {THREE}")
        assert observed(story, "reply_kept", Verdict.PASS)

    def test_one_line_is_missing(self) -> None:
        story = waiting("reply_multi_line").says(2.0, "450 4.2.1 Mailbox busy, Try again later")
        assert "without Twelve others are waiting" in observed(story, "reply_kept", Verdict.DEVIATION)

    def test_that_no_error_is_shown_is_said_once(self) -> None:
        story = waiting("reply_4yz_at_mail").delivers(9.0)
        assert story.verdict("error_code") is Verdict.FAIL
        judged = story.judge("reply_kept")
        assert (judged.verdict, judged.because) == (
            Verdict.NOT_APPLICABLE,
            "test_error_code[reply_4yz_at_mail]",
        )


class TestReportsRefusal:
    @pytest.mark.parametrize(
        ("status", "diagnostic", "verdict"),
        [
            ("5.0.0", "smtp; 550 4.7.1 Not wanted here", Verdict.PASS),
            ("4.7.1", "smtp; 550 4.7.1 Not wanted here", Verdict.FAIL),
            ("5.7.1", "smtp; 550 5.0.0 Delivery failed", Verdict.DEVIATION),
        ],
    )
    def test_class_and_words(self, status: str, diagnostic: str, verdict: Verdict) -> None:
        story = refused("rejected_of_another_class")
        story.returns(1.8, status=status, diagnostic=diagnostic)
        assert observed(story, "reports_refusal", verdict)

    @pytest.mark.parametrize(
        ("status", "diagnostic", "requirement"),
        [
            ("5.7.1", "smtp; 550 5.7.1 Not wanted here", None),
            ("5.7.1", "smtp; 550-5.7.1 Not wanted here", None),
            ("5.0.0", "smtp; 550 5.7.1 Not wanted here", "replies/refusal-status"),
            ("5.1.1", "smtp; 550 5.7.1 Not wanted here", "replies/refusal-status"),
            ("5.7.1", "smtp; 550 5.7.1 5.7.1 Not wanted here", "replies/refusal-quoted"),
        ],
    )
    def test_the_status_of_the_reply_once(
        self, status: str, diagnostic: str, requirement: str | None
    ) -> None:
        story = refused("rejected_at_rcpt").returns(1.8, status=status, diagnostic=diagnostic)
        judged = story.judge("reports_refusal")
        assert judged.verdict is (Verdict.DEVIATION if requirement else Verdict.PASS)
        assert requirement in (None, judged.requirement.id)

    @pytest.mark.parametrize(
        ("said", "verdict"),
        [
            ("550-5.1.1 Mailbox unavailable", Verdict.DEVIATION),  # not the words of the reply
            ("5.7.1 no", Verdict.DEVIATION),
            ("(#5.1.1).", Verdict.DEVIATION),
            ("no", Verdict.FAIL),
            ("450 4.2.1 no", Verdict.FAIL),
            ("1550 or 5.5.5.5 or 5.1", Verdict.FAIL),
            ("", Verdict.FAIL),
        ],
    )
    def test_a_plain_text(self, said: str, verdict: Verdict) -> None:
        story = refused("rejected_of_another_class")
        story.returns(1.8, content=qmail_like(story.staged, said=said))
        assert observed(story, "reports_refusal", verdict)

    def test_a_plain_text_that_quotes_the_reply(self) -> None:
        story = refused("rejected_of_another_class")
        assert story.scenario.failure_mode.refusal.reply is not None
        said = " ".join(story.scenario.failure_mode.refusal.reply.text.splitlines())
        story.returns(1.8, content=qmail_like(story.staged, said=said))
        assert "in the text" in observed(story, "reports_refusal", Verdict.PASS)

    def test_what_the_message_itself_says_is_no_reason(self) -> None:
        story = refused("rejected_of_another_class")
        story.change(content=story.staged.content + b"550 5.1.1 I wrote\r\n")
        story.returns(1.8, content=qmail_like(story.staged, said="no"))
        assert observed(story, "reports_refusal", Verdict.FAIL)

    def test_no_report(self) -> None:
        story = refused("rejected_599")
        assert "see returned_at_once" in observed(story, "reports_refusal", Verdict.NOT_APPLICABLE)
        assert story.verdict("returned_at_once") is Verdict.FAIL


class TestQuotesSafely:
    def test_one_line_for_each_error(self) -> None:
        story = waiting("reply_bare_cr").says(2.0, "450 4.2.1 Mailbox busy?Status: 2.0.0")
        assert observed(story, "quotes_safely", Verdict.PASS)

    @pytest.mark.parametrize("text", ["450 busy\nstatus=sent", "450 busy\x1b[2J", "450 busy\x00"])
    def test_control_characters_in_an_event(self, text: str) -> None:
        assert "U+00" in observed(waiting("reply_nul").says(2.0, text), "quotes_safely", Verdict.DEVIATION)

    def test_control_characters_in_the_queue(self) -> None:
        story = waiting("reply_nul").look(5.5, "450 busy\rstatus=sent")
        assert "U+000D" in observed(story, "quotes_safely", Verdict.DEVIATION)

    def test_a_delivery_that_never_was(self) -> None:
        story = waiting("reply_like_log_lines").says(2.0, "250 2.0.0 OK", Outcome.DELIVERED)
        assert "before anything arrived" in observed(story, "quotes_safely", Verdict.DEVIATION)

    @pytest.mark.parametrize(
        ("rows", "verdict"),
        [
            ((1, 2, 1), Verdict.PASS),
            ((2, 1, 2), Verdict.PASS),
            ((2, 0, 2), Verdict.PASS),
            ((1, 2, 2), Verdict.DEVIATION),
            ((3, 2, 1), Verdict.DEVIATION),
        ],
    )
    def test_a_row_for_each_line_of_a_reply(self, rows: tuple[int, ...], verdict: Verdict) -> None:
        story = waiting("reply_like_log_lines").says(2.0, "450 4.2.1 Mailbox busy?250 2.0.0 OK")
        story.queue_listings.clear()
        for at, number in enumerate(rows, 2):
            story.look(float(at))
            story.queue_listings[-1] = replace(
                story.queue_listings[-1], waiting=story.queue_listings[-1].waiting * number
            )
        assert observed(story, "quotes_safely", verdict)

    def test_a_relay_that_shows_nothing(self) -> None:
        assert observed(waiting("reply_nul"), "quotes_safely", Verdict.NOT_APPLICABLE)

    def test_an_injected_field(self) -> None:
        story = refused("rejected_like_fields")
        story.returns(1.8, status="5.2.1", diagnostic="smtp; 550 5.2.1 busy\r\nStatus: 2.0.0")
        assert "2 fields Status" in observed(story, "quotes_safely", Verdict.FAIL)

    def test_a_plain_text_has_no_fields_to_break(self) -> None:
        story = refused("rejected_like_fields")
        story.returns(1.8, content=qmail_like(story.staged))
        assert "no fields" in observed(story, "quotes_safely", Verdict.NOT_APPLICABLE)

    def test_a_report_that_lost_its_fields(self) -> None:
        story = refused("rejected_like_fields")
        plain = postfix_like_with(b"text/plain", instead_of=b"message/delivery-status")
        story.returns(1.8, content=plain(story.staged))
        assert "no message/delivery-status" in observed(story, "quotes_safely", Verdict.FAIL)

    def test_a_report_in_order(self) -> None:
        story = refused("rejected_like_fields")
        story.returns(1.8, status="5.2.1", diagnostic="smtp; 550-5.2.1 busy 550 Status: 2.0.0")
        assert observed(story, "quotes_safely", Verdict.PASS)


class TestDeliveredLater:
    MODE = "too_many_recipients_452"

    def _first(self) -> Story:
        story = refused(self.MODE)
        return story.delivers(1.3, recipients=[story.staged.recipient, story.staged.others[0]])

    def test_the_others_in_a_further_transaction(self) -> None:
        story = self._first()
        story.delivers(3.4, recipients=story.staged.others[1:])
        assert "in 2 messages" in observed(story, "delivered_later", Verdict.PASS)

    def test_one_never(self) -> None:
        story = self._first()
        story.delivers(3.4, recipients=story.staged.others[1:2])
        assert f"<{story.staged.others[2]}>" in observed(story, "delivered_later", Verdict.FAIL)
        assert not story.judge("delivered_later").conclusive

    @pytest.mark.parametrize(
        ("rows", "holds"), [([], None), ([2], True), ([1], False)], ids=["never asked", "queued", "lost"]
    )
    def test_whether_it_is_accounted_for_is_seen_in_the_queue(
        self, rows: list[int], holds: bool | None
    ) -> None:
        story = self._first()
        story.delivers(3.4, recipients=story.staged.others[1:2])
        for number in rows:
            waiting = QueuedMessage(sender=story.staged.sender, recipient=story.staged.others[number])
            story.queue_listings.append(QueueListing(asked=11.0, at=11.1, waiting=[waiting]))
        found = {each.requirement: each.holds for each in story.judge("delivered_later").findings}
        assert found.get("replies/accounted") is holds

    def test_one_twice(self) -> None:
        story = self._first()
        story.delivers(3.4, recipients=story.staged.others)
        assert "more than one copy" in observed(story, "delivered_later", Verdict.FAIL)
        assert story.judge("delivered_later").conclusive

    def test_a_stranger(self) -> None:
        story = self._first()
        story.delivers(3.4, recipients=[*story.staged.others[1:], "stranger@a.test"])
        assert "stranger" in observed(story, "delivered_later", Verdict.FAIL)

    def test_returned_as_well(self) -> None:
        story = self._first()
        story.delivers(3.4, recipients=story.staged.others[1:]).returns(3.5)
        assert "1 report" in observed(story, "delivered_later", Verdict.FAIL)

    def test_552_is_a_should(self) -> None:
        story = refused("too_many_recipients_552")
        story.delivers(1.3, recipients=[story.staged.recipient, story.staged.others[0]]).returns(1.8)
        assert observed(story, "delivered_later", Verdict.DEVIATION)
