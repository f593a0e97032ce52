"""While the fault lasts the message stays in the queue and is not returned."""

from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT
from conformance.judging.verdict import Inconclusive, NotApplicable


@aspect(Course.HEALED, place=410, fates=HAD_TO_WAIT, requirements={"kept": "queue/kept"})
def test_stays_queued(case: Case) -> list[Finding]:
    """Between its acceptance and the repair the message is in every look at the queue, and no NDR came."""
    expected = "in the queue at every look until the repair, and no NDR"
    evidence = case.evidence
    if evidence.ndrs:
        message, report = evidence.ndrs[0]
        said = report.recipients[0].diagnostic if report.recipients else report.subject
        return [_finding(case, False, expected, f"an NDR at {evidence.when(message.at)}: {said}")]
    if evidence.given_up is not None:
        said = next((f": {error.text}" for error in case.errors if error.permanent), "")
        return [_finding(case, False, expected, f"given up at {evidence.when(evidence.given_up)}{said}")]
    until = _until(case)
    queue = evidence.queue.during(until=until)
    kept = queue.throughout
    if kept.presence is Presence.ABSENT and kept.at is not None:
        looks = f"{len(queue.missing)} of {len(queue.telling)} looks"
        seen = f"not in the queue at {evidence.when(kept.at)} ({looks})"
        return [_finding(case, False, expected, seen)]
    never_seen = kept.presence is Presence.UNKNOWN
    if never_seen and any(message.at == until for message in evidence.messages):
        raise NotApplicable(
            "delivered in spite of the fault before the first look at the queue (see recovers)"
        )
    if never_seen:
        raise Inconclusive("the queue was never seen while the fault lasted")
    return [_finding(case, True, expected, f"in the queue at {len(queue.telling)} looks, no NDR")]


def _until(case: Case) -> float:
    """Return the moment up to which the message cannot have left the queue rightly."""
    staged = case.evidence.staged
    moments = [moment for moment in (staged.repaired, staged.closed) if moment is not None]
    moments += [message.at for message in case.evidence.messages]
    return min(moments)


def _finding(case: Case, holds: bool, expected: str, observed: str) -> Finding:
    return case.finding("stays_queued.kept", holds=holds, expected=expected, observed=observed)
