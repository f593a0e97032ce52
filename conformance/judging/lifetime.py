"""When a message may and must be given up, on a moved and on a compressed clock alike."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.course import DAY, EXPIRED_BY, LAST_STILL_QUEUED, STOPS, Timing, timing_of
from conformance.judging.case import Case

# The full day is played for one failure mode of each section, which is one of each layer as well.
FULL_DAY = (
    "dns_servfail",
    "host_unreachable",
    "connection_refused",
    "greeting_421",
    "close_at_data",
    "certificate_expired",
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The end of a message's lifetime, in seconds on the journal's clock, and in words.

    Attributes:
        begin: When the message was accepted.
        may_not_end_before: Until then it must wait.
        must_end_before: By then it must have been returned.
        until: The first of these in words.
        by: The second in words.
        watched: How long it was watched, in words.
        stops: Journal times of the stops of a moved clock; empty on a compressed one.
        scale: Relay hours in a second of the journal's clock.
    """

    begin: float
    may_not_end_before: float
    must_end_before: float
    until: str
    by: str
    watched: str
    stops: dict[str, float]
    scale: float

    def age(self, at: float) -> str:
        """Say how old the message was at a moment."""
        passed = [stop for stop, moment in self.stops.items() if moment <= at]
        if self.stops:
            return f"at an age of {passed[-1]}" if passed else "before its clock was moved"
        return f"at an age of {(at - self.begin) * self.scale:.1f} h"


def lifetime_of(case: Case) -> Span:
    """Return the span of a case."""
    staged = case.evidence.staged
    begin = staged.submitted or 0.0
    offered = begin if staged.offered is None else staged.offered
    closed = staged.closed or begin
    if timing_of(staged.course) is Timing.COMPRESSED:
        granted = staged.granted
        scale = 24 / granted.queue_lifetime
        # one gap and its lateness, because many relays give up only when they try
        latest = granted.max_retry_interval + granted.granularity + case.evidence.record.header.slack
        return Span(
            begin=begin,
            may_not_end_before=offered + granted.queue_lifetime * (1 - 5 * 60 / DAY) - granted.granularity,
            must_end_before=begin + granted.queue_lifetime + latest,
            until="until 23 h 55",
            by=f"at most {latest * scale:.2f} h after 24 h",
            watched=f"in {(closed - begin) * scale:.1f} h",
            stops={},
            scale=scale,
        )
    order = [stop for stop, _ in STOPS]
    allowed = order[order.index(case.profile.expired_by) - 1]
    return Span(
        begin=begin,
        may_not_end_before=staged.milestones.get(EXPIRED_BY, closed),
        must_end_before=staged.milestones.get(case.profile.expired_by, closed),
        until=f"at {LAST_STILL_QUEUED}",
        by=f"at {allowed} at the latest",
        watched=f"until {order[-1]}",
        stops=staged.milestones,
        scale=0.0,
    )


def given_up(case: Case) -> float | None:
    """Return when the message came back, on the journal's clock; None if it never did."""
    return min((message.at for message, _ in case.evidence.ndrs), default=None)
