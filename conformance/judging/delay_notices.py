"""What is asked of notices of delay, on whatever clock the message waited (`delay_notice`, `ndr_compressed`)."""

from __future__ import annotations

from conformance.evidence.notices import Notice
from conformance.judging.case import Case
from conformance.judging.lifetime import given_up
from conformance.judging.one_route import holds_up_reports
from conformance.judging.verdict import Finding, NotApplicable
from conformance.judging.words import counted

# The catalogue ids by slot.
DELAY = {"honest": "ndr/delay-is-honest"}


def delay_of(case: Case) -> list[Finding]:
    """Compare what the notices say that are not of the end.

    Raises:
        NotApplicable: There are none.
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
            observed="; ".join(wrong) or f"{counted(len(waiting), 'notice')}, as expected",
        )
    ]


def _in_fields(case: Case) -> list[Notice]:
    """Return the notices that are not final and say of a recipient how it stands."""
    return [each for each in case.evidence.notices if each.report.recipients and not each.is_final]
