"""Settings that are not valid change nothing, and the operator is told why."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.operations import EDIT_REFUSED, last_action
from conformance.judging.verdict import Inconclusive
from conformance.judging.whereabouts import whereabouts
from conformance.judging.words import counted


@aspect(
    Course.EDIT_REFUSED,
    only=EDIT_REFUSED,
    place=890,
    requirements={"refused": "edit/invalid-refused", "unchanged": "edit/unchanged"},
)
def test_edit_refused(case: Case) -> list[Finding]:
    """Each invalid edit is refused with a reason; the old settings stay in force, none of the new ones is."""
    evidence = case.evidence
    last = last_action(case)
    *invalid, _ = evidence.staged.operator_actions
    if not invalid:
        raise Inconclusive("the operator never saved anything invalid")
    taken_over = [action.name for action in invalid if not action.refused]
    speechless = [action.name for action in invalid if action.refused and not action.reason.strip()]
    # both refused, and the last, valid one not begun yet
    until = evidence.staged.repaired or last.asked
    new = [m.at for each in whereabouts(evidence) for m in each.copies if m.at < until]
    old = [attempt.at for attempt in case.attempts if invalid[-1].done <= attempt.at < until]
    if new:
        seen = f"a message was delivered to the new smart host {until - new[0]:.2f} s before valid settings were saved"
    elif not old:
        seen = f"no attempt at the old smart host in the {until - invalid[-1].done:.2f} s after it"
    else:
        seen = f"{counted(len(old), 'attempt')} more at the old smart host"
    return [
        case.finding(
            "edit_refused.refused",
            holds=not taken_over and not speechless,
            expected="each edit with an invalid setting refused, with a reason",
            observed="; ".join(
                [f"not refused: {name}" for name in taken_over]
                + [f"refused without a reason: {name}" for name in speechless]
            )
            or "; ".join(action.reason for action in invalid),
        ),
        case.finding(
            "edit_refused.unchanged",
            holds=bool(old) and not new,
            expected="the old settings in force, and no part of the new ones",
            observed=seen,
        ),
    ]
