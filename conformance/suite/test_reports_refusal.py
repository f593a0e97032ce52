"""The report about a refusal says what the remote server said."""

import re

from conformance import codes
from conformance.aspect import Case, Course, Finding, Kind, aspect
from conformance.ndr_cases import only_report

_NOT_PLAIN = re.compile(r"[^a-z0-9]")


@aspect(Course.REJECTED, kinds=(Kind.PERMANENT,), slots=("class", "words"))
def test_reports_refusal(case: Case) -> list[Finding]:
    """Status is of class 5, as the reply code is; Diagnostic-Code quotes code and words of the reply."""
    only_report(case)
    _, report = case.evidence.ndrs[0]
    status = report.recipients[0].status if report.recipients else ""
    findings = [
        case.finding(
            "reports_refusal.class",
            holds=status.startswith("5."),
            expected="Status of class 5",
            observed=f"Status {status or 'missing'}",
        )
    ]
    reply = case.mode.reply
    if reply is not None:
        quoted = report.recipients[0].diagnostic if report.recipients else ""
        wanted = [str(reply.code), *(codes.read(line).rest for line in reply.lines)]
        missing = [words for words in wanted if _plain(words) not in _plain(quoted)]
        findings.append(
            case.finding(
                "reports_refusal.words",
                holds=not missing,
                expected=f"Diagnostic-Code with {' / '.join(wanted)}",
                observed=f"Diagnostic-Code {quoted or 'missing'}",
            )
        )
    return findings


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("", text.lower())
