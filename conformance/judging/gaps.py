"""How long a relay waited between two attempts, as far as the wire can tell.

Theory of operation
-------------------

A gap runs *from the end of an attempt that failed to the start of the next*: a schedule says how long to wait after a
failure (RFC 5321 section 4.5.4.1), and an attempt may last as long as a time-out. Both moments come from the witness
of the failure mode, which saw the attempts; what the relay says of its retries counts for nothing.

*The start* is the first trace of an attempt: its first look-up, SYN or connection.

*The end is an interval.* Nobody sees a relay give up. The earliest moment is the last sign of the fault, for the relay
may have known from then on; the latest is when the connection was closed, or when a time-out of the length that was
granted has passed since a SYN or a question to which no answer came, and never later than the next attempt. So a gap
is between a shortest and a longest length, and the one that is kinder to the relay counts: it came too soon only if
even the longest is too short, too late only if even the shortest is too long.

*A gap need not tell.* Where a relay gives up long before the time-out that it granted, its gap may be anything from
nothing to more than is allowed. Such a gap accuses nobody and proves nothing; a verdict that has no other is none.

*Every attempt counts, but not for everything.* One whose look-up failed met no fault, and the relay tried again all
the same: it ends the gap before it, so nothing is late. But a question alone may be anybody's, of a resolver for
instance that asks in advance: it makes no haste. So *too late* is judged between all attempts that follow the first
that met the fault, *too soon* between those that met it or connected.

*The attempt that succeeded* is the one with the connection on which the message was delivered, after the repair; or
before it, where the profile accepts a delivery in spite of the fault. What comes after it is no retry.

*A delivery need not be a retry.* The attempt that met the fault may go on and deliver: at the next host, in clear
after a handshake that failed (RFC 7435 section 3), or at an address for which it had asked before the repair. What
begins within half of the retry interval after the end of the last attempt is the rest of that one, if there was such a
way on, and so is a connection that was opened before that end. Then there is no gap; and where no other attempt was
seen, nothing is known of retries.

*An attempt that was under way when the fault was taken away* saw both sides, and when it failed, and of what, is not
known: no gap begins with it.

*A gap below nothing* is none: the next attempt began before a connection of the former was closed. Then the last sign
on that connection before is the end, and it is said in words.

*Some attempts leave no trace.* A relay may keep a negative answer for its time to live (RFC 2308 section 5), and retry
without asking again: the gap may seem longer by so much. In some labs a refused connection shows by nothing but the
look-up before it (`Witness.indirect`): there a delivery is not counted as the end of a gap, since who knows the
address may have tried unseen in between.

*A wait that goes on still is no gap.* Where the window closed before the next attempt was due, nobody knows whether one
would have followed (`not_due`); and nothing at all is known of an attempt that a server held to the end (`held.py`).

*How much is allowed* follows from what the relay granted, since it counts in ticks of its own granularity. At least:
the interval less a granularity and a tenth, but never less than a tenth of it, for that is haste whatever the ticks.
At most: the longest interval, a granularity, our own slack, and the time for which a negative answer may be kept.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from conformance.catalogue.course import Timing, timing_of
from conformance.evidence.queue import Presence
from conformance.judging.case import Case
from conformance.judging.held import may_be_unnoticed
from conformance.judging.verdict import NotApplicable
from conformance.target import Outcome
from conformance.witness.attempts import Attempt, lingering
from conformance.witness.traces import address_of, name_of
from fake_servers.events import SmtpMessage

# So many of the gaps that are wrong are named.
NAMED = 3

# Part of the interval by which a relay may come early, and below which nothing is a wait.
_HASTE = 0.1


@dataclass(frozen=True)
class Gap:
    """How long a relay waited after an attempt, in seconds.

    Attributes:
        longest: Counted from the earliest moment at which the attempt can have ended.
        shortest: Counted from the latest.
        until: When the next attempt began, on the journal's clock; by this a gap is named.
    """

    longest: float
    shortest: float
    until: float = field(default=0.0, compare=False)

    def is_below(self, least: float) -> bool:
        """Tell whether it surely was shorter."""
        return self.longest < least

    def is_above(self, most: float) -> bool:
        """Tell whether it surely was longer."""
        return self.shortest > most

    def tells(self, least: float, most: float) -> bool:
        """Tell whether it surely was not shorter than the one, or surely not longer than the other."""
        return self.shortest >= least or self.longest <= most or self.is_below(least) or self.is_above(most)

    def __str__(self) -> str:
        if self.longest - self.shortest < 0.1:
            return f"{self.longest:.2f}"
        return f"{self.shortest:.2f} to {self.longest:.2f}"


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """The gaps of a case.

    Attributes:
        attempts: The attempts between which they lie.
        between_all: Those between all of these.
        between_sure: Those between the ones that met the fault, connected or delivered.
        under_way: Whether an attempt went on when the fault was taken away, so that no gap begins with it.
    """

    attempts: Sequence[Attempt]
    between_all: Sequence[Gap]
    between_sure: Sequence[Gap]
    under_way: bool

    def is_hasty(self, least: float) -> bool:
        """Tell whether the relay surely tried again too soon."""
        return any(gap.is_below(least) for gap in self.between_sure)

    def wrong(self, case: Case, least: float, most: float) -> str:
        """Name the first gaps that are surely too short or too long, each with its place; empty: none is."""
        named = [
            (gap.until, f"{gap} s before the attempt at {case.evidence.when(gap.until)} is too {what}")
            for found, what in (
                ([gap for gap in self.between_sure if gap.is_below(least)], "short"),
                ([gap for gap in self.between_all if gap.is_above(most)], "long"),
            )
            for gap in found
        ]
        more = f", and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return ", ".join(text for _, text in sorted(named)[:NAMED]) + more

    def tell(self, least: float, most: float) -> bool:
        """Tell whether any of them tells, of haste or of lateness."""
        sure = any(gap.tells(least, most) for gap in self.between_sure)
        return sure or any(gap.longest <= most or gap.is_above(most) for gap in self.between_all)


def gaps_of(case: Case) -> Gaps:
    """Return the gaps between the attempts of a case, the one that succeeded included.

    Raises:
        NotApplicable: Only one attempt met the fault, and it went on to deliver, or those before the repair cannot
            be counted.
    """
    attempts = _compared(case)
    sure = [attempt for attempt in attempts if not attempt.only_asked]
    open_ended = {attempt.at for attempt in attempts[:-1] if _saw_both_sides(case, attempt)}
    return Gaps(
        attempts=attempts,
        between_all=between([*attempts], open_ended),
        between_sure=between(sure, open_ended),
        under_way=bool(open_ended),
    )


def between(attempts: Sequence[Attempt], open_ended: Collection[float] = ()) -> list[Gap]:
    """Return the gap after each attempt that was followed by another one.

    Args:
        attempts: In the order of time.
        open_ended: When those began of which nobody knows when they failed.
    """
    return [
        Gap(later.at - attempt.end, later.at - attempt.latest_end, later.at)
        for attempt, later in pairwise(attempts)
        if attempt.at not in open_ended
    ]


def overlap(case: Case) -> str:
    """Say of attempts that began before a connection of the former was closed by how much at most; empty: none did."""
    since: dict[float, float] = {}
    for each in lingering(case.evidence, case.all_attempts):
        ended = math.inf if each.connection.closed is None else each.connection.closed.at
        since[each.since] = max(ended - each.since, since.get(each.since, 0.0))
    if not since:
        return ""
    often = f"{len(since)} times " if len(since) > 1 else ""
    longest = max(since.values())
    if longest == math.inf:
        return (
            f"{often}another attempt began while the former connection was open, which was not seen to close"
        )
    at_most = "up to " if often else ""
    return f"{often}another attempt began {at_most}{longest:.2f} s before the former connection was closed"


def not_due(case: Case) -> str:
    """Say that the next attempt was not due yet when the window closed; empty: it was, or none is to be expected.

    On a steady clock only; a clock that is moved has its stops. The last attempt may also have been going on still.
    """
    staged, attempts = case.evidence.staged, case.all_attempts
    if timing_of(staged.course) is not Timing.STEADY or staged.closed is None or not attempts:
        return ""
    evidence = case.evidence
    if evidence.messages or evidence.given_up is not None or evidence.queue.last.presence is Presence.ABSENT:
        return ""
    _, most = allowed(case)
    rest = staged.closed - attempts[-1].latest_end
    if rest >= most:
        return may_be_unnoticed(evidence, attempts[-1], most)
    if rest < 0:
        return "the last attempt may still have been going on when the window closed"
    return f"the window closed {rest:.1f} s after the last attempt, and the next one may come {most:.1f} s after it"


def allowed(case: Case) -> tuple[float, float]:
    """Return the shortest and the longest gap that are in order, in seconds."""
    granted = case.evidence.staged.granted
    interval, tick = granted.retry_interval, granted.granularity
    least = max(_HASTE * interval, interval - tick - _HASTE * interval)
    return least, granted.max_retry_interval + tick + (case.evidence.slack + case.mode.silent_ttl)


def _saw_both_sides(case: Case, attempt: Attempt) -> bool:
    """Tell whether an attempt was under way when the fault was taken away."""
    repaired = case.evidence.staged.repaired
    if repaired is None or case.accepts(Outcome.DELIVERED):
        return False
    may_have_lasted = case.evidence.staged.unquiet and attempt.at < repaired < attempt.latest_end
    return may_have_lasted or attempt.goes_on_after(repaired)


def _compared(case: Case) -> list[Attempt]:
    """Return the attempts from the first that met the fault to the one that succeeded, if any did.

    Raises:
        NotApplicable: As for `gaps_of`.
    """
    every = case.all_attempts[case.all_attempts.index(case.attempts[0]) :]
    repaired = 0.0 if case.accepts(Outcome.DELIVERED) else case.evidence.staged.repaired or 0.0
    delivered = next((message for message in case.evidence.messages if message.at >= repaired), None)
    if delivered is None:
        # what is asked of a name that a report goes to is no attempt at the message
        gone = case.evidence.given_up
        return [each for each in every if gone is None or each.at < gone or not each.only_asked]
    number = delivered.connection
    last = next((n for n, each in enumerate(every) if number in each.connections), len(every))
    before, ending = every[:last], every[last : last + 1]
    if case.evidence.record.header.lab in case.mode.witness.indirect:
        unseen = (
            "the message was delivered after the repair, but the relay looked the name up only once before (its "
            "TTL is 0), and in this lab nothing else shows its attempts"
        )
        return _nothing_known(case, [*before, *(each for each in ending if each.met)], unseen)
    if not ending or not ending[0].met:
        return [*before, *ending]
    return [*before, *_end_of(case, before, ending[0], delivered)]


def _end_of(case: Case, before: list[Attempt], attempt: Attempt, delivered: SmtpMessage) -> list[Attempt]:
    """Return what an attempt that met the fault, and in whose course the message was delivered, counts for."""
    begun = case.evidence.connection_of(delivered).opened
    pause = begun - max(contact.latest_end for contact in attempt.contacts)
    if pause <= 0:
        return [attempt]
    if _may_go_on(case, attempt, delivered.server):
        went_on = "the attempt that met the fault went on at once and delivered"
        return _nothing_known(case, [*before, attempt], went_on)[len(before) :]
    return [*attempt.parted(begun)]


def _nothing_known(case: Case, attempts: list[Attempt], reason: str) -> list[Attempt]:
    """Leave the success out; where only one attempt met the fault, there is no gap at all."""
    if len(attempts) > 1:
        return attempts
    raise NotApplicable(reason)


def _may_go_on(case: Case, attempt: Attempt, server: str) -> bool:
    """Tell whether an attempt that met the fault had a way on to a server, even if the repair came in between."""
    evidence = case.evidence
    place = name_of(evidence, server), address_of(evidence, server)
    next_host = len(evidence.staged.sites) > 1 and place not in {each.place for each in attempt.contacts}
    looked_up = bool(attempt.contacts[-1].what)
    return case.accepts(Outcome.DELIVERED) or looked_up or next_host
