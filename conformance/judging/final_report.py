"""What several aspects ask of a case that ended in a report."""

from __future__ import annotations

from conformance.judging.case import Case
from conformance.judging.verdict import Inconclusive, NotApplicable


def only_report(case: Case) -> bytes:
    """Return the content of the first non-delivery report.

    Raises:
        NotApplicable: There is none, because the message was delivered.
        Inconclusive: There is none, which another aspect judges.
    """
    if not case.evidence.ndrs and case.evidence.messages:
        raise NotApplicable("the message was delivered, so there is no report to read (see expires)")
    if not case.evidence.ndrs:
        raise Inconclusive("no report came back to the sender, so there is none to read (see expires)")
    return case.evidence.ndrs[0][0].content


def remote_involved(case: Case) -> bool:
    """Tell whether a server of the destination was ever connected to; a silent one may be called involved."""
    return bool(case.evidence.connections)
