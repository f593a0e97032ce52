"""What is allowed grows with what the relay granted: time-outs by stage, the slack, and how late we may have been."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories.staging import ASKED, GRANTED, header

from conformance.catalogue.course import Timing
from conformance.evidence.slack import slack_for, slack_of
from conformance.evidence.time_outs import longest_reply, time_out_at
from conformance.target import Schedule
from fake_servers import Stage


def granted(**times: Any) -> Schedule:
    return replace(GRANTED, command_timeout=2.0, **times)


@pytest.mark.parametrize(
    ("times", "mail", "body", "dot"),
    [
        ({}, 2.0, 2.0, 2.0),
        ({"content_timeout": 300.0}, 2.0, 300.0, 2.0),
        ({"final_timeout": 600.0}, 2.0, 600.0, 600.0),
        ({"content_timeout": 300.0, "final_timeout": 600.0}, 2.0, 600.0, 600.0),
        ({"content_timeout": 300.0, "delivery_deadline": 60.0}, 2.0, 60.0, 2.0),
        ({"delivery_deadline": 60.0}, 2.0, 2.0, 2.0),
        ({"delivery_deadline": 60.0, "deadline_only": True}, 60.0, 60.0, 60.0),
    ],
)
def test_each_stage_has_its_time_out(times: dict[str, Any], mail: float, body: float, dot: float) -> None:
    assert [time_out_at(stage, granted(**times), ASKED) for stage in (Stage.MAIL, Stage.BODY, Stage.DOT)] == [
        mail,
        body,
        dot,
    ]


def test_a_chunk_is_content_and_the_last_one_is_the_end_of_it() -> None:
    times = granted(content_timeout=300.0, final_timeout=600.0)
    assert time_out_at(Stage.BDAT, times, ASKED) == 300.0
    assert time_out_at(Stage.BDAT_LAST, times, ASKED) == 600.0


def test_what_is_not_said_is_as_asked() -> None:
    assert time_out_at(Stage.MAIL, replace(GRANTED, command_timeout=None), ASKED) == ASKED.command_timeout


def test_a_reply_without_end_may_last_until_the_deadline() -> None:
    assert longest_reply(Stage.DATA, granted(), ASKED) == 2.0
    assert longest_reply(Stage.DATA, granted(delivery_deadline=60.0), ASKED) == 60.0


def test_who_waits_long_may_be_late_by_more() -> None:
    assert slack_of(granted(), header()) == 1.0
    assert slack_of(replace(granted(), granularity=65.0), header()) == pytest.approx(
        (65.0 + GRANTED.max_retry_interval) / 20
    )
    assert slack_for(300.0, header()) == 15.0
    assert slack_for(2.0, header()) == 1.0


def test_where_the_clock_is_moved_an_hour_is_no_time() -> None:
    assert slack_of(replace(granted(), max_retry_interval=3600.0), header(timing=Timing.JUMPED)) == 1.0
