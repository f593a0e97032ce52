"""After 24 hours, and not before, the message is given up and returned."""

from conformance.evidence.notices import CLEARING
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT, Fate
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.lifetime import FULL_DAY, Span, given_up, given_up_since, lifetime_of
from conformance.judging.needs import granted_the_day, real_day
from conformance.judging.verdict import Inconclusive, NotApplicable


@aspect(
    Course.EXPIRES,
    Course.DAY,
    only={Course.DAY: FULL_DAY},
    place=630,
    fates=HAD_TO_WAIT | {Fate.VANISHED, Fate.UNTOLD},
    owns={
        Fate.VANISHED,
        Fate.UNTOLD,
        Fate.DELIVERED_WRONGLY,
        Fate.RETURNED_WRONGLY,
        Fate.GIVEN_UP_EARLY,
    },
    elsewhere={
        Course.RESTARTED,
        Course.HEALED_1H,
        Course.HEALED_12H,
        Course.HEALED_23H,
        Course.NULL_SENDER,
        Course.NOTIFY_NEVER,
        Course.NOTIFY_DELAY,
    },
    needs=(granted_the_day, real_day),
    told_apart={"not_delivered"},
    requirements={
        "not_early": "lifetime/not-early",
        "ends": "lifetime/ends",
        "promptly": "lifetime/promptly",
        "not_delivered": "queue/not-delivered",
    },
)
def test_expires(case: Case) -> list[Finding]:
    """Queued and not returned until it is 24 h old; returned within the time the profile allows after that."""
    span = lifetime_of(case)
    if case.fate is Fate.DELIVERED_WRONGLY:
        return [_delivered(case, span)]
    queue = case.evidence.queue.during(until=span.may_not_end_before)
    if queue.last.presence is Presence.UNKNOWN:
        raise Inconclusive("the queue was never seen before the lifetime ended")
    missing, looks = len(queue.missing), len(queue.telling)
    ended = given_up(case)
    early = ended is not None and ended < span.may_not_end_before
    if early:
        seen = f"given up {span.age(ended or 0.0)}"
    elif missing:
        seen = f"not in the queue at {missing} of {looks} looks before"
    else:
        seen = f"in the queue at {looks} looks"
    kept = None if ended is None else _kept(case, ended)
    reported = bool(case.evidence.ndrs)
    reason = why_none_could_come(case)
    if ended is not None and reported:
        end = f"returned {span.age(ended)}"
    elif case.evidence.notices:
        end = f"no report of the end {span.watched}, {only_promised(case.evidence)}"
    else:
        end = f"no report {span.watched}"
    findings = []
    if case.fate is Fate.VANISHED and not early:
        # that it was gone early is the smaller part of it
        end += f", and gone from the queue {span.age(case.evidence.queue.missing[0].at)}"
    else:
        findings.append(
            case.finding(
                "expires.not_early",
                holds=not early and not missing,
                expected=f"in the queue and no report {span.until}",
                observed=seen,
            )
        )
    if reason and not early and not missing:
        raise NotApplicable(reason)
    if not reason:
        findings.append(
            case.finding(
                "expires.ends",
                holds=reported and kept is None,
                expected="given up, and returned to the sender, when its lifetime has ended",
                observed=end + ("" if kept is None else f", and still in the queue {span.age(kept)}"),
            )
        )
    since = given_up_since(case)
    if ended is not None and since is not None:
        findings.append(
            case.finding(
                "expires.promptly",
                holds=since < span.must_end_before,
                only_late=True,  # a second of ours is hours where the clock is moved
                expected=f"returned {span.by}",
                observed=f"returned {span.age(ended)}",
            )
        )
    return findings


def _delivered(case: Case, span: Span) -> Finding:
    """Say that it was delivered where it may not go."""
    message = case.evidence.messages[0]
    return case.finding(
        "expires.not_delivered",
        holds=False,
        expected="given up and returned when its lifetime has ended, and never delivered",
        observed=f"delivered {span.age(message.at)} to {message.server}, in spite of the fault",
    )


def _kept(case: Case, ended: float) -> float | None:
    """Return when the last look showed the message in the queue still, well after it was returned; None: it did not.

    Who returned it has given it up; only a listing that shows it says otherwise, and an unknown end does not.
    """
    last = case.evidence.queue.during(after=ended + CLEARING).last
    return last.at if last.presence is Presence.PRESENT else None
