"""Whether an attempt was still held by a server when the window closed, so that nothing had become of it yet.

Nobody knows what would have followed: the relay may have a time-out of minutes for this stage (RFC 5321 section 4.5.3.2
has ten for the final dot), or none. Whether that is too long is one question, and the aspect `times_out` asks it. That
no other attempt followed, that nothing arrived and that no error was shown follows from it, and is said of nothing.

An attempt is held no longer where the relay did anything that it does after one: it went to another server or tried
again, showed an error, told the sender, or no longer has the message. A connection that is open all the same was
forgotten (aspect `tidy`).
"""

from __future__ import annotations

import math

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.connections import Connection
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.target import Capability, Outcome
from conformance.witness.attempts import Attempt
from fake_servers import Stall

_OVER = (Outcome.DEFERRED, Outcome.PERMANENT, Outcome.EXPIRED)


def is_held(mode: FailureMode, evidence: Evidence) -> bool:
    """Tell whether an attempt was held when the window closed: by silence, or by a reply without end."""
    end = math.inf if evidence.staged.closed is None else evidence.staged.closed
    still_open = [each for each in evidence.connections if each.faults and not each.is_closed(end)]
    if mode.needs_total_deadline:
        return bool(still_open)
    silent = [each for each in still_open if each.faults[-1].action == Stall.name]
    return bool(silent) and not _went_on(mode, evidence, silent[-1])


def may_be_unnoticed(evidence: Evidence, last: Attempt, wait: float) -> str:
    """Say that a relay that logs its failures has logged none of an attempt, and may notice its end by time-out alone.

    That a client notices at once how a server closes the connection is good for it, and asked nowhere: what it SHOULD
    do then is treat the message as after a 451 (RFC 5321 section 3.8). Only time-outs that are longer than any wait for
    the next attempt leave it open what will follow.

    Args:
        evidence: What was seen.
        last: The last attempt.
        wait: The longest wait for the next one that is in order, in seconds.
    """
    granted, closed = evidence.staged.granted, evidence.staged.closed
    time_outs = (granted.command_timeout, granted.content_timeout, granted.final_timeout)
    patience = max(each or 0.0 for each in time_outs)
    logs = Capability.EVENTS in evidence.record.header.capabilities
    said = any(each.read_at >= last.at for each in evidence.reported) or bool(evidence.errors)
    if not logs or said or not last.connections or closed is None or patience <= wait:
        return ""
    rest = closed - last.latest_end
    if rest >= wait + patience:
        return ""
    return (
        f"the window closed {rest:.1f} s after the last attempt, of which the relay says nothing yet: it may notice "
        f"its end by nothing but a time-out, of {patience:g} s"
    )


def _went_on(mode: FailureMode, evidence: Evidence, held: Connection) -> bool:
    """Tell whether the relay did anything that it does once an attempt has failed."""
    since = held.faults[-1].at
    if evidence.messages or any(each.opened > held.opened for each in evidence.connections):
        return True
    if any(notice.at > since for notice in evidence.notices):
        return True
    if any(each.event.outcome in _OVER and each.read_at > since for each in evidence.reported):
        return True
    later = mode.witness.all_attempts(evidence, connections=mode.attempt.connections)
    if any(each.at > since and held.number not in each.connections for each in later):
        return True
    return evidence.queue.last.presence is Presence.ABSENT or _shows_another_error(evidence, since)


def _shows_another_error(evidence: Evidence, since: float) -> bool:
    looks = evidence.queue.listings
    before, after = (
        {message.error for look in looks if (look.asked > since) is late for message in look.messages}
        for late in (False, True)
    )
    return bool(after - before - {""})
