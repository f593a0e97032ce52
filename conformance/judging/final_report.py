"""What several aspects ask of a case that ended in a report, or ought to have."""

from __future__ import annotations

from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from conformance.judging.verdict import Inconclusive, NotApplicable


def only_report(case: Case) -> bytes:
    """Return the content of the first notice that told the sender of the end.

    Raises:
        NotApplicable: There is none, because the message was delivered, or all that came promises more.
        Inconclusive: Nothing came, which another aspect judges.
    """
    if not case.evidence.ndrs and case.evidence.messages:
        raise NotApplicable("the message was delivered, so there is no report to read (see expires)")
    must_not_be_left_with_a_promise(case)
    if not case.evidence.ndrs:
        raise Inconclusive("no report came back to the sender, so there is none to read (see expires)")
    return case.evidence.ndrs[0][0].content


def must_not_be_left_with_a_promise(case: Case) -> None:
    """Leave it to `expires` if the sender was told that the message would be tried again, and nothing else.

    Raises:
        NotApplicable: So it is.
    """
    if case.evidence.notices and not case.evidence.ndrs:
        raise NotApplicable(
            f"the sender was not told of the end: {only_promised(case.evidence)} (see expires)"
        )


def reports_in_words(evidence: Evidence, number: int) -> str:
    """Say how many reports of the end came, and where none did, what came instead."""
    if number or not evidence.notices:
        return f"{number} reports"
    return f"no report of the end, {only_promised(evidence)}"


def only_promised(evidence: Evidence) -> str:
    """Say what came to the sender and did not tell of the end."""
    said = "; ".join(dict.fromkeys(map(str, evidence.notices)))
    return f"only {len(evidence.notices)} notices ({said})"


def remote_involved(case: Case) -> bool:
    """Tell whether a server of the destination was ever connected to; a silent one may be called involved."""
    return bool(case.evidence.connections)
