"""While the fault lasts the message stays in the queue and is not returned."""

from conformance.evidence.queue import Presence, QueueReading
from conformance.judging.aspect import Case, Course, Finding, Outcome, aspect
from conformance.judging.deferral import deferral
from conformance.judging.fate import DEFERRED, Fate
from conformance.judging.verdict import Inconclusive, NotApplicable

_OWN = frozenset(
    {
        Fate.VANISHED,
        Fate.DELIVERED_WRONGLY,
        Fate.RETURNED_WRONGLY,
        Fate.RETURNED_LATER,
        Fate.GIVEN_UP_EARLY,
    }
)


@aspect(
    Course.HEALED,
    place=410,
    fates=DEFERRED | _OWN,
    owns=_OWN,
    told_apart={"once_deferred", "not_lost", "not_delivered"},
    requirements={
        "kept": "queue/kept",
        "once_deferred": "queue/kept",
        "not_lost": "queue/not-lost",
        "not_delivered": "queue/not-delivered",
    },
)
def test_stays_queued(case: Case) -> list[Finding]:
    """Between its acceptance and the repair the message is in every look at the queue, and no NDR came.

    Where the profile accepts that it is given up at once, it may not be given up once it was deferred. What is being
    tried need not be listed: some relays have a list of what waits, and none of what is under way.
    """
    expected = "in the queue at every look until the repair, and no NDR"
    evidence = case.evidence
    if case.fate is Fate.DELIVERED_WRONGLY:
        return [_delivered(case)]
    if case.outcome is Outcome.PERMANENT and evidence.given_up is not None:
        return [_given_up(case, expected, evidence.given_up)]
    until = _until(case)
    queue = _between_attempts(case, evidence.queue.during(until=until))
    kept = queue.throughout
    if kept.presence is Presence.ABSENT and kept.at is not None:
        looks = f"{len(queue.missing)} of {len(queue.telling)} looks"
        seen = f"not in the queue at {evidence.when(kept.at)} ({looks})"
        if case.fate is Fate.VANISHED:
            lost = f"{seen}, neither delivered nor returned"
            return [case.finding("stays_queued.not_lost", holds=False, expected=expected, observed=lost)]
        return [_finding(case, False, expected, seen)]
    if case.fate is Fate.VANISHED:
        lost = f"gone from the queue at {_gone_at(case)}, neither delivered nor returned"
        return [case.finding("stays_queued.not_lost", holds=False, expected=expected, observed=lost)]
    never_seen = kept.presence is Presence.UNKNOWN
    if never_seen and any(message.at == until for message in evidence.messages):
        raise NotApplicable("delivered in spite of the fault before the first look at the queue")
    if never_seen:
        raise Inconclusive("the queue was never seen while the fault lasted")
    return [_finding(case, True, expected, f"in the queue at {len(queue.telling)} looks, no NDR")]


def _between_attempts(case: Case, queue: QueueReading) -> QueueReading:
    """Leave out the looks that miss a message which was being tried meanwhile."""
    if case.fate is Fate.VANISHED:
        return queue
    tried = [(each.at, each.latest_end) for each in case.all_attempts]
    return QueueReading(
        tuple(
            look
            for look in queue.listings
            if look.messages or not any(begun <= look.at and look.asked <= over for begun, over in tried)
        )
    )


def _given_up(case: Case, expected: str, at: float) -> Finding:
    """Say how it was given up; whether it had been deferred before counts where that is accepted at once."""
    later = case.fate is Fate.RETURNED_LATER
    deferred = None if case.evidence.messages else deferral(case.mode, case.evidence)
    if deferred is not None and not later and not deferred.is_sure:
        deferred = None  # it is a fault in any case, of which nothing is said that was not seen
    when, report = case.evidence.when, _report(case)
    said = [f"deferred at {when(deferred.at)}"] if deferred is not None else []
    said += [f"given up at {when(at)}{_own_word(case)}"] if deferred is not None or not report else []
    said += [report] if report else []
    return case.finding(
        "stays_queued.once_deferred" if later else "stays_queued.kept",
        holds=False,
        expected=f"given up at the first attempt, or {expected}" if later else expected,
        observed=", ".join(said),
        only_late=later and deferred is not None and not deferred.is_sure,
    )


def _delivered(case: Case) -> Finding:
    """Say where it was delivered, which is not where it may go."""
    message, repaired = case.evidence.messages[0], case.evidence.staged.repaired
    before = "" if repaired is None else f", {repaired - message.at:.2f} s before the repair"
    return case.finding(
        "stays_queued.not_delivered",
        holds=False,
        expected="in the queue until the repair, and not delivered before",
        observed=f"delivered at {case.evidence.when(message.at)} to {message.server}{before}, in spite of the fault",
    )


def _gone_at(case: Case) -> str:
    at = case.evidence.queue.missing[0].at
    return case.evidence.when(at)


def _own_word(case: Case) -> str:
    return next(
        (f": {error.text}" for error in case.errors if error.permanent and error.source == "event"), ""
    )


def _report(case: Case) -> str:
    if not case.evidence.ndrs:
        return ""
    message, report = case.evidence.ndrs[0]
    said = (report.recipients[0].diagnostic if report.recipients else "") or report.subject
    return f"an NDR at {case.evidence.when(message.at)}" + (f": {said}" if said else "")


def _until(case: Case) -> float:
    """Return the moment up to which the message cannot have left the queue rightly."""
    staged = case.evidence.staged
    moments = [moment for moment in (staged.repaired, staged.closed) if moment is not None]
    moments += [message.at for message in case.evidence.messages]
    return min(moments)


def _finding(case: Case, holds: bool, expected: str, observed: str) -> Finding:
    return case.finding("stays_queued.kept", holds=holds, expected=expected, observed=observed)
