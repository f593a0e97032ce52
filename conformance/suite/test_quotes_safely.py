"""Words of a remote server that are made to break what quotes them break nothing."""

from collections.abc import Iterator

from conformance.evidence import reports
from conformance.judging import quoting, report_form
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.fate import TOLD
from conformance.judging.final_report import only_report
from conformance.judging.needs import real_day
from conformance.judging.verdict import NotApplicable
from conformance.target import Outcome


@aspect(
    Course.HEALED,
    Course.EXPIRES,
    Course.REJECTED,
    kinds=(Kind.TRANSIENT, Kind.PERMANENT),
    where=lambda mode, course: (
        mode.refusal.hostile and (course is Course.REJECTED) is (mode.kind is Kind.PERMANENT)
    ),
    place=530,
    fates={Course.EXPIRES: TOLD},
    needs=(real_day,),
    requirements={"shown": "replies/one-record", "report": "replies/report-intact"},
)
def test_quotes_safely(case: Case) -> list[Finding]:
    """The queue and the events stay one record for each error; the fields of a report are the relay's own."""
    if case.evidence.staged.course == Course.HEALED:
        return [_shown(case)]
    content = only_report(case)
    if not report_form.is_report(content) and not reports.has_fields(content):
        raise NotApplicable("the report is no multipart/report and has no fields that could be broken")
    complaints = quoting.report(content, case.evidence.staged.recipient)
    return [
        case.finding(
            "quotes_safely.report",
            holds=not complaints,
            expected="one group of fields for the recipient, each field once, 7bit",
            observed="; ".join(complaints) or "as expected",
            conclusive=True,
        )
    ]


def _shown(case: Case) -> Finding:
    evidence = case.evidence
    texts = [reported.event.text for reported in evidence.reported]
    texts += [message.error for listed in evidence.queue.listings for message in listed.messages]
    if not any(texts):
        raise NotApplicable("the relay shows no words, neither in events nor in the queue")
    complaints = [*dict.fromkeys(found for text in texts for found in quoting.control_characters(text))]
    complaints += _untrue(case)
    return case.finding(
        "quotes_safely.shown",
        holds=not complaints,
        expected="one record for each error, without line ends and control characters, and none of a delivery",
        observed="; ".join(complaints) or f"{len(texts)} records, none of them broken",
    )


def _untrue(case: Case) -> Iterator[str]:
    """Yield what is recorded of the message and did not happen."""
    evidence = case.evidence
    arrived = min((message.at for message in evidence.messages), default=float("inf"))
    for reported in evidence.reported:
        event = reported.event
        if event.outcome is not Outcome.DEFERRED and reported.read_at < arrived:
            yield f"{event.outcome} at {evidence.when(reported.read_at)}, before anything arrived: {event.text!r}"
    twice = evidence.queue.twice
    if twice is not None:
        yield f"{len(twice.messages)} times in the queue at {evidence.when(twice.at)}, and at the look before"
