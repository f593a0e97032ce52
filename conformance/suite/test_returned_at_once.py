"""What the destination refuses for good is returned at once and not tried again."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import reports_in_words
from conformance.judging.twice import surely_again
from conformance.judging.words import counted


@aspect(
    Course.REJECTED,
    kinds=(Kind.PERMANENT,),
    place=510,
    requirements={"returned": "permanent/returned", "not_retried": "permanent/not-retried"},
)
def test_returned_at_once(case: Case) -> list[Finding]:
    """One report at once, and one attempt only."""
    ndrs = case.evidence.ndrs
    attempts = counted(len(case.attempts), "attempt")
    untold = f", and it was tried again: {attempts}" if len(case.attempts) > 1 and not ndrs else ""
    findings = [
        case.finding(
            "returned_at_once.returned",
            holds=len(ndrs) == 1 and not case.evidence.messages,
            expected="one non-delivery report at once",
            observed=reports_in_words(case.evidence, len(ndrs))
            + (
                f", the first {ndrs[0][0].at - case.attempts[0].end:.1f} s after the refusal"
                if ndrs
                else untold
            ),
            conclusive=surely_again(case, (message for message, _ in ndrs)),
        ),
    ]
    if not untold:  # else it was treated as one that waits, which is one mistake
        findings.append(
            case.finding(
                "returned_at_once.not_retried",
                holds=len(case.attempts) == 1,
                expected="one attempt",
                observed=attempts,
            )
        )
    return findings
