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

from collections.abc import Set
from enum import StrEnum

from conformance.catalogue.course import Course
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.profile import Profile
from conformance.evidence.queue import Presence
from conformance.evidence.view import Evidence
from conformance.judging.ages import first_hour_over, waits_until
from conformance.judging.deferral import deferral
from conformance.judging.held import is_held
from conformance.judging.one_route import attempts_on_message, given_up_by, left_queue
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
    RETURNED_WRONGLY = "returned_wrongly"  # given up at the first attempt; not accepted
    GIVEN_UP_EARLY = "given_up_early"  # deferred, and given up before the end of its lifetime; not accepted
    DELIVERED_AND_GIVEN_UP = "delivered_and_given_up"  # both; never accepted
    VANISHED = "vanished"  # neither delivered nor told of, and two looks in a row miss it
    NOT_TRIED_AGAIN = "not_tried_again"  # one attempt, and none after it, though the fault was taken away
    NOT_DELIVERED = "not_delivered"  # tried again, and never delivered, though the fault was taken away
    UNTOLD = "untold"  # its lifetime is over, and its sender was told nothing of the end
    ASTRAY = "astray"  # the same, and somebody else was told
    TOLD_TWICE = "told_twice"  # its lifetime is over, and its sender was told so more than once
    WAITED = "waited"  # none of these: it was deferred, whatever came then


# What no profile accepts.
WRONG = frozenset(
    {Fate.DELIVERED_WRONGLY, Fate.RETURNED_WRONGLY, Fate.GIVEN_UP_EARLY, Fate.DELIVERED_AND_GIVEN_UP}
)

# Every fate that is a relay's fault, by any profile.
FAULTS = frozenset(
    {
        *WRONG,
        Fate.VANISHED,
        Fate.NOT_TRIED_AGAIN,
        Fate.NOT_DELIVERED,
        Fate.UNTOLD,
        Fate.ASTRAY,
        Fate.TOLD_TWICE,
    }
)

# What was seen, and is therefore left to nobody on another course.
SEEN = frozenset({Fate.DELIVERED_AND_GIVEN_UP})

# It had to wait: for the next attempt, for the repair, for the end of its lifetime.
HAD_TO_WAIT = frozenset({Fate.WAITED, Fate.TOLD_TWICE, *WRONG})

# Its sender was told of the end, once or more often, in time or too early.
TOLD = frozenset({Fate.WAITED, Fate.TOLD_TWICE, Fate.GIVEN_UP_EARLY, Fate.RETURNED_WRONGLY})

# It waited for the end of its lifetime, and was told of as it had to be, or not.
GREW_OLD = frozenset({Fate.WAITED, Fate.TOLD_TWICE, Fate.ASTRAY, Fate.UNTOLD})

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
        Fate.GIVEN_UP_EARLY,
        Fate.DELIVERED_LATER,
        Fate.DELIVERED_AND_GIVEN_UP,
    }
)

# What an aspect of errors says of a message that vanished.
IF_SHOWN = "if an error was shown"

# On these nobody has to be told, so that a message which is gone early may have been given up, or lost.
_NOBODY_IS_TOLD = (Course.NULL_SENDER, Course.NOTIFY_NEVER, Course.NOTIFY_DELAY)
_TO_THE_END = (Course.EXPIRES, Course.DAY, Course.RESTARTED)
_REPAIRED = (Course.HEALED, Course.HEALED_1H, Course.HEALED_12H, Course.HEALED_23H)

_REASONS = {
    Fate.UNENDED: "a server still held an attempt when the window closed",
    Fate.DELIVERED: "the relay delivered the message all the same, which the profile {profile} accepts here",
    Fate.DELIVERED_LATER: "a later attempt delivered in spite of the fault, which the profile {profile} accepts here",
    Fate.DELIVERED_WRONGLY: "the relay delivered the message in spite of the fault",
    Fate.RETURNED: "the relay returned the message at once, which the profile {profile} accepts here",
    Fate.RETURNED_LATER: "the relay deferred the message, and returned it at a later attempt",
    Fate.RETURNED_WRONGLY: "the relay returned the message at once",
    Fate.GIVEN_UP_EARLY: "the relay deferred the message, and gave it up before its time",
    Fate.DELIVERED_AND_GIVEN_UP: "the relay delivered the message and gave it up as well",
    Fate.VANISHED: "the message vanished: neither delivered nor told of",
    Fate.NOT_TRIED_AGAIN: "the relay did not try again",
    Fate.NOT_DELIVERED: "the relay did not deliver the message after the repair",
    Fate.UNTOLD: "the sender was told nothing of the end",
    Fate.ASTRAY: "the report of the end went to somebody else",
    Fate.TOLD_TWICE: "the sender was told of the end more than once",
    Fate.WAITED: "the message waited, as it had to",
}


def fates_on(course: Course) -> tuple[Fate, ...]:
    """Return the fates that a message may have on a course."""
    never = {
        Fate.TOLD_TWICE,
        Fate.ASTRAY,
        Fate.UNTOLD,
        Fate.VANISHED,
        Fate.NOT_TRIED_AGAIN,
        Fate.NOT_DELIVERED,
    }
    if course in _TO_THE_END:
        never = {Fate.NOT_TRIED_AGAIN, Fate.NOT_DELIVERED, Fate.DELIVERED_AND_GIVEN_UP}
    elif course in _REPAIRED:
        never = {Fate.TOLD_TWICE, Fate.ASTRAY, Fate.UNTOLD}
    elif course in _NOBODY_IS_TOLD:
        never |= {Fate.DELIVERED_AND_GIVEN_UP}
    return tuple(each for each in Fate if each not in never)


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
    if evidence.messages:
        return Fate.WAITED if _ended_at_once(evidence) is None else Fate.DELIVERED_AND_GIVEN_UP
    if outcome is Outcome.PERMANENT:
        # who has not heard why may wait, and be told the next time
        at_first = mode.may_lose_refusal or deferral(mode, evidence) is None
        if profile.accepts(mode, outcome):
            return Fate.RETURNED if at_first else Fate.RETURNED_LATER
        return Fate.RETURNED_WRONGLY if at_first else Fate.GIVEN_UP_EARLY
    course, repaired = evidence.staged.course, evidence.staged.repaired
    if course in _TO_THE_END:
        return _of_the_old(evidence)
    if course in _NOBODY_IS_TOLD and evidence.queue.during(until=waits_until(evidence)).proves_gone:
        return Fate.GIVEN_UP_EARLY
    if course in _REPAIRED and repaired is not None:
        return _of_the_repaired(mode, evidence, repaired)
    return Fate.WAITED


def _of_the_old(evidence: Evidence) -> Fate:
    """Return what became of a message that waited for the end of its lifetime."""
    if evidence.ndrs:
        ended = given_up_by(evidence)
        if ended is not None and ended < waits_until(evidence):
            return Fate.GIVEN_UP_EARLY
        return Fate.WAITED if len(evidence.ndrs) == 1 else Fate.TOLD_TWICE
    if evidence.astray:
        return Fate.ASTRAY
    return Fate.VANISHED if _is_gone(evidence) else Fate.UNTOLD


def _of_the_repaired(mode: FailureMode, evidence: Evidence, repaired: float) -> Fate:
    """Return what became of a message that waited for a repair and did not arrive."""
    ended = given_up_by(evidence)
    if ended is not None:
        early = ended < waits_until(evidence) and not _tried_when_repaired(evidence, ended)
        return Fate.GIVEN_UP_EARLY if early else Fate.NOT_DELIVERED
    if _is_gone(evidence):
        return Fate.VANISHED
    every = mode.witness.all_attempts(evidence, connections=mode.attempt.connections)
    attempts = attempts_on_message(mode, evidence, every)
    if len(attempts) <= 1 and all(attempt.at < repaired for attempt in attempts):
        return Fate.NOT_TRIED_AGAIN
    return Fate.NOT_DELIVERED


def _is_gone(evidence: Evidence) -> bool:
    return evidence.queue.proves_gone and evidence.queue.last.presence is Presence.ABSENT


def why_not(fate: Fate, profile: Profile) -> str:
    """Say why an aspect that does not speak of a fate has nothing to judge, where the profile is what is accepted."""
    return _REASONS[fate].format(profile=profile.name)


def sentence(fate: Fate) -> str:
    """Say what became of a message, whatever the profile is called."""
    return _REASONS[fate].format(profile="in force")


def alike(fate: Fate, course: Course) -> Set[Fate]:
    """Return the fates that are the same mistake, elsewhere, as one on this course.

    Where nobody has to be told, a message that is gone early may have been given up, or lost.
    """
    gone_early = fate is Fate.GIVEN_UP_EARLY and course in _NOBODY_IS_TOLD
    return {fate, Fate.VANISHED} if gone_early else {fate}


def outcome_of(evidence: Evidence) -> Outcome:
    """Return what became of the message while the fault lasted, in the words of a profile's rows.

    Delivered: a copy arrived before the repair, and no attempt had failed by the relay's own account. Permanent: given
    up long before its time, which means within the first hour where a day is played; what comes later is the end of a
    wait. Whether that was at the first attempt is another question (`deferral.py`).
    """
    if _delivered_despite_fault(evidence):
        return Outcome.DELIVERED
    ended = _ended_at_once(evidence)
    return Outcome.DEFERRED if ended is None or _tried_when_repaired(evidence, ended) else Outcome.PERMANENT


def _ended_at_once(evidence: Evidence) -> float | None:
    """Return when the message was given up, if that was long before its time."""
    gone = left_queue(evidence)
    ended = min((at for at in (evidence.given_up, gone and gone[1]) if at is not None), default=None)
    return None if ended is None or ended >= first_hour_over(evidence) else ended


def _tried_when_repaired(evidence: Evidence, ended: float) -> bool:
    """Tell whether an attempt met the healthy server before the message was given up: the fault was no reason any more.

    A report that arrives after the repair may have been decided on before it.
    """
    repaired = evidence.staged.repaired
    return repaired is not None and any(repaired <= each.opened < ended for each in evidence.connections)


def _delivered_despite_fault(evidence: Evidence) -> bool:
    return _arrived_before_repair(evidence) and not evidence.errors


def _arrived_before_repair(evidence: Evidence) -> bool:
    repaired = evidence.staged.repaired
    return any(repaired is None or message.at < repaired for message in evidence.messages)


__all__ = [
    "DEFERRED",
    "FAILED",
    "FAULTS",
    "GREW_OLD",
    "HAD_TO_WAIT",
    "IF_SHOWN",
    "SEEN",
    "TOLD",
    "TRIED_AGAIN",
    "WRONG",
    "Fate",
    "alike",
    "fate_of",
    "fates_on",
    "outcome_of",
    "sentence",
    "why_not",
]
