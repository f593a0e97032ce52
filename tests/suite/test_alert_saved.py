"""An alert that lasts while settings are saved as they are: hand-made records, in order and wrong in each way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.operated import EPOCH, MESSAGES, Operated

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.judging.verdict import Verdict
from conformance.target import Alert


def saved(*after: Alert, raised: float = 4.5) -> Operated:
    """Return what waits for a refused connection, settings saved at 6.0 s, and what is listed from 6.4 to 7 s."""
    story = Operated("connect_timeout", course=Course.ALERTED_SAVED)
    story.offers(1.0, *members(MESSAGES))
    story.meets_fault(2.0).acts(6.0, "settings saved as they are")
    for tenths in range(10, 90, 2):
        at = tenths / 10
        listed = after if 6.3 < at < 7.0 else (story.alert(),)
        story.shows(at, *(listed if at >= raised else ()))
    return story.change(closed=9.0)  # type: ignore[return-value]


ALERT = saved().alert()


def test_it_lasts_as_it_was() -> None:
    assert saved(ALERT).verdict("alert_saved") is Verdict.PASS
    assert (
        saved(replace(ALERT, last_error="450 4.4.315 Connection timed out")).verdict("alert_saved")
        is Verdict.PASS
    )


@pytest.mark.parametrize(
    ("listed", "observed"),
    [
        ((), "no alert"),
        ((replace(ALERT, cleared_at=EPOCH + 6.1),), "no alert"),
        ((ALERT, ALERT), "2 alerts"),
        ((replace(ALERT, last_error="", last_address=""),), "no last address and no last error"),
        ((replace(ALERT, destination_server=""),), "no destination server"),
    ],
)
def test_what_becomes_of_it(listed: tuple[Alert, ...], observed: str) -> None:
    judged = saved(*listed).judge("alert_saved")
    assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "alert/outlives-saving")
    assert judged.observed.startswith(f"{observed} at ")


def test_without_an_alert_or_an_act_there_is_nothing_to_judge() -> None:
    assert saved(ALERT, raised=6.5).verdict("alert_saved") is Verdict.NOT_APPLICABLE
    assert saved(ALERT).change(operator_actions=[]).verdict("alert_saved") is Verdict.INCONCLUSIVE
    refused = saved(ALERT)
    [act] = refused.staged.operator_actions
    refused.change(operator_actions=[replace(act, refused=True, reason="no")])
    assert refused.verdict("alert_saved") is Verdict.INCONCLUSIVE
