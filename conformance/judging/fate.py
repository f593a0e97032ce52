"""The fate of a message: what became of it, decided once for all aspects.

From the wire, the relay's own word and the reports; never from one of them alone. The first fate that fits is the
one. An aspect declares of which fates it speaks; of a message that met another one there is nothing for it to judge.

Some fates are a relay's fault: what it did is accepted by nobody. Each belongs to one aspect, its *owner*, which is
about it and fails; the others have nothing of their own to say and name that one (`judge.py`). So one fault of a relay
is one red verdict.

A scenario in which a message has several recipients, or in which several messages wait, has no single fate;
`whereabouts.py` counts what became of each.
"""

from __future__ import annotations

from enum import StrEnum

from conformance.catalogue.course import Course
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.profile import Profile
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.judging.ages import first_hour_over
from conformance.judging.deferral import deferral
from conformance.judging.held import is_held
from conformance.judging.one_route import attempts_on_message, left_queue
from conformance.target import Outcome


class Fate(StrEnum):
    """What became of a message; accepted means: by the profile, for this failure mode."""

    UNENDED = "unended"  # an attempt was still held when the window closed (`held.py`)
    DELIVERED = "delivered"  # at the first attempt, in spite of the fault; accepted
    DELIVERED_LATER = (
        "delivered_later"  # by a later attempt, in spite of a fault that was never repaired; accepted
    )
    DELIVERED_WRONGLY = "delivered_wrongly"  # the same as one of these; not accepted
    RETURNED = "returned"  # given up at the first attempt; accepted
    RETURNED_LATER = "returned_later"  # the same at another one, after a deferral; only at once is accepted
    RETURNED_WRONGLY = "returned_wrongly"  # given up long before the end of its lifetime; not accepted
    DELIVERED_AND_GIVEN_UP = "delivered_and_given_up"  # both; never accepted
    VANISHED = "vanished"  # neither delivered nor told of, and two looks in a row miss it
    NOT_TRIED_AGAIN = "not_tried_again"  # one attempt, and none after it, though the fault was taken away
    NOT_DELIVERED = "not_delivered"  # tried again, and never delivered, though the fault was taken away
    UNTOLD = "untold"  # its lifetime is over, and its sender was told nothing of the end
    ASTRAY = "astray"  # the same, and somebody else was told
    WAITED = "waited"  # none of these: it was deferred, whatever came then


# What no profile accepts.
WRONG = frozenset({Fate.DELIVERED_WRONGLY, Fate.RETURNED_WRONGLY, Fate.DELIVERED_AND_GIVEN_UP})

# It had to wait: for the next attempt, for the repair, for the end of its lifetime.
HAD_TO_WAIT = frozenset({Fate.WAITED, *WRONG})

# It waited until the fault was taken away, and was tried again before or after that.
TRIED_AGAIN = frozenset({Fate.WAITED, Fate.NOT_DELIVERED})

# It waited until the fault was taken away, whatever came then.
DEFERRED = frozenset({*TRIED_AGAIN, Fate.NOT_TRIED_AGAIN})

# An attempt failed, so that there is an error to explain.
FAILED = frozenset(
    {
        *DEFERRED,
        Fate.VANISHED,
        Fate.RETURNED,
        Fate.RETURNED_LATER,
        Fate.RETURNED_WRONGLY,
        Fate.DELIVERED_LATER,
        Fate.DELIVERED_AND_GIVEN_UP,
    }
)

_REASONS = {
    Fate.UNENDED: "a server still held an attempt when the window closed (see times_out)",
    Fate.DELIVERED: "the relay delivered the message all the same, which the profile {profile} accepts here",
    Fate.DELIVERED_LATER: "a later attempt delivered in spite of the fault, which the profile {profile} accepts here",
    Fate.DELIVERED_WRONGLY: "the relay delivered the message in spite of the fault",
    Fate.RETURNED: "the relay returned the message at once, which the profile {profile} accepts here",
    Fate.RETURNED_LATER: "the relay deferred the message, and returned it at a later attempt (see stays_queued)",
    Fate.RETURNED_WRONGLY: "the relay returned the message at once",
    Fate.DELIVERED_AND_GIVEN_UP: "the relay delivered the message and gave it up as well",
    Fate.VANISHED: "the message vanished: neither delivered nor told of",
    Fate.NOT_TRIED_AGAIN: "the relay did not try again",
    Fate.NOT_DELIVERED: "the relay did not deliver the message after the repair",
    Fate.UNTOLD: "the sender was told nothing of the end",
    Fate.ASTRAY: "the report of the end went to somebody else",
    Fate.WAITED: "the message waited, as it had to",
}


def fate_of(mode: FailureMode, evidence: Evidence, profile: Profile) -> Fate:
    """Return the fate of a scenario's message, the first that fits."""
    if is_held(mode, evidence):
        return Fate.UNENDED
    if _arrived_before_repair(evidence) and not profile.accepts(mode, Outcome.DELIVERED):
        return Fate.DELIVERED_WRONGLY
    outcome = outcome_of(evidence)
    if outcome is Outcome.DELIVERED:
        return Fate.DELIVERED
    if evidence.messages and evidence.staged.repaired is None:
        return Fate.DELIVERED_LATER
    if outcome is Outcome.PERMANENT:
        if evidence.messages:
            return Fate.DELIVERED_AND_GIVEN_UP
        if not profile.accepts(mode, outcome):
            return Fate.RETURNED_WRONGLY
        return Fate.RETURNED if deferral(mode, evidence) is None else Fate.RETURNED_LATER
    if evidence.messages:
        return Fate.WAITED
    if evidence.staged.course in (Course.EXPIRES, Course.DAY):
        return _of_the_old(evidence)
    if evidence.staged.course == Course.HEALED and evidence.staged.repaired is not None:
        return _of_the_repaired(mode, evidence, evidence.staged.repaired)
    return Fate.WAITED


def _of_the_old(evidence: Evidence) -> Fate:
    """Return what became of a message that waited for the end of its lifetime."""
    if evidence.ndrs:
        return Fate.WAITED
    if evidence.astray:
        return Fate.ASTRAY
    return Fate.VANISHED if _is_gone(evidence) else Fate.UNTOLD


def _of_the_repaired(mode: FailureMode, evidence: Evidence, repaired: float) -> Fate:
    """Return what became of a message that waited for a repair and did not arrive."""
    if _is_gone(evidence):
        return Fate.VANISHED
    every = mode.witness.all_attempts(evidence, connections=mode.attempt.connections)
    attempts = attempts_on_message(mode, evidence, every)
    if len(attempts) <= 1 and all(attempt.at < repaired for attempt in attempts):
        return Fate.NOT_TRIED_AGAIN
    return Fate.NOT_DELIVERED


def _is_gone(evidence: Evidence) -> bool:
    return evidence.queue.proves_gone and evidence.queue.last.presence is Presence.ABSENT


def why_not(fate: Fate, profile: Profile, *, owner: str = "") -> str:
    """Say why an aspect that does not speak of a fate has nothing to judge.

    Args:
        fate: The fate.
        profile: What is accepted.
        owner: The aspect that is about it, if it is a relay's fault.
    """
    return _REASONS[fate].format(profile=profile.name) + (f" (see {owner})" if owner else "")


def outcome_of(evidence: Evidence) -> Outcome:
    """Return what became of the message while the fault lasted, in the words of a profile's rows.

    Delivered: a copy arrived before the repair, and no attempt had failed by the relay's own account. Permanent: given
    up long before its time, which means within the first hour where a day is played; what comes later is the end of a
    wait. Whether that was at the first attempt is another question (`deferral.py`).
    """
    if _delivered_despite_fault(evidence):
        return Outcome.DELIVERED
    gone = left_queue(evidence)
    ended = min((at for at in (evidence.given_up, gone and gone[1]) if at is not None), default=None)
    return Outcome.DEFERRED if ended is None or ended >= first_hour_over(evidence) else Outcome.PERMANENT


def _delivered_despite_fault(evidence: Evidence) -> bool:
    return _arrived_before_repair(evidence) and not evidence.errors


def _arrived_before_repair(evidence: Evidence) -> bool:
    repaired = evidence.staged.repaired
    return any(repaired is None or message.at < repaired for message in evidence.messages)


__all__ = [
    "DEFERRED",
    "FAILED",
    "HAD_TO_WAIT",
    "TRIED_AGAIN",
    "WRONG",
    "Fate",
    "fate_of",
    "outcome_of",
    "why_not",
]
