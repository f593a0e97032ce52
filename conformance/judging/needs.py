"""What an aspect may need besides a fate: that the time which was played is the time that the relay granted."""

from __future__ import annotations

import math
from collections.abc import Callable

from conformance.catalogue.course import DAY, HOUR, Timing, timing_of
from conformance.judging.case import Case

# Says why there is nothing to judge; nothing if the need is met.
Need = Callable[[Case], str]

# A lifetime that differs by less, in seconds, cannot be told from 24 hours by the stops of a moved clock.
_LIFETIME_TOLERANCE = 5 * 60.0


def granted_the_day(case: Case) -> str:
    """Need, on a compressed clock, that the lifetime that was granted stands for 24 hours.

    That holds for every profile: who can be given no lifetime of seconds is not in the wrong. Whether it is one of 24
    real hours shows on a moved clock. It may differ from the one asked for by the relay's granularity.
    """
    if timing_of(case.evidence.staged.course) is not Timing.COMPRESSED:
        return ""
    granted, asked = case.evidence.staged.granted, case.evidence.record.header.asked.queue_lifetime
    off = abs(granted.queue_lifetime - asked)
    if off <= max(granted.granularity, asked * _LIFETIME_TOLERANCE / DAY):
        return ""
    return (
        f"the relay granted a lifetime of {granted.queue_lifetime} s where {asked} s were to stand for 24 h; "
        f"if it takes no shorter one, --conformance-day={math.ceil(granted.queue_lifetime)} would do"
    )


def real_day(case: Case) -> str:
    """Need, on a moved clock, that the relay granted the 24 hours that were played.

    Only where the profile accepts another lifetime (RFC 5321 section 4.5.4.1 leaves it to the relay); where it does
    not, another one is a relay's fault and is judged.
    """
    granted = case.evidence.staged.granted.queue_lifetime
    moved = timing_of(case.evidence.staged.course) in (Timing.JUMPED, Timing.RESTARTED)
    if not moved or not case.profile.any_lifetime or abs(granted - DAY) <= _LIFETIME_TOLERANCE:
        return ""
    return (
        f"the relay granted a lifetime of {granted / HOUR:.1f} h, which the profile {case.profile.name} accepts; "
        "24 h were played"
    )
