"""Each deferral says what failed, by the reply code and the enhanced status code."""

from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, Outcome, aspect
from conformance.judging.code_check import compare_all
from conformance.judging.fate import FAILED, IF_SHOWN, Fate
from conformance.judging.verdict import Inconclusive, NotApplicable, Verdict, weightiest

# Which slot of another aspect, with which row of its own, is about an outcome that is not accepted.
_HAPPENED = {
    Outcome.DELIVERED: ("stays_queued.not_delivered", "queue/not-delivered"),
    Outcome.PERMANENT: ("stays_queued.kept", "queue/kept"),
    Outcome.DEFERRED: ("recovers.returned", "permanent/returned"),
}


@aspect(
    Course.HEALED,
    place=310,
    fates=FAILED - {Fate.RETURNED_WRONGLY},
    borrowed=dict(_HAPPENED.values()),
    partly={
        Fate.VANISHED: IF_SHOWN,
        Fate.GIVEN_UP_EARLY: "what was shown while the message waited",
        Fate.DELIVERED_AND_GIVEN_UP: "if the profile accepts that it is given up",
    },
)
def test_error_code(case: Case) -> list[Finding]:
    """Every error shown while the fault lasts carries an accepted code; the worst one counts.

    A code that stands there because the remote server said it is none of the relay's own.
    """
    if case.fate is Fate.GIVEN_UP_EARLY and not _deferrals(case):
        case.leave(besides="no error was shown before, and ")
    accepted = case.profile.accepted(case.mode, case.outcome)
    if accepted is None and case.fate is Fate.DELIVERED_AND_GIVEN_UP:
        case.leave()
    if accepted is None and case.fate is not Fate.GIVEN_UP_EARLY:
        return [_wrong_outcome(case)]
    errors = _deferrals(case) if case.fate is Fate.GIVEN_UP_EARLY else case.coded
    if not errors and not _asks_for_codes(case):
        raise NotApplicable(_nothing_shown(case, errors))
    if not errors:
        case.must_not_have_vanished()
    if not errors:
        return [_silent(case)]
    worst: list[Finding] = []
    for error in errors:
        read = case.codes_of(error)
        found = compare_all(case.checks(error), read, case.replied)
        if not found:
            continue
        findings = [_quote(finding, error) for finding in found]
        if not worst or weightiest(findings).verdict is not Verdict.PASS:
            worst = findings
        if weightiest(worst).verdict is Verdict.FAIL:
            break
    if not worst:
        raise NotApplicable(_nothing_shown(case, errors))
    return worst


def _wrong_outcome(case: Case) -> Finding:
    """Say what happened instead of a deferral, where nobody else does; it is no matter of codes."""
    slot, own = _HAPPENED[case.outcome]
    row = case.profile.requirement(slot, case.mode, own)
    wanted = " or ".join(each.outcome for each in case.profile.rows[case.mode.name].outcomes)
    shown = f": {case.errors[-1].text}" if case.errors else ""
    return Finding(
        requirement=row.id,
        level=row.level,
        holds=False,
        expected=f"outcome {wanted}",
        observed=f"outcome {case.outcome}{shown}",
    )


def _deferrals(case: Case) -> tuple[ErrorSeen, ...]:
    """Return what was shown while the message waited; that it was given up then is another matter."""
    return tuple(error for error in case.coded if not error.permanent)


def _asks_for_codes(case: Case) -> bool:
    """Tell whether the profile asks for a code at all, or judges one only where it is shown."""
    outcomes = case.profile.rows[case.mode.name].outcomes
    return any(not check.if_shown for outcome in outcomes for check in outcome.checks)


def _nothing_shown(case: Case, errors: tuple[ErrorSeen, ...]) -> str:
    if not errors:
        shown = "no error while the message waits, neither in events nor in the queue nor in an NDR"
    elif any(error.quotes for error in errors):
        shown = "no code of its own while the message waits, only what the server said"
    else:
        shown = "no code while the message waits, neither in events nor in the queue nor in a notice of delay"
    return (
        f"the relay shows {shown}, and the profile {case.profile.name} does not ask it to "
        "(aspect ndr_status reads the final report)"
    )


def _quote(finding: Finding, error: ErrorSeen) -> Finding:
    whose = " (it begins with the words of the server)" if error.quotes else ""
    return Finding(
        requirement=finding.requirement,
        level=finding.level,
        holds=finding.holds,
        expected=finding.expected,
        observed=f"{finding.observed} ({error.shown}){whose}",
    )


def _silent(case: Case) -> Finding:
    if case.evidence.messages:
        observed = "the message was delivered and no error was shown"
    elif case.evidence.queue.last.presence is Presence.UNKNOWN:
        raise Inconclusive("the queue was never seen while the window was open")
    else:
        observed = "no error was shown, neither in events nor in the queue nor in an NDR"
    requirement = case.profile.code_requirement(case.mode)
    return Finding(
        requirement=requirement.id,
        level=requirement.level,
        holds=False,
        expected="an error with a code",
        observed=observed,
    )
