"""What is said of several messages for one destination, on hand-made records."""

from __future__ import annotations

import pytest
from stories.operated import Operated

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.evidence.record import Reported
from conformance.judging.verdict import Verdict
from conformance.target import DeliveryEvent, Outcome

FAIL, DEVIATION = Verdict.FAIL, Verdict.DEVIATION
AT_RCPT, AT_DOT = 1, 3


def several(mode: str = "several_some_refused", count: int = 6) -> Operated:
    """So many messages, offered from 1.0 s on; an attempt met the fault at 2.0 s."""
    story = Operated(mode, course=Course.BATCH).offers(1.0, *members(count))
    story.meets_fault(2.0)
    story.change(closed=9.0)
    return story.queued(1.9, *range(count)).queued(8.0).queued(8.5)


def in_order(story: Operated, *without: int, refused: tuple[int, ...] = (AT_RCPT, AT_DOT)) -> Operated:
    """Deliver all but those that are refused, which are returned, and but some of which nothing is heard."""
    for number in range(len(story.staged.offers)):
        if number in without:
            continue
        if number in refused:
            story.returns_of(4.0 + number / 10, number)
        else:
            story.gets(3.0 + number / 10, number)
    return story


def broken(story: Operated) -> dict[str, Verdict]:
    findings = story.judge("each_message").findings
    return {finding.slot.partition(".")[2]: finding.verdict for finding in findings if not finding.holds}


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_each_has_its_own_fate(profile: str) -> None:
    judged = in_order(several()).judge("each_message", profile)
    assert judged.verdict is Verdict.PASS, judged.observed


def test_one_is_lost() -> None:
    story = in_order(several(), 2)
    assert broken(story) == {"delivered": FAIL}
    assert not story.judge("each_message").only_late


def test_what_the_relay_says_it_has_delivered_is_in_no_mailbox() -> None:
    """Before, it was told that the message was in a mailbox of the relay."""
    story = in_order(several(), 2)
    who = story.staged.offers[2].recipient
    said = DeliveryEvent(recipient=who, outcome=Outcome.DELIVERED, text="250 2.0.0 OK")
    story.reported.append(Reported(read_at=5.0, event=said))
    assert broken(story) == {"delivered": FAIL}
    assert story.judge("each_message").observed.startswith(f"<{who}> neither delivered, returned nor in the")


def test_one_still_waits() -> None:
    story = in_order(several(), 2).queued(8.8, 2).queued(8.9, 2)
    assert broken(story) == {"in_time": DEVIATION}
    assert story.judge("each_message").only_late


def test_nothing_moves() -> None:
    story = in_order(several(), 0, 2, 4, 5).queued(8.8, 0, 2, 4, 5).queued(8.9, 0, 2, 4, 5)
    assert broken(story) == {"delivered": FAIL}


def test_one_is_returned_for_another() -> None:
    assert broken(in_order(several(), 2).returns_of(4.8, 2)) == {"own": FAIL}


def test_one_comes_twice() -> None:
    assert broken(in_order(several()).gets(5.0, 2)) == {"once": FAIL}


def test_one_is_returned_as_well() -> None:
    assert broken(in_order(several()).returns_of(5.0, 2)) == {"once": FAIL}


def test_nobody_is_told_of_a_refusal() -> None:
    assert broken(in_order(several(), AT_DOT)) == {"returned": FAIL}


def test_somebody_is_told_twice() -> None:
    assert broken(in_order(several()).returns_of(6.0, AT_RCPT)) == {"returned": FAIL}


def test_a_refused_one_is_delivered_as_well() -> None:
    assert broken(in_order(several()).gets(6.0, AT_RCPT)) == {"returned": FAIL}


def test_one_has_the_content_of_another() -> None:
    story = in_order(several(), 2)
    content, recipient = story.offer(0).content, story.offer(2).recipient
    story.delivers(5.0, recipients=[recipient], content=content)
    assert broken(story) == {"intact": FAIL}


def test_two_come_in_one_envelope() -> None:
    story = in_order(several(), 2)
    story.delivers(
        5.0, recipients=[story.offer(2).recipient, "somebody@else.test"], content=story.offer(2).content
    )
    assert broken(story) == {"intact": FAIL}


def test_one_message_for_all_may_come_in_one_envelope() -> None:
    story = several("one_message_id_in_turn", 3)
    content = story.offer(0).content
    for number in range(3):
        story.change_offer(number, content=content)
    story.delivers(5.0, recipients=[story.offer(number).recipient for number in range(3)], content=content)
    assert broken(story) == {}


def test_one_message_for_all_comes_to_the_first_alone() -> None:
    story = in_order(several("one_message_id_in_turn", 3), 1, 2, refused=())
    assert broken(story) == {"delivered": FAIL}


def test_others_wait_for_the_one_that_is_busy() -> None:
    story = several("one_of_several_busy")
    story.change(repaired=3.25)
    in_order(story, refused=())
    assert broken(story) == {"meanwhile": DEVIATION}
    assert story.judge("each_message").only_late


def test_the_one_that_is_busy_comes_after_the_repair() -> None:
    story = several("one_of_several_busy")
    story.change(repaired=6.0)
    in_order(story, 0, refused=()).gets(6.5, 0)
    assert broken(story) == {}


def test_what_the_relay_did_not_take_is_not_asked_for() -> None:
    story = in_order(several(), 2)
    story.change_offer(2, accepted=None, refusal="452 4.3.1 Not now")
    assert broken(story) == {}


def test_nothing_arrives_and_nobody_saw_the_queue() -> None:
    story = Operated("several_some_refused", course=Course.BATCH).offers(1.0, *members(6))
    story.meets_fault(2.0)
    story.change(closed=9.0)
    assert story.verdict("each_message") is Verdict.INCONCLUSIVE
