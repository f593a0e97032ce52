"""When a message had an age, on the journal's clock, whether a day is played on it or not.

A moved clock also runs: a message is as old as the clock was moved since its acceptance, *and* the real seconds that
passed. An attempt that a time-out of minutes ends may begin at 23 h 55 and end when the message is 24 hours old.
"""

from __future__ import annotations

import math
from itertools import pairwise

from conformance.catalogue.course import DAY, FIRST_STOP, HOUR, STOPS, Timing, timing_of
from conformance.evidence.record import Staged
from conformance.evidence.view import Evidence

# How much sooner than after 24 hours a message may be given up where seconds stand for the day, in seconds of it.
_EARLY = 5 * 60.0

# Clocks may keep whole seconds only.
_WHOLE_SECONDS = 1.0


def first_hour_over(evidence: Evidence) -> float:
    """Return when the message was an hour old; infinity: it never was."""
    staged = evidence.staged
    if timing_of(staged.course) is Timing.COMPRESSED:
        return (staged.submitted or 0.0) + staged.granted.queue_lifetime * HOUR / DAY
    return staged.milestones.get(FIRST_STOP, math.inf)


def may_end_from(evidence: Evidence) -> float:
    """Return from when on the message might be given up for its age; infinity: never while it was watched."""
    staged = evidence.staged
    # counted from the offer, before which the relay cannot have accepted it; and in its own ticks
    offered = (staged.submitted or 0.0) if staged.offered is None else staged.offered
    if timing_of(staged.course) is Timing.COMPRESSED:
        return offered + staged.granted.queue_lifetime * (1 - _EARLY / DAY) - staged.granted.granularity
    moves = moves_of(staged)
    full = DAY - max(staged.granted.granularity, _WHOLE_SECONDS)
    return _when_old(full, offered, moves) if moves else math.inf


def waits_until(evidence: Evidence) -> float:
    """Return until when it must wait, as far as it was watched."""
    closed = evidence.staged.closed
    return min(may_end_from(evidence), math.inf if closed is None else closed)


def moves_of(staged: Staged) -> tuple[tuple[float, float], ...]:
    """Return when the clock was moved for a scenario, and how far it was ahead of ours from then on, in seconds."""
    ahead = {**dict(STOPS), **staged.ahead}
    return tuple(sorted((moment, ahead[stop]) for stop, moment in staged.milestones.items() if stop in ahead))


def _when_old(age: float, begin: float, moves: tuple[tuple[float, float], ...]) -> float:
    """Return when a message that was there from a moment on had an age, in seconds of a clock that was moved."""
    for (moment, ahead), (next_moment, _) in pairwise(((begin, 0.0), *moves, (math.inf, 0.0))):
        reached = max(moment, begin + age - ahead)
        if reached < next_moment:
            return reached
    return math.inf
