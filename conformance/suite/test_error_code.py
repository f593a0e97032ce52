"""Each deferral says what failed, by the reply code and the enhanced status code."""

from conformance.catalogue.requirements import Level
from conformance.evidence import codes
from conformance.evidence.codes import Codes
from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, Outcome, aspect
from conformance.judging.code_check import compare
from conformance.judging.fate import FAILED
from conformance.judging.verdict import Inconclusive, NotApplicable, Verdict, weightiest


@aspect(Course.HEALED, place=310, fates=FAILED)
def test_error_code(case: Case) -> list[Finding]:
    """Every error shown while the fault lasts carries an accepted code; the worst one counts."""
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
    if not errors:
        return [_silent(case)]
    if all(check.if_shown for check in accepted.checks) and not any(error.has_code for error in errors):
        raise NotApplicable(
            "the relay shows no code while the message waits, neither in events nor in the queue nor in a notice of "
            f"delay, and the profile {case.profile.name} does not ask it to (aspect ndr_status reads the final report)"
        )
    worst: list[Finding] = []
    for error in errors:
        # one that deferred, then one that gave up: each is judged as what it was, where either is accepted
        ended = Outcome.PERMANENT if error.permanent else Outcome.DEFERRED
        checks = (case.profile.accepted(case.mode, ended) or accepted).checks
        found = [finding for check in checks if (finding := compare(check, error.codes, _replied(case)))]
        if not found:
            continue
        findings = [_quote(finding, error.source, error.text) for finding in found]
        if not worst or weightiest(findings).verdict is not Verdict.PASS:
            worst = findings
        if weightiest(worst).verdict is Verdict.FAIL:
            break
    return worst


def _replied(case: Case) -> Codes:
    """Return what the remote server itself said, where that is the error."""
    return codes.read(case.mode.refusal.reply.text if case.mode.refusal.reply else "")


def _quote(finding: Finding, source: str, text: str) -> Finding:
    return Finding(
        requirement=finding.requirement,
        level=finding.level,
        holds=finding.holds,
        expected=finding.expected,
        observed=f"{finding.observed} ({source}: {text})",
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
