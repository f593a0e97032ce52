"""Aspects: things that must hold, each judged for every failure mode of its kind.

An aspect is one function in one file `conformance/suite/test_<aspect>.py`, found there by its name. It gets a `Case`,
reads its evidence and returns what it compared; it opens no socket and waits for nothing. Its declaration names the
rows of the catalogue that it judges; a profile has a row of its own only where it asks something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from conformance.catalogue.course import DAY, FIRST_STOP, HOUR, Course, Timing, timing_of
from conformance.catalogue.failure_mode import FailureMode, Kind
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.evidence.view import ErrorSeen, Evidence
from conformance.judging.content import altered
from conformance.judging.verdict import Finding, NotApplicable
from conformance.target import Outcome
from conformance.witness.attempts import Attempt

# The course on which what a failure mode does shows first; an aspect of several kinds reads each on its own.
_FIRST_COURSE = {
    Kind.CONTROL: Course.HEALTHY,
    Kind.HARMLESS: Course.PERSISTS,
    Kind.PASSING: Course.PERSISTS,
    Kind.TRANSIENT: Course.HEALED,
    Kind.PERMANENT: Course.REJECTED,
}

# A lifetime that differs by less, in seconds, cannot be told from 24 hours by the stops of a moved clock.
_LIFETIME_TOLERANCE = 5 * 60.0


@dataclass(frozen=True)
class Case:
    """One aspect of one scenario, ready to be judged.

    Attributes:
        mode: The failure mode.
        evidence: What happened.
        profile: What is accepted.
        requirements: The catalogue ids that the aspect itself names, by `aspect.slot`.
    """

    mode: FailureMode
    evidence: Evidence
    profile: Profile
    requirements: Mapping[str, str]

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The attempts that met the fault, or reached the healthy server of a control."""
        return self.mode.witness.attempts(self.evidence, connections=self.mode.connections_per_attempt)

    @cached_property
    def errors(self) -> tuple[ErrorSeen, ...]:
        """The errors the relay showed for this message."""
        return self.evidence.errors

    @property
    def outcome(self) -> Outcome:
        """What became of the message while the fault lasted: delivered in spite of it, returned at once, or deferred.

        Where a day is played, at once means within its first hour; what comes later is the end of a wait.
        """
        if self._borne:
            return Outcome.DELIVERED
        ended = self.evidence.given_up
        return Outcome.DEFERRED if ended is None or ended >= self._first_hour_over() else Outcome.PERMANENT

    def _first_hour_over(self) -> float:
        staged = self.evidence.staged
        if timing_of(staged.course) is Timing.COMPRESSED:
            return (staged.submitted or 0.0) + staged.granted.queue_lifetime * HOUR / DAY
        return staged.milestones.get(FIRST_STOP, math.inf)

    @property
    def _borne(self) -> bool:
        """Whether a copy arrived before the repair, and no attempt failed by the relay's own account."""
        repaired = self.evidence.staged.repaired
        return any(repaired is None or m.at < repaired for m in self.evidence.messages) and not self.errors

    def must_have_failed(self) -> None:
        """Leave nothing to judge if the message was delivered in spite of the fault, and the profile accepts that.

        Raises:
            NotApplicable: There was no failure to explain, to wait for or to recover from.
        """
        self.must_have_ended()
        if self.was_delivered_at_once:
            raise NotApplicable(
                f"the relay delivered the message all the same, which the profile {self.profile.name} accepts here"
            )

    def must_have_ended(self) -> None:
        """Leave nothing to judge if the relay was still reading a reply without end, which `times_out` judges.

        Raises:
            NotApplicable: The first attempts had not failed yet.
        """
        if not self.mode.needs_total_deadline:
            return
        closed = self.evidence.staged.closed or math.inf
        reading = {event.connection for event in self.evidence.of("smtp", "fault")}
        ended = {event.connection for event in self.evidence.of("tcp", "closed") if event.at <= closed}
        if reading - ended:
            raise NotApplicable(
                "the relay was still reading the reply when the window closed (see times_out)"
            )

    @property
    def may_be_borne(self) -> bool:
        """Whether the profile accepts that the message is delivered in spite of the fault, at once or later."""
        return self.profile.accepted(self.mode, Outcome.DELIVERED) is not None

    @property
    def was_delivered_at_once(self) -> bool:
        """Whether the relay delivered in spite of the fault and the profile accepts that."""
        return self.outcome is Outcome.DELIVERED and self.may_be_borne

    @property
    def was_returned_at_once(self) -> bool:
        """Whether the relay gave up at once and the profile accepts that; the aspect `recovers` asks for the NDR."""
        # both returned and delivered is accepted by nobody
        gone = self.outcome is Outcome.PERMANENT and not self.evidence.messages
        return gone and self.profile.accepted(self.mode, Outcome.PERMANENT) is not None

    def must_have_waited(self) -> None:
        """Leave nothing to judge if the profile accepts that it was returned at once, or has another lifetime.

        Raises:
            NotApplicable: There was nothing to wait, to retry or to recover, or not for the 24 hours that were played.
        """
        granted = self.evidence.staged.granted.queue_lifetime
        timing = timing_of(self.evidence.staged.course)
        if timing is Timing.COMPRESSED:
            self._must_have_been_granted_the_day()
        real_day = timing in (Timing.JUMPED, Timing.RESTARTED)
        if real_day and self.profile.any_lifetime and abs(granted - DAY) > _LIFETIME_TOLERANCE:
            raise NotApplicable(
                f"the relay granted a lifetime of {granted / HOUR:.1f} h, which the profile {self.profile.name} "
                "accepts; 24 h were played"
            )
        self.must_have_failed()
        if self.evidence.staged.repaired is None and self.evidence.messages and self.may_be_borne:
            raise NotApplicable(
                f"a later attempt delivered in spite of the fault, which the profile {self.profile.name} accepts here"
            )
        if self.was_returned_at_once:
            raise NotApplicable(
                f"the relay returned the message at once, which the profile {self.profile.name} accepts here"
            )

    def _must_have_been_granted_the_day(self) -> None:
        """Leave nothing to judge if the lifetime that was granted does not stand for 24 hours.

        That holds for every profile: who can be given no lifetime of seconds is not in the wrong. Whether it is one of
        24 real hours shows on a moved clock.

        Raises:
            NotApplicable: It differs by more than the relay's granularity from the one asked for.
        """
        granted, asked = self.evidence.staged.granted, self.evidence.record.header.asked.queue_lifetime
        off = abs(granted.queue_lifetime - asked)
        if off > max(granted.granularity, asked * _LIFETIME_TOLERANCE / DAY):
            raise NotApplicable(
                f"the relay granted a lifetime of {granted.queue_lifetime} s where {asked} s were to stand for 24 h; "
                f"if it takes no shorter one, --conformance-day={math.ceil(granted.queue_lifetime)} would do"
            )

    def requirement(self, slot: str) -> Requirement:
        """Return the catalogue row behind `aspect.slot`."""
        return self.profile.requirement(slot, self.mode, self.requirements[slot])

    def intact(self, slot: str) -> list[Finding]:
        """Compare every copy that arrived with what was submitted, envelope and content; nothing if none did."""
        damage = [altered(self.evidence.staged, message) for message in self.evidence.messages]
        found = next(filter(None, damage), "")
        expected = "envelope and content intact"
        return [self.finding(slot, holds=not found, expected=expected, observed=found or expected)] * bool(
            damage
        )

    def finding(
        self,
        slot: str,
        *,
        holds: bool,
        expected: str,
        observed: str,
        only_late: bool = False,
        conclusive: bool = False,
    ) -> Finding:
        """Return a finding against the catalogue row behind `aspect.slot`."""
        row = self.requirement(slot)
        return Finding(
            requirement=row.id,
            level=row.level,
            holds=holds,
            expected=expected,
            observed=observed,
            only_late=only_late and not holds,
            conclusive=conclusive and not holds,
            slot=slot,
        )


Judge = Callable[[Case], Sequence[Finding]]

# The place of an aspect that names none: behind all others.
LAST = 1000


class AspectError(Exception):
    """An aspect is declared wrongly; the text names it and the reason."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What is asked of a case.

    Attributes:
        name: `error_code`, `retried`, ...
        judge: The function.
        requirements: The catalogue ids that it judges, by `aspect.slot`, the main one first; none if the rows of a
            profile name them.
    """

    name: str
    judge: Judge
    requirements: Mapping[str, str]

    def main_requirement(self, mode: FailureMode, profile: Profile) -> Requirement:
        """Return the catalogue row that a failure mode serves first of all under this aspect."""
        for slot, own in self.requirements.items():
            return profile.requirement(slot, mode, own)
        return profile.code_requirement(mode)

    def is_asked_by(self, profile: Profile) -> bool:
        """Tell whether a profile asks any of it."""
        return not self.requirements or any(profile.asks(slot) for slot in self.requirements)


@dataclass(frozen=True, kw_only=True, eq=False)
class Aspect(Question):
    """A function of the suite, and what it applies to.

    Attributes:
        courses: The courses whose evidence it reads, one item for each.
        kinds: Which kinds of failure modes it applies to.
        only: Names of the failure modes it is limited to on a course, where that is too long for all of them.
        where: Which failure modes it is limited to on a course, whatever they are called.
        place: Where it stands among the others.
    """

    courses: tuple[Course, ...]
    kinds: tuple[Kind, ...]
    only: Mapping[Course, tuple[str, ...]]
    where: Callable[[FailureMode, Course], bool]
    place: int

    def scenarios(self) -> Iterator[Scenario]:
        """Yield every scenario that this aspect can judge."""
        for mode in ALL.values():
            if mode.kind in self.kinds:
                for course in self.courses:
                    if course is Course.EXPIRES and mode.brief:
                        continue
                    if mode.name in self.only.get(course, (mode.name,)) and self.where(mode, course):
                        yield Scenario(failure_mode=mode, course=course)

    def label(self, scenario: Scenario) -> str:
        """Return what stands between the brackets of a node id."""
        name = scenario.failure_mode.name
        return name if len(self.courses) == 1 else f"{name}-{scenario.course}"


def aspect(
    *courses: Course,
    kinds: tuple[Kind, ...] = (Kind.TRANSIENT,),
    only: tuple[str, ...] | Mapping[Course, tuple[str, ...]] = MappingProxyType({}),
    where: Callable[[FailureMode, Course], bool] = lambda _mode, _course: True,
    place: int = LAST,
    requirements: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[Judge], Aspect]:
    """Declare a function `test_<name>` of the suite as an aspect; see `Aspect`.

    Args:
        courses: The courses whose evidence it reads.
        kinds: Which kinds of failure modes it applies to.
        only: Names of the failure modes it is limited to, on all courses or on some.
        where: Which failure modes it is limited to on a course.
        place: Where it stands among the others in node ids and reports: in the order of numbers, and of names where
            two are equal.
        requirements: The catalogue ids that it judges, by slot, the main one first.

    Raises:
        AspectError: It names a requirement or a failure mode that does not exist.
    """

    def declare(judge: Judge) -> Aspect:
        name = judge.__name__.removeprefix("test_")
        limited = dict.fromkeys(courses, only) if isinstance(only, tuple) else only
        _check(name, "requirement", requirements.values(), catalogue())
        _check(name, "failure mode", (each for names in limited.values() for each in names), ALL)
        return Aspect(
            name=name,
            judge=judge,
            courses=courses,
            kinds=kinds,
            only=limited,
            where=where,
            place=place,
            requirements={f"{name}.{slot}": row for slot, row in requirements.items()},
        )

    return declare


def _check(name: str, what: str, named: Iterable[str], known: Mapping[str, object]) -> None:
    missing = sorted(set(named) - set(known))
    if missing:
        raise AspectError(f"the aspect {name} names no such {what}: {', '.join(missing)}")


def on_first_course(mode: FailureMode, course: Course) -> bool:
    """Tell whether a course is the one on which what a failure mode does shows first."""
    return _FIRST_COURSE.get(mode.kind) is course


__all__ = [
    "Aspect",
    "AspectError",
    "Case",
    "Course",
    "FailureMode",
    "Finding",
    "Kind",
    "Outcome",
    "Question",
    "aspect",
    "on_first_course",
]
