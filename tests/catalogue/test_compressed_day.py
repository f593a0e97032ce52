"""Which seconds can stand for 24 hours, and whether the option that is named really makes them."""

from __future__ import annotations

import re

import pytest

from conformance.catalogue.compressed_day import why_no_day
from conformance.catalogue.course import DAY
from conformance.target import Schedule

FIVE_DAYS = 5 * DAY


def granted(
    lifetime: float = 12.0, *, first: float = 0.125, last: float = 0.5, granularity: float = 1.0
) -> Schedule:
    return Schedule(
        retry_interval=first, max_retry_interval=last, queue_lifetime=lifetime, granularity=granularity
    )


@pytest.mark.parametrize(
    "schedule",
    [granted(), granted(12.9), granted(20.0, granularity=9.0), granted(granularity=11.5)],
)
def test_what_was_granted_is_a_day(schedule: Schedule) -> None:
    assert why_no_day(schedule, 12.0) == ""


@pytest.mark.parametrize(
    ("schedule", "reason", "day"),
    [
        (granted(30.0), "a lifetime of 30 s where 12 s were to stand for 24 h", 30),
        (granted(30.2), "a lifetime of 30.2 s", 31),
        (granted(DAY), "a lifetime of 86400 s", 86400),
        (granted(FIVE_DAYS), "a lifetime of 432000 s", None),
        (granted(5.0), "a lifetime of 5 s", None),  # no day is so short
        (granted(FIVE_DAYS, granularity=600.0), "a lifetime of 432000 s", None),
        (
            granted(900.0, granularity=3600.0),
            "a lifetime of 900 s",
            None,
        ),  # no retry is sure to fall into that
        (granted(granularity=60.0), "give or take 60 s, of which none is sure to fall into the 12 s", 28800),
        (granted(last=1800.0), "a retry every 1800 s", 43200),
        (granted(granularity=300.0), "give or take 300 s", 1200),  # which does for all but gaps
        (granted(last=2 * DAY), "a retry every 172800 s", None),
    ],
)
def test_what_was_granted_is_none(schedule: Schedule, reason: str, day: int | None) -> None:
    said = why_no_day(schedule, 12.0)
    assert reason in said
    named = re.search(r"--conformance-day=(\d+)", said)
    assert (int(named[1]) if named else None) == day


@pytest.mark.parametrize(
    "schedule", [granted(30.2), granted(granularity=60.0), granted(granularity=300.0), granted(last=1800.0)]
)
def test_the_day_that_is_named_would_do(schedule: Schedule) -> None:
    named = re.search(r"--conformance-day=(\d+)", why_no_day(schedule, 12.0))
    assert named is not None
    day = float(named[1])
    # who takes no shorter lifetime goes on granting it; who was asked for one that it takes grants that
    lifetime = schedule.queue_lifetime if schedule.queue_lifetime > 12.0 else day
    again = granted(
        lifetime, last=max(schedule.max_retry_interval, day / 24), granularity=schedule.granularity
    )
    assert why_no_day(again, day) == ""
