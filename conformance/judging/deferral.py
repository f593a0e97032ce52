"""Whether a message that was given up early had been deferred before.

To give up at the first attempt is one thing, which a profile may accept; to say that a message waits, and to give it up
at the next attempt, seconds or minutes later, is another, which nobody's schedule has. What tells them apart is that
the message waited: for about as long as the relay's own interval.

*By the wire*: another attempt met the fault before it was given up, and began half an interval or more after the end of
the first. Hosts and address families that one attempt tries in a row are one attempt (`witness/attempts.py`); and what
may be the sending of the report is none (`evidence/envelopes.py`).

*By the queue*, for a relay that gives up at the time of a retry without trying: the message was listed by a look that
was asked half an interval and a granularity after the end of the first attempt, and it was given up no earlier than a
retry was due. Where the relay itself says by an event, or by the text in its queue, that it deferred, that is enough.
Where it does not, it may only have been slow, so that this alone is a reason to stage it once more. An event of a relay
with several hosts is no such word: some record each host that failed before they give up.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence import codes
from conformance.evidence.queue import Listed
from conformance.evidence.view import Evidence
from conformance.judging.one_route import attempts_on_message
from conformance.target import Outcome

# From this part of the interval on a retry may be due, for a relay counts in its own ticks.
_NEARLY = 0.9


class Deferral(NamedTuple):
    """A message that was deferred and then given up.

    Attributes:
        at: When the first attempt was over, at the earliest.
        given_up: When the message was given up.
        is_sure: Whether more than the time that it took shows it.
    """

    at: float
    given_up: float
    is_sure: bool


def deferral(mode: FailureMode, evidence: Evidence) -> Deferral | None:
    """Return how a message was deferred before it was given up; None: it was not, or nothing shows it."""
    given_up = evidence.given_up
    met = mode.witness.attempts(evidence, connections=mode.attempt.connections)
    attempts = attempts_on_message(mode, evidence, met)
    if given_up is None or not attempts:
        return None
    granted = evidence.staged.granted
    first, half = attempts[0], granted.retry_interval / 2
    if any(first.latest_end + half <= each.at <= given_up for each in attempts[1:]):
        return Deferral(first.end, given_up, is_sure=True)
    if given_up < first.latest_end + _NEARLY * granted.retry_interval - granted.granularity:
        return None
    looks = evidence.queue.during(after=first.latest_end + half + granted.granularity, until=given_up)
    waiting = [look for look in looks.listings if look.messages]
    if not waiting:
        return None
    said = any(map(_says_deferred, waiting)) or (
        len(mode.hosts) == 1 and any(each.event.outcome is Outcome.DEFERRED for each in evidence.reported)
    )
    return Deferral(first.end, given_up, is_sure=said)


def _says_deferred(look: Listed) -> bool:
    """Tell whether the queue shows an error that is transient by its own code."""
    shown = (codes.read(message.error) for message in look.messages)
    return any((read.code or read.status).startswith("4") for read in shown)
