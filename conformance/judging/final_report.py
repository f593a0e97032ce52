"""What several aspects ask of a case that ended in a report, or ought to have."""

from __future__ import annotations

from conformance.catalogue.course import Course
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from conformance.judging.one_route import holds_up_reports, left_queue
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.words import counted
from conformance.target import Outcome


def only_report(case: Case) -> bytes:
    """Return the content of the first notice that told the sender of the end.

    Raises:
        NotApplicable: There is none, because the message was delivered, none could come, or all that came promises
            more; or none came at once about a refusal, which is what is wrong.
        Inconclusive: Nothing came, which another aspect judges.
    """
    if not case.evidence.ndrs and case.evidence.messages:
        raise NotApplicable("the message was delivered, so there is no report to read", see="expires")
    must_not_be_left_with_a_promise(case)
    if reason := why_none_could_come(case):
        raise NotApplicable(reason)
    if not case.evidence.ndrs and case.evidence.staged.course == Course.REJECTED:
        raise NotApplicable(
            "no report came back to the sender, so there is none to read", see="returned_at_once"
        )
    if not case.evidence.ndrs:
        raise Inconclusive("no report came back to the sender, so there is none to read", see="expires")
    return case.evidence.ndrs[0][0].content


def must_not_be_left_with_a_promise(case: Case) -> None:
    """Leave it to `expires` if the sender was told that the message would be tried again, and nothing else.

    Raises:
        NotApplicable: So it is.
    """
    if case.evidence.notices and not case.evidence.ndrs:
        raise NotApplicable(
            f"the sender was not told of the end: {only_promised(case.evidence)}", see="expires"
        )


def reports_in_words(evidence: Evidence, number: int) -> str:
    """Say how many reports of the end came, and where none did, what came instead."""
    if number or not evidence.notices:
        return counted(number, "report")
    return f"no report of the end, {only_promised(evidence)}"


def only_promised(evidence: Evidence) -> str:
    """Say what came to the sender and did not tell of the end."""
    said = "; ".join(dict.fromkeys(map(str, evidence.notices)))
    return f"only {counted(len(evidence.notices), 'notice')} ({said})"


def remote_involved(case: Case) -> bool:
    """Tell whether a server of the destination was ever connected to; a silent one may be called involved."""
    return bool(case.evidence.connections)


def why_none_could_come(case: Case) -> str:
    """Say why no report could come to the sender, whatever the relay did; empty: one came, or could have come."""
    evidence = case.evidence
    if evidence.ndrs or not holds_up_reports(case.mode, evidence):
        return ""
    if evidence.staged.course not in (Course.KILLED, Course.AMID) and case.outcome is Outcome.PERMANENT:
        return (
            "the relay has one route for all mail and gave the message up at once, so its report met the same fault "
            "before anybody knew that one was due"
        )
    if left_queue(evidence) or evidence.staged.fault_ended is not None:
        return ""
    if evidence.queue.last.presence is Presence.PRESENT:
        return ""  # none was due
    return (
        "the relay has one route for all mail, which stayed broken: its queue never showed that the message had been "
        "given up"
    )
