"""When a message may and must be given up, on a moved and on a compressed clock alike."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.catalogue.course import HOUR, STOPS, Timing, timing_of
from conformance.judging.ages import may_end_from, moves_of, waits_until
from conformance.judging.case import Case
from conformance.judging.one_route import given_up_by, left_queue

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
        moves: When a clock was moved, and how far it was ahead from then on, in seconds; empty on a compressed one.
        last_stop: When a clock was moved to its last stop; the end of the window on a compressed one.
        scale: Relay hours in a second of the journal's clock.
    """

    begin: float
    may_not_end_before: float
    must_end_before: float
    until: str
    by: str
    watched: str
    moves: tuple[tuple[float, float], ...]
    last_stop: float
    scale: float

    def age(self, at: float) -> str:
        """Say how old the message was at a moment, by the relay's clock."""
        if not self.moves:
            return f"at an age of {(at - self.begin) * self.scale:.1f} h"
        ahead = max((seconds for moment, seconds in self.moves if moment <= at), default=0.0)
        hours, seconds = divmod(round(ahead + at - self.begin), round(HOUR))
        return f"at an age of {hours} h {seconds // 60:02} min {seconds % 60:02} s"


def lifetime_of(case: Case) -> Span:
    """Return the span of a case."""
    staged = case.evidence.staged
    begin = staged.submitted or 0.0
    closed = staged.closed or begin
    if timing_of(staged.course) is Timing.COMPRESSED:
        granted = staged.granted
        scale = 24 / granted.queue_lifetime
        # one gap and its lateness, because many relays give up only when they try
        latest = granted.max_retry_interval + granted.granularity + case.evidence.slack
        return Span(
            begin=begin,
            may_not_end_before=may_end_from(case.evidence),
            must_end_before=begin + granted.queue_lifetime + latest,
            until="until 23 h 55",
            by=f"at most {latest * scale:.2f} h after 24 h",
            watched=f"in {(closed - begin) * scale:.1f} h",
            moves=(),
            last_stop=closed,
            scale=scale,
        )
    order = [stop for stop, _ in STOPS]
    allowed = order[order.index(case.profile.expired_by) - 1]
    return Span(
        begin=begin,
        may_not_end_before=waits_until(case.evidence),
        must_end_before=staged.milestones.get(case.profile.expired_by, closed),
        until="until it is 24 h old",
        by=f"at {allowed} at the latest",
        watched=f"until {order[-1]}",
        moves=moves_of(staged),
        last_stop=staged.milestones.get(order[-1], closed),
        scale=0.0,
    )


def given_up(case: Case) -> float | None:
    """Return by when the message had been given up, on the journal's clock (`one_route.py`); None if it never was."""
    return given_up_by(case.evidence)


def given_up_since(case: Case) -> float | None:
    """Return since when the message may have been given up: the same, but where the queue tells, its last listing."""
    return min([*_reported(case), *(gone[:1] if (gone := left_queue(case.evidence)) else ())], default=None)


def _reported(case: Case) -> list[float]:
    return [message.at for message, _ in case.evidence.ndrs]
