"""The queue, and the age of what is in it, survive the death of the relay."""

from conformance.catalogue.course import HALF_TIME
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT, Fate
from conformance.judging.final_report import must_not_be_left_with_a_promise, why_none_could_come
from conformance.judging.lifetime import FULL_DAY, given_up, lifetime_of
from conformance.judging.needs import real_day
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.witness.kills import kills


@aspect(
    Course.RESTARTED,
    only=FULL_DAY,
    place=720,
    fates=HAD_TO_WAIT | {Fate.ASTRAY, Fate.UNTOLD, Fate.VANISHED},
    needs=(real_day,),
    requirements={"kept": "lifetime/survives-restart"},
)
def test_survives_restart(case: Case) -> list[Finding]:
    """Killed at 12 h and started again: still queued until it is 24 h old, returned once by the last stop.

    An age that counts from the restart ends at 36 h, beyond the last stop; how late is too late, `expires` judges, and
    whether the sender was told of the end.
    """
    span = lifetime_of(case)
    dead = [kill.dead for kill in kills(case.evidence, HALF_TIME)]
    if not dead:
        raise Inconclusive("the relay was never killed")
    ended = given_up(case)
    last = case.evidence.queue.last
    waits = last.presence is Presence.PRESENT
    kept = case.evidence.queue.during(after=dead[-1], until=span.may_not_end_before).in_the_end
    if kept.presence is Presence.UNKNOWN or last.at is None or kept.at is None:
        raise Inconclusive("the queue was never seen between the restart and the end of the lifetime")
    if kept.presence is Presence.ABSENT:
        observed = f"not in the queue after the restart, {span.age(kept.at)}"
    elif ended is None or not case.evidence.ndrs:
        if not waits:
            must_not_be_left_with_a_promise(case)
        if reason := why_none_could_come(case):
            raise NotApplicable(reason)
        observed = f"not returned {span.watched}" + (f", in the queue {span.age(last.at)}" if waits else "")
    elif ended < span.may_not_end_before:
        observed = f"returned {span.age(ended)}"
    elif len(case.evidence.ndrs) > 1:
        observed = f"returned {len(case.evidence.ndrs)} times"
    else:
        observed = ""
    return [
        case.finding(
            "survives_restart.kept",
            holds=not observed,
            expected=f"in the queue {span.until}, and returned once {span.watched}",
            observed=observed or "kept, and returned once",
            conclusive=surely_again(case, (message for message, _ in case.evidence.ndrs)),
        )
    ]
