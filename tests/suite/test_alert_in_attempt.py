"""An alert that falls due while a server holds every message: hand-made records, in order and wrong in each way."""

from __future__ import annotations

import pytest
from stories.operated import EPOCH, MESSAGES, Operated
from stories.wire import fault

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.judging.verdict import Verdict
from conformance.target import Alert

MODE = "alerted_in_attempt"
BUSY = "450 4.4.317 Cannot connect to remote server [Message=421 4.3.2 Busy]"
GREYLISTED = "450 4.7.1 Greylisted"
DUE = 3.35  # the last of the messages is accepted at 1.35 s


def held(until: float = 7.5) -> Operated:
    """Return one message that failed at 1.1 s, and four that a server holds from 1.5 s on; nothing said of alerts."""
    story = Operated(MODE, course=Course.ALERTED_AMID)
    story.offers(1.0, *members(MESSAGES))
    story.connects(1.05, fault("reply"))
    for number in range(MESSAGES):
        story.connects(1.5 + number / 10, fault("slow"), lasting=until - 1.5)
    story.says(1.2, BUSY)
    if until < 8.0:
        story.says(until + 0.1, GREYLISTED)
    return story.change(closed=8.5)  # type: ignore[return-value]


def listed(
    story: Operated, *, seen: float = DUE + 0.2, first: str = BUSY, then: str = GREYLISTED
) -> Operated:
    """Look at the alerts all the time: none, from a time on one with an error, from 7.8 s on with another."""
    for tenths in range(10, 85, 2):
        at = tenths / 10
        error = first if at < 7.8 else then
        alert = Alert(
            connector=story.staged.domain, queued=MESSAGES, raised_at=EPOCH + seen, last_error=error
        )
        story.shows(at, *([alert] if at >= seen else []))
    return story


def broken(story: Operated) -> dict[str, Verdict]:
    findings = story.judge("alert_in_attempt").findings
    return {finding.requirement: finding.verdict for finding in findings if not finding.holds}


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_in_time_with_the_error_before_and_then_the_last(profile: str) -> None:
    assert listed(held()).judge("alert_in_attempt", profile).verdict is Verdict.PASS


def test_with_the_next_failure_only_or_never() -> None:
    raised = {"between/alert-in-attempt": Verdict.DEVIATION}
    assert broken(listed(held(), seen=7.6, first=GREYLISTED)) == raised
    never = listed(held(), seen=99.0)
    assert broken(never) == raised
    assert never.judge("alert_in_attempt").only_late


def test_a_relay_that_looks_now_and_then_is_in_time() -> None:
    assert broken(listed(held(), seen=DUE + 0.8)) == {}


def test_without_an_error_or_with_that_of_somebody_else() -> None:
    for said in ("", "451 4.4.0 DNS query failed"):
        assert broken(listed(held(), first=said)) == {"between/alert-error-in-attempt": Verdict.DEVIATION}


def test_an_error_of_before() -> None:
    assert broken(listed(held(), then=BUSY)) == {"between/alert-follows": Verdict.DEVIATION}


def test_a_relay_that_shows_no_errors_is_asked_for_some_words() -> None:
    story = listed(held(), first="it is busy", then="it is greylisted")
    story.reported.clear()
    assert broken(story) == {}


def test_attempts_that_did_not_hang_prove_nothing() -> None:
    assert listed(held(until=DUE + 0.5)).verdict("alert_in_attempt") is Verdict.INCONCLUSIVE


def test_too_few_messages() -> None:
    story = listed(held()).change_offer(3, accepted=None, refusal="450 4.3.2 full")
    assert story.verdict("alert_in_attempt") is Verdict.INCONCLUSIVE


def test_before_anything_has_failed_an_alert_shows_what_it_likes() -> None:
    def unfailed() -> Operated:
        story = Operated("alerted_before_failure", course=Course.ALERTED_AMID)
        story.offers(1.0, *members(MESSAGES))
        for number in range(MESSAGES):
            story.connects(1.1 + number / 10, fault("slow"), lasting=6.4)
        story.says(7.6, GREYLISTED)
        return story.change(closed=8.5)  # type: ignore[return-value]

    for error in ("", BUSY):
        assert broken(listed(unfailed(), first=error)) == {}
    assert broken(listed(unfailed(), seen=7.8)) == {"between/alert-in-attempt": Verdict.DEVIATION}


def test_what_was_delivered_before_neither_counts_nor_dates_the_alert() -> None:
    def told(queued: int, start: float) -> dict[str, Verdict]:
        story = Operated("alerted_after_delivery", course=Course.ALERTED_AMID)
        first, *others = members(MESSAGES + 1)
        story.offers(1.0, first).gets(1.3, 0).offers(4.0, *others)
        for number in range(MESSAGES):
            story.connects(4.1 + number / 10, fault("slow"), lasting=6.4)
        for tenths in range(10, 90, 2):
            at = tenths / 10
            alert = Alert(
                connector=story.staged.domain,
                queued=queued,
                raised_at=EPOCH + 6.4,
                queue_start=EPOCH + start,
                last_error="",
            )
            story.shows(at, *([alert] if at >= 6.5 else []))
        return broken(story.change(closed=9.0))  # type: ignore[arg-type]

    assert told(MESSAGES, 4.02) == {}
    assert told(MESSAGES + 1, 4.02) == {"alert/tells-number": Verdict.DEVIATION}
    assert told(MESSAGES, 1.02) == {"alert/tells-dates": Verdict.DEVIATION}
