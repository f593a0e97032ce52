"""What is asked of the form of a report, on whatever clock the message expired (`ndr_form`, `ndr_compressed`)."""

from __future__ import annotations

from conformance.judging import report_fields, report_form
from conformance.judging.case import Case
from conformance.judging.final_report import only_report, remote_involved
from conformance.judging.verdict import Finding

# The catalogue ids by slot.
FORM = {
    "dsn": "ndr/notification",
    "form": "ndr/form",
    "fields": "ndr/fields",
    "types": "ndr/types",
    "smtp": "ndr/smtp-diagnostic",
    "invented": "ndr/nothing-invented",
    "original": "ndr/returns-original",
    "others": "ndr/read-by-others",
    "remote": "ndr/remote-mta",
    "will_retry": "ndr/will-retry-until",
    "bare": "ndr/no-bare-line-ends",
}


def form_of(case: Case) -> list[Finding]:
    """Compare the form of the report that told the sender of the end.

    Raises:
        Judgement: There is none to read (`only_report`).
    """
    content = only_report(case)
    complaints = {
        "dsn": ("a multipart/report with report-type and fields", report_form.notification(content)),
        "bare": ("every CR and LF in a CRLF", report_form.bare(content)),
    }
    if report_form.is_report(content):
        complaints |= _of_report(case, content)
    return [
        case.finding(
            f"ndr_form.{slot}",
            holds=not wrong,
            expected=expected,
            observed="; ".join(wrong) or "as expected",
            conclusive=slot != "remote",  # who was spoken to may depend on time-outs; a form does not
        )
        for slot, (expected, wrong) in complaints.items()
    ]


def _of_report(case: Case, content: bytes) -> dict[str, tuple[str, list[str]]]:
    """Return what RFC 3464 and RFC 6522 ask of a multipart/report, and nobody of a bounce in another form."""
    staged = case.evidence.staged
    complaints = {
        "form": ("a multipart/report with its parts in order", report_form.form(content)),
        "fields": (
            "the fields of RFC 3464, 7bit, with numeric zones",
            report_form.fields(content, staged.recipient),
        ),
        "types": ("fields that begin with their type", report_fields.types(content)),
        "invented": (
            "nothing of the sender's that the sender did not give",
            report_fields.invented(content, staged.recipient),
        ),
        "original": (
            "the original message or its header section",
            report_form.returns(content, staged.content),
        ),
    }
    if report_fields.diagnostics(content):
        complaints["smtp"] = (report_fields.SMTP, report_fields.not_smtp(content))
    # where fields are missing nobody finds them, which is no second mistake
    readable = not complaints["form"][1] and not complaints["fields"][1]
    if readable and report_form.others_claim_to_read(content):
        complaints["others"] = (
            "an independent reader finds the recipient",
            report_form.others_read(content, staged.recipient),
        )
    complaints["will_retry"] = ("no Will-Retry-Until", report_form.will_retry(content))
    if not remote_involved(case):
        complaints["remote"] = (
            "no Remote-MTA, for no remote server was ever connected to",
            report_form.remote_mta(content),
        )
    return complaints
