"""Retries go on for the whole day, at the gaps that were granted, each from the DNS query on.

How a gap is measured: `conformance/judging/gaps.py`.
"""

from collections.abc import Sequence

from conformance.catalogue.compressed_day import FINEST, day_for_gaps, would_do
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import GREW_OLD
from conformance.judging.gaps import NAMED, Gap, between
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.needs import granted_the_day
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted
from fake_servers.events import DnsQuery

# So many gaps are shown.
_SHOWN = 12


@aspect(
    Course.DAY,
    only=FULL_DAY,
    place=610,
    fates=GREW_OLD,
    needs=(granted_the_day,),
    requirements={
        "gaps": "lifetime/gaps",
        "to_the_end": "lifetime/retried-to-the-end",
        "dns": "lifetime/starts-with-dns",
    },
)
def test_retried_all_day(case: Case) -> list[Finding]:
    """First gaps at most 15 min, later ones at most 60, never at once; the last attempt near the end."""
    staged, granted = case.evidence.staged, case.evidence.staged.granted
    day = granted.queue_lifetime
    asked = case.evidence.record.header.asked
    if (
        granted.granularity > day / FINEST
        or granted.retry_interval > asked.retry_interval
        or granted.max_retry_interval > asked.max_retry_interval
    ):
        raise NotApplicable(
            f"a day of {day:.0f} s is too short for what the relay granted (granularity {granted.granularity} s, "
            f"first gap {granted.retry_interval} s, longest {granted.max_retry_interval} s)"
            + (
                f"{longer}; for gaps growing with the day none would"
                if (longer := would_do(day_for_gaps(granted)))
                else ""
            )
        )
    scale = 24 / day
    slack = case.evidence.slack
    attempts = case.all_attempts[case.all_attempts.index(case.attempts[0]) :]
    gaps = between(attempts)
    least, late = granted.retry_interval / 2, granted.granularity + slack
    limits = [granted.retry_interval if n < 2 else granted.max_retry_interval for n in range(len(gaps))]
    # a question alone makes no haste (judging/gaps.py)
    hasty = [
        gap for gap in between([each for each in attempts if not each.only_asked]) if gap.is_below(least)
    ]
    too_long = [gap for gap, limit in zip(gaps, limits, strict=True) if gap.is_above(limit + late)]
    wrong = [*((gap, "short") for gap in hasty), *((gap, "long") for gap in too_long)]
    end = (staged.submitted or 0.0) + day
    last = attempts[-1].at
    # where a look-up is all that is seen of an attempt, it cannot be missing
    seen_apart = case.evidence.record.header.lab not in case.mode.witness.indirect
    return [
        case.finding(
            "retried_all_day.gaps",
            holds=bool(gaps) and not hasty and not too_long,
            expected="gaps of at most 15 min at first, then 60, and none below half of 15 (minutes of the day)",
            only_late=not hasty,
            observed=f"{counted(len(attempts), 'attempt')}, {_shown(gaps, scale)}"
            + "".join(f"; {_named(case, gap, scale)} is too {what}" for gap, what in wrong[:NAMED]),
        ),
        case.finding(
            "retried_all_day.to_the_end",
            holds=last >= end - granted.max_retry_interval - late - _attempt(case),
            only_late=True,
            expected="the last attempt no further from the end than the longest gap",
            observed=f"the last of {counted(len(attempts), 'attempt')} {(end - last) * scale:.1f} h before the end",
        ),
        *([_from_the_query(case)] if seen_apart else []),
    ]


def _shown(gaps: Sequence[Gap], scale: float) -> str:
    """Return the first gaps, in minutes of the day, by what can be said in favour of the relay."""
    some = ", ".join(_minutes(gap, scale) for gap in gaps[:_SHOWN])
    return f"gaps of {some or 'none'} min" + (", ..." if len(gaps) > _SHOWN else "")


def _named(case: Case, gap: Gap, scale: float) -> str:
    age = case.evidence.since_accepted(gap.until) * scale
    return f"the one of {_minutes(gap, scale)} min before the attempt at an age of {age:.1f} h"


def _minutes(gap: Gap, scale: float) -> str:
    shortest, longest = (f"{seconds * scale * 60:.0f}" for seconds in (gap.shortest, gap.longest))
    return shortest if shortest == longest else f"{shortest} to {longest}"


def _attempt(case: Case) -> float:
    """Return how long the attempts took."""
    return max(attempt.latest_end - attempt.at for attempt in case.all_attempts)


def _from_the_query(case: Case) -> Finding:
    """Compare: as many look-ups as attempts, give or take the one in between."""
    queries = [event.at for event in case.evidence.of(DnsQuery) if event.type == "A"]
    stale = 0
    begun = 0.0
    for attempt in case.attempts:
        if not any(begun < at <= attempt.latest_end for at in queries):
            stale += 1
        # whoever tries again at once looks up before the last connection is quite closed
        begun = attempt.at
    return case.finding(
        "retried_all_day.dns",
        holds=stale == 0,
        expected="a look-up of the destination's address (TTL 0) before each attempt",
        observed=f"{counted(len(case.attempts), 'attempt')}, {stale} of them without a look-up",
    )
