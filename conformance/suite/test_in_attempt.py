"""Whatever falls into an attempt, the message is delivered or reported, once."""

import math
from collections.abc import Callable, Iterator
from functools import partial

from conformance.evidence.queue import Presence
from conformance.judging import report_fields, report_form
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.report_says import truth
from conformance.judging.twice import surely_again
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.witness.amid import BY_OPERATOR, Amid


@aspect(
    Course.AMID,
    kinds=(Kind.AMID,),
    where=lambda mode, _: mode.amid not in (Amid.FULL, *BY_OPERATOR),
    place=745,
    requirements={
        "expiry": "between/expires-in-attempt",
        "edit": "between/edit-in-attempt",
        "flush": "between/flush-in-attempt",
        "stop": "between/stop-in-attempt",
        "second": "long-run/second-instance",
        "set_back": "long-run/clock-set-back",
        "smtp": "ndr/smtp-diagnostic",
        "form": "ndr/form",
        "fields": "ndr/fields",
    },
)
def test_in_attempt(case: Case) -> list[Finding]:
    """Expired: reported once and not delivered. Else: delivered once and not reported.

    A report has the form of one, though there was no failure before the end; and so has what it quotes as a reply of
    SMTP, though there may have been none.

    Neither a relay that calls the attempt off nor one that lets it come to its end is wrong. What waits still when the
    window closes may only be late.
    """
    evidence, what = case.evidence, case.mode.amid
    assert what is not None
    # for others something happens to the relay after this window was closed
    end = math.inf if evidence.staged.closed is None else evidence.staged.closed
    copies = [message for message in evidence.messages if message.at <= end]
    told = [each for each in (*(m for m, _ in evidence.ndrs), *evidence.astray) if each.at <= end]
    if what is Amid.EXPIRY and not told and (reason := why_none_could_come(case)):
        raise NotApplicable(reason)
    refused = [each.reason for each in evidence.staged.operator_actions if each.refused]
    due = (0, 1) if what is Amid.EXPIRY else (1, 0)
    last = evidence.queue.last
    ended = copies or told
    if not ended and last.presence is Presence.UNKNOWN:
        raise Inconclusive("neither delivered nor reported, and the queue was never seen")
    waits = not ended and last.presence is Presence.PRESENT
    seen = [f"the edit was refused: {reason}" for reason in refused]
    seen += [f"delivered {_times(len(copies))}"] if copies else []
    seen += [f"reported {_times(len(told))}"] if told else []
    if not ended:
        seen.append(f"neither delivered nor reported{_instead(case)}")
        seen.append(f"{'still' if waits else 'no longer'} in the queue{_when(case)}")
    findings = [
        case.finding(
            f"in_attempt.{what}",
            holds=(len(copies), len(told)) == due,
            expected="reported once, and not delivered"
            if what is Amid.EXPIRY
            else "delivered once, and not reported",
            observed=", ".join(seen),
            only_late=waits,
            conclusive=surely_again(case, [*copies, *told]),
        )
    ]
    reports = [each.content for each in told]
    if any(map(report_fields.diagnostics, reports)):
        wrong = [text for each in reports for text in report_fields.not_smtp(each)]
        findings.append(truth(case, "in_attempt.smtp", report_fields.SMTP, wrong))
    if what is Amid.EXPIRY:
        findings += _in_form(case, [each for each in reports if report_form.is_report(each)])
    return findings


def _in_form(case: Case, reports: list[bytes]) -> Iterator[Finding]:
    """Compare the form and the fields of the reports that are in the form for programs, if there are any."""
    recipient = case.evidence.staged.recipient
    checks: dict[str, tuple[str, Callable[[bytes], list[str]]]] = {
        "form": ("a multipart/report with its parts in order", report_form.form),
        "fields": ("the fields of RFC 3464", partial(report_form.fields, recipient=recipient)),
    }
    for slot, (expected, complaints) in checks.items() if reports else ():
        wrong = [text for each in reports for text in complaints(each)]
        yield truth(case, f"in_attempt.{slot}", expected, wrong)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _instead(case: Case) -> str:
    return f" ({only_promised(case.evidence)})" if case.evidence.notices and not case.evidence.ndrs else ""


def _when(case: Case) -> str:
    at = case.evidence.queue.last.at
    return "" if at is None else f" at {case.evidence.when(at)}"
