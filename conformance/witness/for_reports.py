"""Which traces a relay left on its way to deliver a report, where that goes where the message itself was to go.

Such a connection says so itself: no envelope is offered on it but a report's (`evidence/envelopes.py`). The questions
asked for its sake say nothing; they are told by what follows. A question belongs to the connection or SYN that comes
next, if no pause parts them; and where none comes, to the report on whose connection it was asked. What proves that
the fault was met is the message's in any case.

They are set apart before traces become attempts. A report is on its way at its own times, not at those of the retry
schedule: right after an attempt, or amid one. Two sockets of ours are read in any order, besides, so its question may
be noted before the end of the connection that it followed.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.evidence.view import Evidence
from conformance.witness.contact import Contact
from conformance.witness.traces import connection_number, is_lookup


def for_reports(
    traces: Sequence[Contact], proofs: Sequence[Contact], evidence: Evidence, pause: float
) -> list[Contact]:
    """Return those of some traces that a report left.

    Args:
        traces: In the order of time.
        proofs: Those of them that prove that the fault was met.
        evidence: Where to see what was said on a connection.
        pause: Seconds from which on two traces are not of the same errand.
    """
    numbers = {each.number for each in evidence.report_connections}
    if not numbers:
        return []
    proving = set(map(id, proofs))

    def is_question(trace: Contact) -> bool:
        return is_lookup(trace) and id(trace) not in proving

    reports = [trace for trace in traces if connection_number(trace) in numbers]
    # by the place of each trace: what it led to, if it is known what did
    led_to: dict[int, Contact] = {}
    for place in reversed(range(len(traces))):
        trace = traces[place]
        if not is_question(trace):
            led_to[place] = trace
        elif place + 1 in led_to and traces[place + 1].at - trace.latest_end < pause:
            led_to[place] = led_to[place + 1]
    found = []
    last: Contact | None = None
    for place, trace in enumerate(traces):
        last = last if is_question(trace) else trace
        cause = led_to.get(place)
        if cause is None and last is not None and trace.at - last.latest_end < pause:
            cause = last
        if cause is not None and any(cause is each for each in reports):
            found.append(trace)
    return found
