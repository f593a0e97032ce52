"""The report about a refusal says what the remote server said."""

import re
from collections.abc import Sequence
from itertools import pairwise

from conformance.evidence import codes, reports
from conformance.judging import report_fields
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import only_report
from conformance.judging.report_says import truth

# not a part of an address, a longer number or a version
_PERMANENT = re.compile(r"(?<![\w.])5(?:\d\d|\.\d{1,3}\.\d{1,3})(?!\w|\.\d)")
_TWICE = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})[ -]+\1(?!\w|\.\d)")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


@aspect(
    Course.REJECTED,
    kinds=(Kind.PERMANENT,),
    place=520,
    requirements={
        "class": "replies/refusal-class",
        "words": "replies/refusal-quoted",
        "smtp": "ndr/smtp-diagnostic",
        "status": "replies/refusal-status",
    },
)
def test_reports_refusal(case: Case) -> list[Finding]:
    """Status is of class 5, as the reply code is, and the one in the reply; Diagnostic-Code quotes its codes and words.

    Of several lines each is there, and none has grown together with the next one: what stands between them is free.
    No enhanced status stands in that field twice in a row.

    A report without a part for programs says both in its text, if at all.
    """
    content = only_report(case)
    if not reports.has_fields(content):
        return _in_words(case, reports.words(content, case.evidence.staged.content))
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
    if report_fields.diagnostics(content):
        wrong = report_fields.not_smtp(content)
        findings.append(truth(case, "reports_refusal.smtp", report_fields.SMTP, wrong))
    if findings[0].holds:
        findings += _status(case, status)
    quoted = report.recipients[0].diagnostic if report.recipients else ""
    said, twice = f"Diagnostic-Code {quoted or 'missing'}", _TWICE.search(quoted) is not None
    return [*findings, *_quoted(case, quoted, said, repeated=twice)]


def _status(case: Case, status: str) -> list[Finding]:
    """Compare with the status of the refusal, if it has one of its own class; whoever went on was refused once more."""
    replied = case.replied
    if not replied.status.startswith("5"):
        return []
    spoken = {
        replied.status,
        *replied.elsewhere,
        *(codes.read(each).status for each in case.evidence.replies),
    }
    return [
        case.finding(
            "reports_refusal.status",
            holds=status in spoken,
            expected=f"Status {replied.status}, as in the reply",
            observed=f"Status {status}",
        )
    ]


def _in_words(case: Case, text: str) -> list[Finding]:
    """Look for both in what the report says to people."""
    found = _PERMANENT.search(text)
    return [
        case.finding(
            "reports_refusal.class",
            holds=found is not None,
            expected="a 5yz code or a status of class 5 in the text, for there are no fields",
            observed=f"{found[0]} in the text" if found else f"none in {' '.join(text.split())!r}",
        ),
        *_quoted(case, text, f"a text of {len(text)} characters: {' '.join(text.split())!r}"),
    ]


def _quoted(case: Case, text: str, observed: str, *, repeated: bool = False) -> list[Finding]:
    reply = case.mode.refusal.reply
    if reply is None:
        return []
    wanted = [str(reply.code), *(codes.read(line).rest for line in reply.lines)]
    return [
        case.finding(
            "reports_refusal.words",
            holds=all(_plain(words) in _plain(text) for words in wanted)
            and not _glued(reply.lines, text)
            and not repeated,
            expected=f"the reply quoted: {' / '.join(wanted)}",
            observed=observed,
        )
    ]


def _glued(lines: Sequence[str], text: str) -> bool:
    """Tell whether the last word of a line and what the next one begins with have become one word."""
    for before, behind in pairwise(lines):
        begins = {behind.partition(" ")[0], codes.read(behind).rest.partition(" ")[0]} - {""}
        if any(before.rpartition(" ")[2] + begin in text for begin in begins):
            return True
    return False


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub("", text.lower())
