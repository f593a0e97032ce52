"""What is said of several messages that share a server, on hand-made records."""

from __future__ import annotations

from stories.operated import Operated

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.judging.verdict import Verdict
from fake_servers import Stage
from fake_servers.events import SmtpFault

SLOW = SmtpFault(stage=Stage.GREETING, action="slow", attempt=1)


def many(at_once: int) -> Operated:
    """So many connections that are open at the same time, and more that follow each other."""
    story = Operated("many_at_once", course=Course.BATCH).offers(1.0, *members(2))
    for _ in range(at_once):
        story.connects(2.0, SLOW, lasting=3.0)
    for number in range(60):
        story.connects(6.0 + number / 10, SLOW, lasting=0.05)
    story.change(closed=14.0)
    return story


def test_fifty_at_the_same_time_are_no_more_than_is_usual() -> None:
    assert many(50).verdict("takes_turns") is Verdict.PASS


def test_more_are_more_than_servers_take() -> None:
    judged = many(51).judge("takes_turns")
    assert judged.verdict is Verdict.DEVIATION
    assert judged.observed.startswith("51")


def drawn(*hosts: int) -> Operated:
    """Messages that each come by a connection of their own, to one of two equal exchangers."""
    story = Operated("mx_equal_many", course=Course.BATCH).offers(1.0, *members(24))
    for number, host in enumerate(hosts):
        story.gets(4.0 + number, number, host=host)
    story.change(closed=40.0)
    return story


def test_lots_are_drawn_between_equals() -> None:
    assert drawn(*[0] * 23, 1).verdict("spreads") is Verdict.PASS
    judged = drawn(*[1] * 24).judge("spreads")
    assert (judged.verdict, judged.observed) == (Verdict.DEVIATION, "24 connections to the same one")


def test_too_few_connections_tell_no_lots() -> None:
    assert drawn(*[1] * 19).verdict("spreads") is Verdict.NOT_APPLICABLE


def silent_at_quit(apart: float, count: int = 6) -> Operated:
    """Messages that arrive so many seconds apart from a server that never answers QUIT."""
    story = Operated("several_silent_quits", course=Course.BATCH).offers(1.0, *members(6))
    story.meets_fault(2.0)
    for number in range(count):
        story.gets(2.0 + number * apart, number)
    story.change(closed=30.0)
    return story


def test_messages_do_not_wait_for_the_quit_of_others() -> None:
    assert silent_at_quit(0.1).verdict("takes_turns") is Verdict.PASS


def test_messages_wait_for_the_quit_of_others() -> None:
    judged = silent_at_quit(2.0).judge("takes_turns")
    assert judged.verdict is Verdict.DEVIATION
    assert judged.only_late


def test_one_message_waits_for_nobody() -> None:
    assert silent_at_quit(0.1, count=1).verdict("takes_turns") is Verdict.NOT_APPLICABLE
