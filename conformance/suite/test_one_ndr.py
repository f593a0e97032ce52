"""One report, to the right address."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import TOLD, Fate
from conformance.judging.final_report import must_not_be_left_with_a_promise, why_none_could_come
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.needs import granted_the_day, real_day
from conformance.judging.twice import surely_again
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted


@aspect(
    Course.EXPIRES,
    Course.DAY,
    only={Course.DAY: FULL_DAY},
    place=640,
    fates=TOLD | {Fate.ASTRAY},
    owns={Fate.ASTRAY, Fate.TOLD_TWICE},
    elsewhere={Course.RESTARTED},
    needs=(granted_the_day, real_day),
    requirements={"one": "ndr/one", "to_sender": "ndr/to-sender", "null_path": "ndr/null-reverse-path"},
)
def test_one_ndr(case: Case) -> list[Finding]:
    """Exactly one report of the end, to the envelope sender, with the null reverse-path.

    Whoever was told only that the message is delayed was told nothing of the end: `expires` says so.
    """
    ndrs, astray = case.evidence.ndrs, case.evidence.astray
    if not astray:
        must_not_be_left_with_a_promise(case)
    if not astray and (reason := why_none_could_come(case)):
        raise NotApplicable(reason)
    findings = [
        case.finding(
            "one_ndr.one",
            holds=len(ndrs) + len(astray) == 1,
            expected="exactly one non-delivery report",
            observed=counted(len(ndrs) + len(astray), "report"),
            conclusive=surely_again(case, [*(message for message, _ in ndrs), *astray]),
        ),
        case.finding(
            "one_ndr.to_sender",
            holds=not astray,
            expected=f"reports to <{case.evidence.staged.sender}> only",
            observed=", ".join(f"one to <{'> <'.join(m.recipients)}>" for m in astray) or "none elsewhere",
        ),
    ]
    paths = {message.mail_from for message, _ in ndrs}
    if paths:
        findings.append(
            case.finding(
                "one_ndr.null_path",
                holds=paths == {""},
                expected="the null reverse-path",
                observed=", ".join(f"<{path}>" for path in sorted(paths)),
            )
        )
    return findings
