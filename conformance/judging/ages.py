"""When a message had an age, on the journal's clock, whether a day is played on it or not."""

from __future__ import annotations

import math

from conformance.catalogue.course import DAY, EXPIRED_BY, FIRST_STOP, HOUR, Timing, timing_of
from conformance.evidence.view import Evidence

# How much sooner than after 24 hours a message may be given up: it must still wait at 23 h 55.
_EARLY = 5 * 60.0


def first_hour_over(evidence: Evidence) -> float:
    """Return when the message was an hour old; infinity: it never was."""
    staged = evidence.staged
    if timing_of(staged.course) is Timing.COMPRESSED:
        return (staged.submitted or 0.0) + staged.granted.queue_lifetime * HOUR / DAY
    return staged.milestones.get(FIRST_STOP, math.inf)


def may_end_from(evidence: Evidence) -> float:
    """Return from when on the message might be given up for its age; infinity: never while it was watched."""
    staged = evidence.staged
    if timing_of(staged.course) is Timing.COMPRESSED:
        offered = (staged.submitted or 0.0) if staged.offered is None else staged.offered
        return offered + staged.granted.queue_lifetime * (1 - _EARLY / DAY) - staged.granted.granularity
    return staged.milestones.get(EXPIRED_BY, math.inf)
