"""Nothing lost: the aspect on hand-made records of a relay that was killed between two attempts."""

from __future__ import annotations

import pytest
from stories.story import Story

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
