"""New settings fall into an attempt: the message ends once, the old hosts are left alone, and pauses are kept."""

from itertools import pairwise

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect, on_first_course
from conformance.judging.gaps import allowed
from conformance.judging.operations import UNDER_WAY
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.whereabouts import reports_on, shows_local_delivery, whereabouts
from conformance.witness.amid import Amid


@aspect(
    Course.EDITED_AMID,
    Course.FIXED_NOW_AMID,
    kinds=(Kind.AMID,),
    where=on_first_course,
    place=747,
    requirements={
        "once": "between/settings-in-hand-over",
        "stops": "between/settings-in-first-host",
        "pauses": "between/pauses-after-settings",
        "between": "between/pauses-while-waiting",
    },
)
def test_overtaken(case: Case) -> list[Finding]:
    """One copy, report, or place in a mailbox or queue; no further connection to an old host; a wait between attempts.

    Neither a relay that calls the attempt off nor one that lets it come to its end where it is is wrong.
    """
    actions = case.evidence.staged.operator_actions
    if not actions:
        raise Inconclusive("the operator never got to act")
    if reasons := [each.reason for each in actions if each.refused]:
        raise Inconclusive(f"the relay refused the new settings: {reasons[0]}")
    done = actions[-1].done
    if case.mode.amid is Amid.SAME_HOST:
        return [_pauses(case, "pauses", done)]
    if case.mode.amid is Amid.BETWEEN:
        return [_pauses(case, "between", done)]
    if len(case.mode.hosts) > 1:
        return [_stops(case, done), *_once(case)]
    return _once(case)


def _once(case: Case) -> list[Finding]:
    evidence = case.evidence
    [message] = whereabouts(evidence)
    seen_at_home = shows_local_delivery(evidence) or case.mode.amid is not Amid.FIX_NOW
    if not message.count and (message.is_unknown or not seen_at_home):
        raise NotApplicable("what became of the message could not be seen")
    again = [*message.copies, *reports_on(evidence, message.offer)]
    return [
        case.finding(
            "overtaken.once",
            holds=message.count == 1 and not message.returned,
            expected="delivered once, or still in the queue, and not returned",
            observed=str(message),
            conclusive=surely_again(case, again),
        )
    ]


def _stops(case: Case, done: float) -> Finding:
    """Compare: the attempt begins nothing with another of the old hosts once the new settings are in force."""
    evidence = case.evidence
    begin = done + evidence.staged.granted.granularity + UNDER_WAY
    old = {site.server for site in evidence.staged.sites[: len(case.mode.hosts)]}
    still = [each for each in _to_servers(case) if each.server in old and each.opened > begin]
    return case.finding(
        "overtaken.stops",
        holds=not still,
        expected="no connection to an old smart host is opened any more",
        observed=f"connection to {still[0].server} {still[0].opened - done:.2f} s after the new settings were saved, "
        f"{len(still)} in all"
        if still
        else "none was",
    )


def _pauses(case: Case, slot: str, done: float) -> Finding:
    """Compare: what is tried again on the new way is tried after a wait; the first time may come at once."""
    least, _ = allowed(case)
    later = [each for each in _to_servers(case) if each.opened > done]
    if len(later) < 2:
        raise Inconclusive("no two attempts were seen on the new way")
    waits = [(after.opened - _last_sign(before, after), after) for before, after in pairwise(later)]
    shortest, at = min(waits, key=lambda each: each[0])
    return case.finding(
        f"overtaken.{slot}",
        holds=shortest >= least,
        expected=f"at least {least:.2f} s between attempts on the new way",
        observed=f"{shortest:.2f} s before the attempt at {case.evidence.when(at.opened)}, of {len(waits)}",
    )


def _last_sign(before: Connection, after: Connection) -> float:
    """Return when a connection can have been given up at the earliest: at the fault that was played on it."""
    played = [fault.at for fault in before.faults]
    return min(max(played, default=before.opened), after.opened)


def _to_servers(case: Case) -> list[Connection]:
    evidence = case.evidence
    return [each for each in evidence.connections if not evidence.may_be_a_report(each)]
