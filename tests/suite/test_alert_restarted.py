"""An alert that lasts while the relay is killed: hand-made records, in order and wrong in each way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.operated import EPOCH, MESSAGES, Operated

from conformance.catalogue.course import HALF_TIME, LAST_STILL_QUEUED, Course
from conformance.catalogue.message import members
from conformance.judging.verdict import Verdict
from conformance.target import Alert
from fake_servers.events import RelayKilled


def killed(*after: tuple[Alert, ...], raised: float = 2.5, times: int = 2) -> Operated:
    """Return what is listed between two kills, at 4 s and at 7 s; what is listed last stays."""
    story = Operated("connection_refused", course=Course.ALERTED_RESTARTED)
    story.offers(1.0, *members(MESSAGES)).probes(0.1)
    story.meets_fault(2.0)
    for at, moment in ((4.0, HALF_TIME), (7.0, LAST_STILL_QUEUED))[:times]:
        story.note(RelayKilled(moment=moment, relay=story.staged.relay, asked=at, at=at + 0.1))
    looks = dict(zip((4.5, 5.0, 5.5, 6.0), (*after, *after[-1:] * 4), strict=False))
    for at in (1.5, 2.0, 2.5, 3.0, 3.5, *looks, 7.5, 8.0):
        story.shows(at, *(looks.get(at, (story.alert(),)) if at >= raised else ()))
    return story.change(closed=9.0)  # type: ignore[return-value]


ALERT = killed((), ()).alert()
AGAIN = replace(ALERT, raised_at=ALERT.raised_at + 40_000)


@pytest.mark.parametrize(
    "listed",
    [
        ((ALERT,),),
        ((), (ALERT,)),
        ((replace(ALERT, last_error="", last_address=""),), (ALERT,)),
        ((replace(ALERT, raised_at=ALERT.raised_at - 0.5, queued=5),),),
        ((replace(AGAIN, cleared_at=EPOCH + 50_000), ALERT),),
    ],
)
def test_it_is_the_same_once_the_relay_has_tried_again(listed: tuple[tuple[Alert, ...], ...]) -> None:
    assert killed(*listed).verdict("alert_restarted") is Verdict.PASS


@pytest.mark.parametrize(
    ("listed", "observed"),
    [
        (((ALERT,), ()), "no alert"),
        (((ALERT, AGAIN), (ALERT,)), "2 alerts"),
        (((AGAIN,),), "raised again, 40000 s later"),
        (((replace(ALERT, last_error=""),),), "no last error"),
        (((replace(ALERT, cleared_at=EPOCH + 4.2),),), "no alert"),
    ],
)
def test_what_becomes_of_it(listed: tuple[tuple[Alert, ...], ...], observed: str) -> None:
    judged = killed(*listed).judge("alert_restarted")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "alert/outlives-restart")
    assert judged.observed == observed


def test_without_an_alert_or_a_kill_there_is_nothing_to_judge() -> None:
    assert killed((ALERT,), raised=4.5).verdict("alert_restarted") is Verdict.NOT_APPLICABLE
    for times in (0, 1):
        assert killed((ALERT,), times=times).verdict("alert_restarted") is Verdict.INCONCLUSIVE
