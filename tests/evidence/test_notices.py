"""Which of the things that come back tell the sender of the end."""

from __future__ import annotations

import pytest
from stories.operated import Operated
from stories.reports import delay_notice, ndr, postfix_like_with, qmail_like
from stories.story import Story
from stories.wire import query, syn

from conformance.catalogue.course import Course
from conformance.evidence.notices import Notice

LATER = b"Will-Retry-Until: Sat, 28 Nov 2026 15:00:00 +0000\r\n"
DATED = b"Date: Tue, 24 Nov 2026 15:00:00 +0000\r\n"


def _notice(content: bytes, *, story: Story | None = None) -> Notice:
    [notice] = (story or Story("greeting_421")).returns(5.0, content=content).evidence().notices
    return notice


def _with(**fields: str) -> bytes:
    return ndr(Story("greeting_421").staged, **fields)


@pytest.mark.parametrize(
    ("action", "status", "final"),
    [
        ("failed", "5.0.0", True),
        ("Failed (given up)", "4.4.7", True),
        ("delayed", "4.4.1", False),
        ("delayed", "", False),
        ("delayed", "4.4.7", True),
        ("Delayed", "5.4.7 (expired)", True),
        ("delayed", "4.4.70", False),
        ("", "5.0.0", True),
        ("error", "5.0.0", True),
        ("relayed", "2.0.0", False),
        ("delivered", "4.4.7", False),
        ("expanded", "2.0.0", False),
    ],
)
def test_the_last_word(action: str, status: str, final: bool) -> None:
    assert _notice(_with(action=action, status=status)).is_final is final


def test_any_other_form_is_a_last_word() -> None:
    story = Story("greeting_421")
    mixed = ndr(story.staged).replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed")
    for content in (qmail_like(story.staged), b"Subject: Sorry\r\n\r\nIt failed.\r\n", mixed):
        assert _notice(content).is_final


@pytest.mark.parametrize(
    ("date", "until", "final"),
    [
        (DATED, LATER, False),
        (DATED, b"", True),
        (b"", LATER, True),  # later than what?
        (DATED, LATER.replace(b"28", b"23"), True),
        (DATED, b"Will-Retry-Until: soon\r\n", True),
    ],
)
def test_a_time_until_which_it_is_tried_is_a_promise(date: bytes, until: bytes, final: bool) -> None:
    for fields in ({"action": "delayed", "status": "4.4.7"}, {"action": ""}):
        content = date + _with(**fields).replace(b"Status:", until + b"Status:")
        assert _notice(content).is_final is final


def test_who_calls_it_failed_has_said_it() -> None:
    content = DATED + _with().replace(b"Status:", LATER + b"Status:")
    story = Story("greeting_421").look(7.0).meets_fault(8.0)
    assert _notice(content, story=story).is_final


class TestWhatFollows:
    """After a notice that promises nothing and does not call the message failed."""

    def _last(self, story: Story) -> Notice:
        return _notice(qmail_like(story.staged), story=story)

    def _goes_on(self, story: Story) -> bool:
        notice = self._last(story)
        assert notice.is_final is not notice.came_while_waiting
        return notice.came_while_waiting

    def test_what_came_before_does_not_matter(self) -> None:
        story = Story("greeting_421").meets_fault(1.2).meets_fault(4.0).look(4.9)
        assert not self._goes_on(story)

    def test_a_look_that_lists_it_half_a_second_later(self) -> None:
        assert not self._goes_on(Story("greeting_421").look(5.5))  # asked before that
        assert self._goes_on(Story("greeting_421").look(5.52))
        assert not self._goes_on(Story("greeting_421").look(5.52, None))

    def test_another_attempt(self) -> None:
        assert self._goes_on(Story("greeting_421").meets_fault(5.1))
        assert self._goes_on(Story("connection_refused").looks_up(5.1))
        story = Story("connect_timeout")
        assert self._goes_on(story.note(syn("dropped", 1.0, at=5.1, server=story.site().server)))

    def test_a_question_that_is_repeated_is_no_other_attempt(self) -> None:
        story = Story("dns_no_answer")
        name = story.site().name
        assert not self._goes_on(story.note(query(name, id=7, at=4.0), query(name, id=7, at=5.5)))
        assert self._goes_on(Story("dns_no_answer").note(query(name, id=8, at=5.5)))

    def test_the_sending_of_the_report_is_none(self) -> None:
        story = Story("greeting_421").look(2.0).meets_fault(4.9).returns_here(5.0, action="").meets_fault(6.0)
        [notice] = story.look(3.0, None).evidence().notices
        assert notice.is_final

    def test_a_message_of_a_batch_that_is_offered_later(self) -> None:
        """Exchange says `delayed` and 4.4.7 of what it goes on trying."""
        staged = Operated("connection_refused", course=Course.EDITED).offers(1.0, "ada", "bob").staged
        ours, another = (offer.recipient for offer in staged.offers)
        about = ndr(staged, action="delayed", status="4.4.7").replace(
            staged.recipient.encode(), ours.encode()
        )
        for offered, final in ((ours, False), (another, True), (None, True)):
            story = Operated("connection_refused", course=Course.EDITED).offers(1.0, "ada", "bob")
            if offered is not None:
                story.says_mail(6.0, staged.sender, offered)
            assert _notice(about, story=story).is_final is final

    def test_one_recipient_of_several_messages_by_its_own_queue(self) -> None:
        story = Story("one_recipient_deferred")
        [other] = story.staged.others
        about = ndr(story.staged, action="").replace(story.staged.recipient.encode(), other.encode())
        assert _notice(about, story=story.look(7.0)).is_final


def test_a_promise_after_which_nothing_follows_is_neither() -> None:
    notice = _notice(_with(action="delayed", status="4.4.1"))
    assert not notice.is_final
    assert not notice.came_while_waiting


def test_what_is_said_of_each_recipient_counts_for_itself() -> None:
    story = Story("one_recipient_deferred")
    [other] = story.staged.others
    group = f"Final-Recipient: rfc822; {other}\r\nAction: delayed\r\nStatus: 4.2.1\r\n\r\nFinal-Recipient"
    content = ndr(story.staged).replace(b"Final-Recipient", group.encode(), 1)
    evidence = story.returns(5.0, content=content).evidence()
    assert evidence.told_of(story.staged.recipient, other) == [story.staged.recipient]
    assert len(evidence.ndrs) == 1


def test_it_says_what_it_is() -> None:
    assert str(_notice(_with(action="delayed", status="4.4.1"))) == "Action: delayed, Status: 4.4.1"
    assert str(_notice(_with(action="relayed", status=""))) == "Action: relayed"
    story = Story("greeting_421").look(7.0)
    assert str(_notice(b"Subject: Warning\r\n\r\nLater.\r\n", story=story)) == "'Warning'"


def test_notices_by_the_book() -> None:
    story = Story("greeting_421")
    assert not _notice(delay_notice(story.staged)).is_final
    late = postfix_like_with(b"Status: 4.4.7", b"Status: 4.4.1")
    content = late(story.staged).replace(b"Action: failed", b"Action: delayed")
    assert _notice(content).is_final
