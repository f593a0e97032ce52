"""Whether a message was handed over again although the relay knew that it had been taken.

A second copy is the relay's fault if it had read the 250 to the first. If that came too late for its time-out, it has
to try again (RFC 5321 section 4.1.1.4), and on a machine where everybody waits for a processor either side may have
been late. So a second copy is beyond doubt only if the relay went on in the session of the first, and did so sooner
after it had sent the content than any time-out of its own can have ended. When it had sent the content nobody sees: we
may have read it long after; but not before it was told to send it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from fake_servers import Stage
from fake_servers.events import SmtpMessage, SmtpReceived, SmtpSent, TcpAccepted


def surely_again(case: Case, messages: Iterable[SmtpMessage]) -> bool:
    """Tell whether one of several messages, copies or reports, was followed by another though the relay knew of it."""
    ordered = sorted(messages, key=lambda message: message.at)
    return any(_knew(case.evidence, earlier, later.at) for earlier, later in pairwise(ordered))


def _knew(evidence: Evidence, message: SmtpMessage, until: float) -> bool:
    time_out = min(map(evidence.time_out_at, (Stage.MAIL, Stage.DOT)))
    session = [event for event in evidence.record.events if event.connection == message.connection]
    dialogue = (event for event in session if isinstance(event, TcpAccepted | SmtpReceived | SmtpSent))
    told = max((event.at for event in dialogue if event.at < message.at), default=message.at)
    said = (e.at for e in session if isinstance(e, SmtpReceived) and message.at <= e.at < until)
    went_on = next(said, None)
    return went_on is not None and went_on - told + evidence.lag < time_out
