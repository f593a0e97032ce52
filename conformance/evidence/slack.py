"""How late everything may be before the suite blames itself, and by how much the suite may be late itself.

A wave has one slack, in seconds. What a relay granted may be long beside it: who looks at its queue once a minute is
not accused for a second, nor is the suite too late to judge it for one. So where a time that was granted is compared,
a share of that time is allowed at least.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.evidence.record import Header
from conformance.target import Schedule

# A twentieth: less than any factor by which a relay that is wrong is late, and more than a busy machine adds.
_SHARE = 1 / 20

# Seconds by which no machine makes a relay late, unless somebody had to wait for a processor in half of a second.
NO_LATENESS = 10.0

# Clocks that are moved: an hour that was granted passes at once there.
_MOVED = ("jumped", "restarted")


class Lateness(NamedTuple):
    """How late the suite was for something, and how late it may have been, in seconds."""

    lag: float
    allowed: float


def slack_for(seconds: float, header: Header) -> float:
    """Return how late something may be that is to come within so many real seconds."""
    return max(header.slack, _SHARE * seconds)


def slack_of(granted: Schedule, header: Header) -> float:
    """Return how late a retry, or what else the relay does when it looks at its queue, may be."""
    if header.timing in _MOVED:
        return header.slack
    return slack_for(granted.max_retry_interval + granted.granularity, header)
