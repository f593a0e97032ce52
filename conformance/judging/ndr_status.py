"""What is asked of the Status of a report, on whatever clock the message expired (`ndr_status`, `ndr_compressed`)."""

from __future__ import annotations

from conformance.catalogue.section import Section
from conformance.evidence import codes
from conformance.evidence.quoted import is_said
from conformance.judging import report_form
from conformance.judging.case import Case
from conformance.judging.final_report import only_report
from conformance.judging.verdict import Finding, Left, NotApplicable
from conformance.target import Outcome

# The catalogue ids by slot.
STATUS = {
    "class": "ndr/status-class",
    "cause": "ndr/status-inferred",
    "agrees": "ndr/agrees",
    "passed_through": "replies/expired-status",
}

# RFC 3463 section 3.5: delivery time expired. It says why the message was given up, and Diagnostic-Code what the last
# attempt died of; both may be told.
_TIME_IS_OVER = ".4.7"


def status_of(case: Case) -> list[Finding]:
    """Compare the Status of the report that told the sender of the end.

    Raises:
        Judgement: There is none to read.
    """
    content = only_report(case)
    _, report = case.evidence.ndrs[0]
    if not report.recipients and not report_form.is_report(content):
        raise NotApplicable("the report is no multipart/report and has no Status", see="ndr_form")
    if not report.recipients:
        raise NotApplicable("the report has no fields for a recipient", see="ndr_form")
    [recipient, *_] = report.recipients
    if recipient.status and not report_form.is_status(recipient.status) and not case.alone:
        raise Left(f"Status {recipient.status} is no enhanced status code", see="ndr_form")
    read = codes.read(recipient.diagnostic)
    findings = [
        case.finding(
            "ndr_status.class",
            holds=recipient.status[:2] in ("4.", "5."),
            expected="Status of class 5, or 4",
            observed=f"Status {recipient.status or 'missing'}",
        )
    ]
    if not findings[0].holds:
        return findings  # the rest of a code that says something else is no code to compare
    if recipient.action == "delayed":
        return findings  # a status of a delay; that it is the last word is wrong with the form (see ndr_form)
    if case.mode.section is Section.TRANSIENT_REPLIES:
        findings += _passed_through(case, recipient.status)
    elif case.mode.section.startswith("4."):
        findings += _cause(case, recipient.status)
    own_words = (
        read.status and not _contradicts_itself(case) and not _is_quoted(case, recipient.diagnostic, read)
    )
    if own_words and not recipient.status.endswith(_TIME_IS_OVER):
        findings.append(
            case.finding(
                "ndr_status.agrees",
                holds=read.status == recipient.status and read.code[:1] in ("", recipient.status[:1]),
                expected="the same code in Status and Diagnostic-Code",
                observed=f"Status {recipient.status}, Diagnostic-Code {recipient.diagnostic}",
            )
        )
    return findings


def _cause(case: Case, status: str) -> list[Finding]:
    """Compare with what the deferrals of this failure mode may say: with several smart hosts, more than one code."""
    deferred = case.profile.accepted(case.mode, Outcome.DEFERRED)
    checks = [check for check in deferred.checks if check.what == "status"] if deferred else []
    if not checks:
        return []
    # a row may ask for several things at once, such as the class for all and the code for this section
    sets = [["5" + pattern[1:] for pattern in check.any] for check in checks]
    wanted = " and ".join(" or ".join(patterns) for patterns in sets)
    return [
        case.finding(
            "ndr_status.cause",
            holds=status == "5.4.300"
            or all(any(codes.matches(pattern, status) for pattern in patterns) for patterns in sets),
            expected=f"Status {wanted}, or 5.4.300",
            observed=f"Status {status}",
        )
    ]


def _passed_through(case: Case, status: str) -> list[Finding]:
    """Compare with the status of the remote server's own reply, where it had one that agrees with its code."""
    replied = case.replied
    if not replied.status.startswith("4"):
        return []
    said = (replied.status, *replied.elsewhere)
    kept = [*("5" + each[1:] for each in said), *said]
    return [
        case.finding(
            "ndr_status.passed_through",
            holds=status in ("5.4.300", *kept),
            # what the live service says of an expired message is accepted by all, and asked for by its profiles only
            expected=f"Status {'5.4.300, ' if case.profile.asks('ndr_status.cause') else ''}{' or '.join(kept)}",
            observed=f"Status {status or 'missing'}",
        )
    ]


def _contradicts_itself(case: Case) -> bool:
    """Tell whether the two codes of the remote server's reply are of different classes; who quotes it cannot agree."""
    said = case.replied
    return bool(said.status) and said.status[0] != said.code[0]


def _is_quoted(case: Case, diagnostic: str, read: codes.Codes) -> bool:
    """Tell whether Diagnostic-Code is a reply that a server of the destination spoke; Status may be less precise.

    Not only what was staged: who goes on after a refusal may be refused once more, in other words; and the last reply
    of a session that failed otherwise may be a yes. Of a refusal the codes are enough, as its words may be cut short.
    """
    spoken = (*case.mode.refusals, *case.evidence.replies)
    said = [codes.read(text) for text in spoken]
    return is_said(diagnostic, spoken) or any(
        (read.code, read.status) == (reply.code, reply.status)
        for reply in said
        if reply.code[:1] in ("4", "5")
    )
