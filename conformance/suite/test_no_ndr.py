"""No report where none is due, and no message dropped for it."""

from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT
from conformance.judging.lifetime import lifetime_of
from conformance.judging.needs import real_day
from conformance.judging.verdict import Inconclusive
from conformance.judging.words import counted


@aspect(
    Course.NULL_SENDER,
    Course.NOTIFY_NEVER,
    Course.NOTIFY_DELAY,
    only=("connection_refused",),
    place=680,
    fates=HAD_TO_WAIT,
    needs=(real_day,),
    requirements={
        "null_sender": "ndr/none-for-null-sender",
        "notify": "ndr/none-unless-asked",
        "kept": "lifetime/not-early",
        "notification_kept": "lifetime/not-early",
        "notification_retried": "queue/retried",
        "given_up": "report/given-up",
    },
)
def test_no_ndr(case: Case) -> list[Finding]:
    """Null reverse-path, NOTIFY=NEVER, NOTIFY without FAILURE: no report, and the message waits all the same.

    A message with the null reverse-path is what any report is to the relay, so its end is that of a report.
    """
    evidence = case.evidence
    last = evidence.queue.last
    if last.presence is Presence.UNKNOWN or last.at is None:
        raise Inconclusive("the queue was never seen, so nobody knows whether the message has left it")
    null_sender = evidence.staged.course == Course.NULL_SENDER
    if last.presence is Presence.PRESENT:
        if null_sender and case.profile.asks("no_ndr.given_up") and last.at >= lifetime_of(case).last_stop:
            return [_given_up(case, last.at)]
        seen = lifetime_of(case).age(last.at)
        raise Inconclusive(
            f"the message is still in the queue {seen}, so no report can have been due by then"
        )
    sent = [message for message, _ in evidence.ndrs] + list(evidence.astray)
    nothing_sent = case.finding(
        "no_ndr.null_sender" if null_sender else "no_ndr.notify",
        holds=not sent,
        expected="no report",
        observed=", ".join(f"a report to <{'> <'.join(m.recipients)}>" for m in sent) or "none",
        conclusive=True,  # no lateness sends one
    )
    if not null_sender:
        return [nothing_sent, _kept(case, "no_ndr.kept")]
    findings = [nothing_sent]
    # RFC 5321 section 4.5.4.1: fewer retries may be appropriate for notifications; none at all are none
    if case.profile.asks("no_ndr.notification_kept"):
        findings.append(_kept(case, "no_ndr.notification_kept"))
    if findings[-1].holds or len(findings) == 1:  # else it was dropped, and there was nothing to try again
        findings.append(_retried(case))
    if case.profile.asks("no_ndr.given_up"):
        findings.append(_given_up(case))
    return findings


def _given_up(case: Case, still: float | None = None) -> Finding:
    """Compare: what can be neither delivered nor returned is given up like any mail.

    Args:
        case: The case.
        still: When the queue was last seen with the message in it; None: it has left it.
    """
    return case.finding(
        "no_ndr.given_up",
        holds=still is None,
        only_late=True,  # a second of ours is hours where the clock is moved
        expected="given up, without a report, when its lifetime has ended",
        observed="given up"
        if still is None
        else f"still in the queue {lifetime_of(case).age(still)}, after {counted(len(case.attempts), 'attempt')}",
    )


def _kept(case: Case, slot: str) -> Finding:
    """Compare: nobody would be told of the loss, so the queue alone shows that the message was not dropped."""
    span = lifetime_of(case)
    queue = case.evidence.queue.during(until=span.may_not_end_before)
    if queue.last.presence is Presence.UNKNOWN:
        raise Inconclusive("the queue was never seen before the lifetime ended")
    missing, looks = len(queue.missing), len(queue.telling)
    return case.finding(
        slot,
        holds=not missing,
        expected=f"in the queue {span.until}",
        observed=f"not in the queue at {missing} of {looks} looks before"
        if missing
        else f"in the queue at {looks} looks",
    )


def _retried(case: Case) -> Finding:
    return case.finding(
        "no_ndr.notification_retried",
        holds=len(case.attempts) > 1,
        expected="tried again after the first failure",
        observed=counted(len(case.attempts), "attempt"),
    )
