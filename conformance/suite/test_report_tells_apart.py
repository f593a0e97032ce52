"""A report about some of several recipients, each in a domain of its own, says of each what is so of that one."""

from conformance.catalogue.recipients import refusals
from conformance.judging import report_form, report_says
from conformance.judging.aspect import Case, Course, Finding, Kind, Outcome, aspect
from conformance.judging.recipients import recipients_of, replies_of
from conformance.judging.verdict import NotApplicable


@aspect(
    Course.MIXED,
    kinds=(Kind.MIXED,),
    where=lambda mode, _: bool(mode.message.elsewhere and refusals(mode)),
    place=542,
    requirements={"own_reply": "report/own-reply", "people": "report/to-people"},
)
def test_report_tells_apart(case: Case) -> list[Finding]:
    """Status and Diagnostic-Code are of the recipient's own server; nobody who got the message is named to people."""
    reports = [message.content for message, _ in case.evidence.ndrs]
    if not reports:
        raise NotApplicable("no report came, so there is none to read", see="each_recipient")
    original, replies = case.evidence.staged.content, replies_of(case)
    served = [each.address for each in recipients_of(case) if each.due is Outcome.DELIVERED]
    words = [text for each in reports for text in report_says.wrong_words(each, original, (), served)]
    findings = [
        report_says.truth(case, "report_tells_apart.people", "nobody named who got the message", words)
    ]
    with_fields = [each for each in reports if report_form.is_report(each)]
    if with_fields:
        wrong = [text for each in with_fields for text in report_says.of_another(each, replies)]
        findings.insert(
            0, report_says.truth(case, "report_tells_apart.own_reply", "what was replied to each", wrong)
        )
    return findings
