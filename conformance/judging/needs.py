"""What an aspect may need besides a fate: that the time which was played is the time that the relay granted."""

from __future__ import annotations

from collections.abc import Callable

from conformance.catalogue.compressed_day import LIFETIME_TOLERANCE, why_no_day
from conformance.catalogue.course import DAY, HOUR, Timing, timing_of
from conformance.judging.case import Case
from conformance.target import Capability

# Says why there is nothing to judge; nothing if the need is met.
Need = Callable[[Case], str]


def granted_the_day(case: Case) -> str:
    """Need, on a compressed clock, that the lifetime that was granted stands for 24 hours.

    That holds for every profile: who can be given no lifetime of seconds is not in the wrong. Whether it is one of 24
    real hours shows on a moved clock. It may differ from the one asked for by the relay's granularity.
    """
    if timing_of(case.evidence.staged.course) is not Timing.COMPRESSED:
        return ""
    return why_no_day(case.evidence.staged.granted, case.evidence.record.header.asked.queue_lifetime)


def real_day(case: Case) -> str:
    """Need, on a moved clock, that the relay granted the 24 hours that were played.

    Only where the profile accepts another lifetime (RFC 5321 section 4.5.4.1 leaves it to the relay); where it does
    not, another one is a relay's fault and is judged.
    """
    granted = case.evidence.staged.granted.queue_lifetime
    moved = timing_of(case.evidence.staged.course) in (Timing.JUMPED, Timing.RESTARTED)
    if not moved or not case.profile.any_lifetime or abs(granted - DAY) <= LIFETIME_TOLERANCE:
        return ""
    return (
        f"the relay granted a lifetime of {granted / HOUR:.1f} h, which the profile {case.profile.name} accepts; "
        "24 h were played"
    )


def no_other_clock(case: Case) -> str:
    """Need that the relay's clock cannot be moved: else the same is read of the reports of a real day, of each mode."""
    if Capability.CLOCK not in case.evidence.record.header.capabilities:
        return ""
    return "the report of 24 real hours is read on the moved clock (see ndr_form and ndr_status)"
