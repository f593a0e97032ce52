"""Who is refused, and leaves, says QUIT as well."""

from __future__ import annotations

import math

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.verdict import NotApplicable

# Properly refused, by a server that waits for what is said next.
_REFUSED = ("greeting_554", "starttls_454", "tls_not_offered")


@aspect(
    Course.HEALED,
    only=_REFUSED,
    place=237,
    requirements={"quit": "session/quit-when-refused"},
)
def test_leaves_refused(case: Case) -> list[Finding]:
    """No connection on which a server said properly that it does not serve is closed by the relay without QUIT.

    Whether the answer is waited for is the relay's own affair. What was opened after the repair is others' matter, and
    so is a connection that the server has ended.
    """
    staged = case.evidence.staged
    repaired = math.inf if staged.fault_ended is None else staged.fault_ended
    refused = [each for each in case.evidence.connections if _was_refused(each, repaired)]
    if not refused:
        raise NotApplicable("no connection on which it was refused was closed by the relay, or with QUIT")
    silent = [each.closed for each in refused if each.closed is not None and not _said_quit(each)]
    return [
        case.finding(
            "leaves_refused.quit",
            holds=not silent,
            expected="QUIT before the relay closes a connection",
            observed=f"closed at {case.evidence.when(silent[0].at)} without a word, and {len(silent)} of "
            f"{len(refused)} in all"
            if silent
            else "QUIT was said",
        )
    ]


def _was_refused(connection: Connection, repaired: float) -> bool:
    """Whether a connection ended before the repair, with a reply and no message, and not by the server alone."""
    ended = connection.is_closed(repaired) and bool(connection.replies) and not connection.messages
    closed = connection.closed
    by_relay = closed is not None and (closed.by == "peer" or _said_quit(connection))
    return ended and by_relay and connection.failed is None and connection.established is None


def _said_quit(connection: Connection) -> bool:
    return any(command.line.strip().upper() == "QUIT" for command in connection.commands)
