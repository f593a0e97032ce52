"""How long a relay waited between two attempts, as far as the wire can tell.

Theory of operation
-------------------

A gap runs *from the end of an attempt that failed to the start of the next*: a schedule says how long to wait after a
failure (RFC 5321 section 4.5.4.1), and an attempt may last as long as a time-out. Both moments come from the witness
of the failure mode, which saw the attempts; what the relay says of its retries counts for nothing.

*The start* is the first trace of an attempt: its first look-up, SYN or connection.

*The end is an interval.* Nobody sees a relay give up. The earliest moment is the last sign of the fault, for the relay
may have known from then on; the latest is when the connection was closed, or when a time-out of the length that was
granted has passed since a SYN or a question to which no answer came. So a gap is between a shortest and a longest
length, and the one that is kinder to the relay counts: it came too soon only if even the longest is too short, too
late only if even the shortest is too long.

*The attempt that succeeded* met no fault, so the witness does not see it. It began with the connection on which the
message was delivered, after the repair; or before it, where the profile accepts a delivery in spite of the fault.

*A delivery need not be a retry.* The attempt that met the fault may go on and deliver: at the next host, in clear after
a handshake that failed (RFC 7435 section 3), or at an address for which it had asked before the repair. What begins
within half of the retry interval after the end of the last attempt is the rest of that one, if there was such a way on,
and so is a connection that was opened before that end. Then there is no gap; and where no other attempt was seen,
nothing is known of retries.

*Some attempts leave no trace.* A relay may keep a negative answer for its time to live (RFC 2308 section 5), and retry
without asking again: the gap may seem longer by so much. In some labs a refused connection shows by nothing but the
look-up before it (`Witness.indirect`): there a delivery is not counted as the end of a gap, since who knows the address
may have tried unseen in between.

*How much is allowed* follows from what the relay granted, since it counts in ticks of its own granularity. At least:
the interval less a granularity and a tenth, but never less than a tenth of it, for that is haste whatever the ticks. At
most: the longest interval, a granularity, our own slack, and the time for which a negative answer may be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from conformance.judging.case import Case
from conformance.judging.verdict import NotApplicable
from conformance.target import Outcome
from conformance.witness.attempts import Attempt

# Part of the interval by which a relay may come early, and below which nothing is a wait.
_HASTE = 0.1


class Gap(NamedTuple):
    """How long a relay waited after an attempt, in seconds.

    Attributes:
        longest: Counted from the earliest moment at which the attempt can have ended.
        shortest: Counted from the latest.
    """

    longest: float
    shortest: float

    def is_below(self, least: float) -> bool:
        """Tell whether it surely was shorter."""
        return self.longest < least

    def is_above(self, most: float) -> bool:
        """Tell whether it surely was longer."""
        return self.shortest > most

    def __str__(self) -> str:
        if self.longest - self.shortest < 0.1:
            return f"{self.longest:.2f}"
        return f"{self.shortest:.2f} to {self.longest:.2f}"


def between(attempts: Sequence[Attempt], success: Sequence[float] = ()) -> list[Gap]:
    """Return the gap after each attempt that was followed by another one.

    Args:
        attempts: Those that met the fault.
        success: When the attempt began that succeeded; none, or one.
    """
    starts = [*(attempt.at for attempt in attempts[1:]), *success]
    return [
        Gap(start - attempt.end, start - attempt.latest_end)
        for attempt, start in zip(attempts, starts, strict=False)
    ]


def allowed(case: Case) -> tuple[float, float]:
    """Return the shortest and the longest gap that are in order, in seconds."""
    granted = case.evidence.staged.granted
    interval, tick = granted.retry_interval, granted.granularity
    least = max(_HASTE * interval, interval - tick - _HASTE * interval)
    return least, granted.max_retry_interval + tick + (
        case.evidence.record.header.slack + case.mode.silent_ttl
    )


def success(case: Case) -> list[float]:
    """Return when the attempt began that succeeded, if one did and can be told from the others.

    Raises:
        NotApplicable: Only one attempt met the fault, and it went on to deliver, or those before the repair cannot
            be counted.
    """
    repaired = 0.0 if case.accepts(Outcome.DELIVERED) else case.evidence.staged.repaired or 0.0
    delivered = [message for message in case.evidence.messages if message.at >= repaired]
    if not delivered:
        return []
    if case.evidence.record.header.lab in case.mode.witness.indirect:
        unseen = (
            "the message was delivered after the repair, but the relay looked the name up only once before (its "
            "TTL is 0), and in this lab nothing else shows its attempts"
        )
        return _nothing_known(case, unseen)
    begun = case.evidence.connection_of(delivered[0]).opened
    pause = begun - case.attempts[-1].latest_end
    if pause <= 0:
        return []
    if pause < case.evidence.staged.granted.retry_interval / 2 and _may_go_on(case, delivered[0].server):
        return _nothing_known(
            case, "the attempt that met the fault went on at once and delivered (see recovers)"
        )
    return [begun]


def _nothing_known(case: Case, reason: str) -> list[float]:
    """Leave the success out; where only one attempt met the fault, there is no gap at all."""
    if len(case.attempts) > 1:
        return []
    raise NotApplicable(reason)


def _may_go_on(case: Case, server: str) -> bool:
    """Tell whether the last attempt that met the fault had a way on to a server, even if the repair came in between."""
    last = case.attempts[-1]
    names = {site.server: site.name for site in case.evidence.staged.sites}
    next_host = len(names) > 1 and names.get(server) not in {contact.host for contact in last.contacts}
    looked_up = bool(last.contacts[-1].what)
    return case.accepts(Outcome.DELIVERED) or looked_up or next_host
