"""A notice of delay, if there is one, is honest."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT
from conformance.judging.lifetime import given_up
from conformance.judging.needs import real_day
from conformance.judging.one_route import holds_up_reports
from conformance.judging.verdict import NotApplicable


@aspect(
    Course.EXPIRES,
    place=670,
    fates=HAD_TO_WAIT,
    needs=(real_day,),
    requirements={"honest": "ndr/delay-is-honest"},
)
def test_delay_notice(case: Case) -> list[Finding]:
    """Action: delayed, to the sender, and not after the message was given up."""
    notices = [
        (message, report)
        for message, report in case.evidence.reports
        if report.recipients and not report.is_failure
    ]
    if not notices:
        raise NotApplicable("the relay sends no notice of delay, which nothing obliges it to")
    # a notice that had to wait for the way to be healed arrives with the report, however early it was sent
    ended = None if holds_up_reports(case.mode, case.evidence) else given_up(case)
    wrong = [
        f"Action: {recipient.action}"
        for _, report in notices
        for recipient in report.recipients
        if recipient.action != "delayed"
    ]
    wrong += [
        "sent after the message was given up"
        for message, _ in notices
        if ended is not None and message.at > ended
    ]
    return [
        case.finding(
            "delay_notice.honest",
            holds=not wrong,
            expected="Action: delayed, while the message waits",
            observed="; ".join(wrong) or f"{len(notices)} notices, as expected",
        )
    ]
