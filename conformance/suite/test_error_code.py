"""Each deferral says what failed, by the reply code and the enhanced status code."""

from conformance.catalogue.requirements import Level
from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.code_check import compare
from conformance.judging.fate import FAILED, Fate
from conformance.judging.verdict import Inconclusive, NotApplicable, Verdict, weightiest


@aspect(Course.HEALED, place=310, fates=FAILED - {Fate.RETURNED_WRONGLY})
def test_error_code(case: Case) -> list[Finding]:
    """Every error shown while the fault lasts carries an accepted code; the worst one counts.

    A code that stands there because the remote server said it is none of the relay's own.
    """
    accepted = case.profile.accepted(case.mode, case.outcome)
    if accepted is None:
        wanted = " or ".join(row.outcome for row in case.profile.rows[case.mode.name].outcomes)
        shown = f": {case.errors[-1].text}" if case.errors else ""
        return [
            Finding(
                requirement=case.profile.code_requirement(case.mode).id,
                level=Level.MUST,
                holds=False,
                expected=f"outcome {wanted}",
                observed=f"outcome {case.outcome}{shown}",
            )
        ]
    errors = case.coded
    if not errors and not _asks_for_codes(case):
        raise NotApplicable(_nothing_shown(case, errors))
    if not errors:
        case.must_not_have_vanished()
    if not errors:
        return [_silent(case)]
    worst: list[Finding] = []
    for error in errors:
        read = case.codes_of(error)
        found = [finding for check in case.checks(error) if (finding := compare(check, read, case.replied))]
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
