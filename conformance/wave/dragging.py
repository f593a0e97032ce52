"""When a relay has listened to a reply without end for so long that nothing more is to be waited for.

Nothing becomes of an attempt as long as a server holds it. Once it is held for longer than the relay's time-out with
everything by which it may be late, and with what no machine adds to that, the verdict on the time-out is known, and
all others are that nothing is known (`judging/held.py`): whatever the relay's patience, or ours, comes to in the end.
"""

from __future__ import annotations

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.slack import NO_LATENESS, slack_for
from conformance.evidence.time_outs import longest_reply
from conformance.evidence.view import Evidence


def drags_on(mode: FailureMode, evidence: Evidence, now: float) -> bool:
    """Tell whether the last attempt is held beyond all bounds by a reply that has no end, at a time of the journal.

    Not where the relay has gone on meanwhile: then the connection was forgotten, and the rest can be judged.
    """
    if not mode.needs_total_deadline or evidence.messages or evidence.notices:
        return False
    last = max(evidence.connections, key=lambda each: each.opened, default=None)
    if last is None or not last.faults or last.closed is not None:
        return False
    fault, granted, header = last.faults[-1], evidence.staged.granted, evidence.record.header
    time_out = longest_reply(fault.stage, granted, header.asked)
    allowed = time_out + granted.granularity + slack_for(time_out, header)
    return now - fault.at > allowed + NO_LATENESS
