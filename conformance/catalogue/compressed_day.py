"""What a relay must have granted so that some seconds can stand for 24 hours, and which number of seconds would do.

Whoever can be given no lifetime of seconds is not in the wrong, and nobody waits for one of days: where the day that
was asked for is none for this relay, nothing is staged, and the reason names the day that would be one, if any is.
"""

from __future__ import annotations

import math

from conformance.catalogue.course import DAY, HOUR
from conformance.target import Schedule

# Nothing of a shorter day can be told apart, in seconds.
SHORTEST_DAY = 10.0

# A lifetime that differs by less, in seconds, cannot be told from 24 hours by the stops of a moved clock.
LIFETIME_TOLERANCE = 5 * 60.0

# A granularity coarser than three minutes of the day says nothing about gaps of fifteen.
FINEST = 480

# A relay that looks at its queue fewer times in a day than this shows nothing of the day.
_FEWEST_LOOKS = 4


def why_no_day(granted: Schedule, day: float) -> str:
    """Say why so many seconds are no day for a relay; empty: they are.

    Args:
        granted: What it granted when it was asked for such a day.
        day: Seconds that were to stand for 24 hours.
    """
    tick, wait = granted.granularity, granted.max_retry_interval + granted.granularity
    if abs(granted.queue_lifetime - day) > max(min(tick, day), day * LIFETIME_TOLERANCE / DAY):
        return (
            f"the relay granted a lifetime of {granted.queue_lifetime:g} s where {day:g} s were to stand for 24 h"
            + would_do(granted.queue_lifetime, granted)
        )
    if wait > day:
        few = max(_FEWEST_LOOKS * tick, granted.max_retry_interval * DAY / HOUR)
        longer = would_do(day_for_gaps(granted)) or (
            f"{would_do(few)} for all but gaps" if would_do(few) else ""
        )
        return (
            f"the relay granted a retry every {granted.max_retry_interval:g} s, give or take {tick:g} s, of which "
            f"none is sure to fall into the {day:g} s that were to stand for 24 h{longer}"
        )
    return ""


def day_for_gaps(granted: Schedule) -> float:
    """Return how many seconds a day must have at least so that its gaps can be judged, by what a relay granted."""
    return max(
        granted.granularity * FINEST,
        granted.retry_interval * DAY / (HOUR / 4),
        granted.max_retry_interval * DAY / HOUR,
    )


def would_do(seconds: float, granted: Schedule | None = None) -> str:
    """Name the option that makes the day so long, as the end of a reason; empty if no option can.

    Args:
        seconds: How long the day would have to be at least.
        granted: What else the relay granted, where that must fit into the same day.
    """
    day = math.ceil(round(seconds, 3))
    if not SHORTEST_DAY <= day <= DAY or (
        granted is not None and granted.max_retry_interval + granted.granularity > day
    ):
        return ""
    return f"; if it takes no shorter one, --conformance-day={day} would do"
