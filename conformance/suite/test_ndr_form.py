"""The report has the form that programs rely on."""

from conformance import ndr
from conformance.aspect import Case, Course, Finding, aspect
from conformance.ndr_cases import only_report, remote_involved


@aspect(Course.EXPIRES, slots=("form", "fields", "original", "others", "remote", "will_retry"))
def test_ndr_form(case: Case) -> list[Finding]:
    """multipart/report with its parts and fields, read alike by our own reader and by an independent one."""
    case.must_have_waited()
    content = only_report(case)
    staged = case.evidence.staged
    complaints = {
        "form": ("a multipart/report with its parts in order", ndr.form(content)),
        "fields": ("the fields of RFC 3464, 7bit, with numeric zones", ndr.fields(content, staged.recipient)),
        "original": ("the original message or its header section", ndr.returns(content, staged.content)),
        "others": ("an independent reader finds the recipient", ndr.others_read(content, staged.recipient)),
        "will_retry": ("no Will-Retry-Until", ndr.will_retry(content)),
    }
    if not remote_involved(case):
        complaints["remote"] = (
            "no Remote-MTA, for no remote server was ever connected to",
            ndr.remote_mta(content),
        )
    return [
        case.finding(
            f"ndr_form.{slot}", holds=not wrong, expected=expected, observed="; ".join(wrong) or "as expected"
        )
        for slot, (expected, wrong) in complaints.items()
    ]
