"""Reads the time at which a line of a log was written."""

from __future__ import annotations

import time
from calendar import isleap
from datetime import UTC, datetime


def seconds_of(stamp: str) -> float:
    """Return seconds since the epoch.

    Args:
        stamp: `Jan  2 03:04:05` of syslog, a date and time of ISO 8601, or seconds since the epoch; all in UTC where
            nothing else is said.

    Raises:
        ValueError: It is something else.
    """
    try:
        return float(stamp)
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return _of_syslog(stamp)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _of_syslog(stamp: str) -> float:
    """Return the time of a stamp without a year: the one that brings it nearest to now.

    Nearest, not last: a clock that was moved may be ahead of ours by days.
    """
    now = datetime.now(UTC)
    parsed = time.strptime(f"2000 {stamp}", "%Y %b %d %H:%M:%S")  # a leap year, so that 29 February is a date
    moments = [
        datetime(year, *parsed[1:6], tzinfo=UTC)
        for year in range(now.year - 8, now.year + 2)
        if parsed[1:3] != (2, 29) or isleap(year)
    ]
    return min(moments, key=lambda moment: abs(moment - now)).timestamp()
