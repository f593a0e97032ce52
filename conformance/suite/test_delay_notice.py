"""A notice of delay, if there is one, is honest."""

from conformance.evidence.notices import Notice
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
    """Action: delayed, to the sender, while the message waits, and not after the sender was told of the end.

    A promise after which nothing follows is judged by `expires`, and a notice in words has no Action.
    """
    # a notice that had to wait for the way to be healed arrives with the report, however early it was sent
    ended = None if holds_up_reports(case.mode, case.evidence) else given_up(case)
    late = [each for each in _in_fields(case) if ended is not None and each.at > ended]
    waiting = [each for each in _in_fields(case) if each.came_while_waiting and each not in late]
    if not late and not waiting:
        raise NotApplicable("the relay sends no notice of delay, which nothing obliges it to")
    wrong = [
        f"Action: {recipient.action or 'missing'}"
        for each in waiting
        for recipient in each.report.recipients
        if recipient.action != "delayed"
    ]
    wrong += ["sent after the message was given up"] * len(late)
    return [
        case.finding(
            "delay_notice.honest",
            holds=not wrong,
            expected="Action: delayed, while the message waits",
            observed="; ".join(wrong) or f"{len(waiting)} notices, as expected",
        )
    ]


def _in_fields(case: Case) -> list[Notice]:
    """Return the notices that are not final and say of a recipient how it stands."""
    return [each for each in case.evidence.notices if each.report.recipients and not each.is_final]
