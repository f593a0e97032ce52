"""Who has handed a message over says QUIT before the connection ends."""

from __future__ import annotations

import math

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    place=196,
    requirements={"quit": "session/quit"},
)
def test_takes_leave(case: Case) -> list[Finding]:
    """No connection over which a healthy server took a message is closed by the relay without QUIT.

    One that is kept for the next message, and open when the window ends, is in order; and so is whoever does not wait
    for the answer.
    """
    if not case.evidence.messages:
        raise NotApplicable("nothing arrived", see="delivered")
    closed = case.evidence.staged.closed
    end = math.inf if closed is None else closed
    used = [each for each in case.evidence.connections if each.messages and each.is_closed(end)]
    if not used:
        raise NotApplicable("no connection over which a message was taken was closed before the end")
    silent = [each.closed for each in used if each.closed is not None and _was_left_silently(each)]
    return [
        case.finding(
            "takes_leave.quit",
            holds=not silent,
            expected="QUIT before the relay closes a connection",
            observed=f"closed at {case.evidence.when(silent[0].at)} without a word"
            if silent
            else "QUIT was said",
        )
    ]


def _was_left_silently(connection: Connection) -> bool:
    """Tell whether the relay has closed a connection by itself, and never said QUIT."""
    said = any(command.line.strip().upper() == "QUIT" for command in connection.commands)
    return connection.closed is not None and connection.closed.by == "peer" and not said
