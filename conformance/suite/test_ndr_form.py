"""The report has the form that programs rely on."""

from conformance import ndr
from conformance.aspect import Case, Course, Finding, aspect
from conformance.ndr_cases import only_report, remote_involved


@aspect(Course.EXPIRES, slots=("dsn", "form", "fields", "original", "others", "remote", "will_retry"))
def test_ndr_form(case: Case) -> list[Finding]:
    """A delivery status notification; as multipart/report also in order, and read alike by an independent reader."""
    case.must_have_waited()
    content = only_report(case)
    complaints = {"dsn": ("a multipart/report with report-type and fields", ndr.notification(content))}
    if ndr.is_report(content):
        complaints |= _of_report(case, content)
    return [
        case.finding(
            f"ndr_form.{slot}", holds=not wrong, expected=expected, observed="; ".join(wrong) or "as expected"
        )
        for slot, (expected, wrong) in complaints.items()
    ]


def _of_report(case: Case, content: bytes) -> dict[str, tuple[str, list[str]]]:
    """Return what RFC 3464 and RFC 6522 ask of a multipart/report, and nobody of a bounce in another form."""
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
    return complaints
