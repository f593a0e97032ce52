"""Nothing lost: the aspect on hand-made records of a relay that was killed between two attempts."""

from __future__ import annotations

import pytest
from stories.story import Story
from stories.wire import fault

from conformance.judging.verdict import Verdict
from fake_servers.events import RelayKilled

MODE = "killed_between_attempts"


def _killed() -> Story:
    """Return one attempt that failed, a kill, and nothing yet after the restart."""
    story = Story(MODE).look(1.1).meets_fault(1.2)
    return story.note(RelayKilled(at=2.5, moment=MODE, asked=2.4))


@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_delivered_or_reported_once(profile: str) -> None:
    assert _killed().delivers(5.0).verdict("nothing_lost", profile) is Verdict.PASS
    assert _killed().returns(5.0).verdict("nothing_lost", profile) is Verdict.PASS


def test_neither_and_both() -> None:
    assert _killed().judge("nothing_lost").requirement.id == "nothing-lost/kept"
    twice = _killed().delivers(5.0).returns(6.0).judge("nothing_lost")
    assert (twice.verdict, twice.requirement.id) == (Verdict.FAIL, "nothing-lost/once")
    assert twice.conclusive


@pytest.mark.parametrize("profile", ["eop", "rfc"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"content": b"Subject: x\r\n\r\n"}, "the body ends after 0 of"),
        ({"mail_from": ""}, "the reverse-path is <>"),
        ({"recipients": ["postmaster@elsewhere.test"]}, "the forward-path is <postmaster@elsewhere.test>"),
    ],
)
def test_altered_after_the_restart(change: dict[str, object], told: str, profile: str) -> None:
    judged = _killed().delivers(5.0, **change).judge("nothing_lost", profile)
    assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "nothing-lost/intact")
    assert told in judged.observed


def test_without_the_kill_nothing_passes() -> None:
    story = Story(MODE).meets_fault(1.2).delivers(5.0)
    assert story.verdict("nothing_lost") is Verdict.INCONCLUSIVE


AGAIN = "killed_in_delivery_again"


def _killed_amid(attempts: int, *, in_vain: int = 0) -> Story:
    """Return so many attempts that were amid the content when the relay was killed, and kills between attempts."""
    story = Story(AGAIN).look(1.1)
    for begun in range(2, 2 + 2 * attempts, 2):
        story.connects(begun, fault("stall", "body"), lasting=0.6)
        story.note(RelayKilled(at=begun + 0.5, moment=AGAIN, asked=begun + 0.3))
    for at in range(20, 20 + in_vain):
        story.note(RelayKilled(at=at + 0.2, moment=AGAIN, asked=float(at)))
    return story.change(closed=40.0)


@pytest.mark.parametrize("attempts", [2, 3])
def test_killed_amid_several_attempts(attempts: int) -> None:
    assert _killed_amid(attempts).delivers(30.0).verdict("nothing_lost") is Verdict.PASS
    aside = _killed_amid(attempts).judge("nothing_lost")
    assert (aside.verdict, aside.requirement.id) == (Verdict.FAIL, "nothing-lost/kept")


@pytest.mark.parametrize("in_vain", [0, 1])
def test_one_attempt_amid_which_it_was_killed_is_not_several(in_vain: int) -> None:
    story = _killed_amid(1, in_vain=in_vain)
    assert story.delivers(30.0).verdict("nothing_lost") is Verdict.INCONCLUSIVE


def test_a_connection_that_is_closed_late_is_no_further_attempt() -> None:
    story = Story(AGAIN).look(1.1).connects(2.0, fault("stall", "body"), lasting=5.0)
    for at in (3.0, 4.0, 5.0):
        story.note(RelayKilled(at=at, moment=AGAIN, asked=at - 0.2))
    assert story.change(closed=40.0).delivers(30.0).verdict("nothing_lost") is Verdict.INCONCLUSIVE
