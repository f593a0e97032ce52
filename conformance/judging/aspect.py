"""Aspects: things that must hold, each judged for every failure mode of its kind.

An aspect is one function in one file `conformance/suite/test_<aspect>.py`, found there by its name. It gets a `Case`,
reads its evidence and returns what it compared; it opens no socket and waits for nothing. Its declaration names the
rows of the catalogue that it judges (a profile has a row of its own only where it asks something else), of which fates
of a message it speaks, and what it needs besides: `judge.py` looks after these before it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType

from conformance.catalogue import versions
from conformance.catalogue.course import Course
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import Reach
from conformance.judging.case import Case
from conformance.judging.fate import SEEN, Fate
from conformance.judging.needs import Need
from conformance.judging.verdict import Finding
from conformance.target import Outcome
from conformance.witness.amid import BY_OPERATOR, Amid

# The course on which what a failure mode does shows first; an aspect of several kinds reads each on its own.
_FIRST_COURSE = {
    Kind.CONTROL: Course.HEALTHY,
    Kind.HARMLESS: Course.PERSISTS,
    Kind.PASSING: Course.PERSISTS,
    Kind.CONTENT: Course.PERSISTS,
    Kind.TRANSIENT: Course.HEALED,
    Kind.PERMANENT: Course.REJECTED,
    Kind.MIXED: Course.MIXED,
    Kind.REPORTED: Course.REPORTED,
    Kind.BATCH: Course.BATCH,
    Kind.AMID: Course.AMID,
}

# The course of what an operator does, or is told of, amid an attempt, where it is no edit.
_AMONG_OTHERS: Mapping[Amid | None, Course] = {
    Amid.FIX_NOW: Course.FIXED_NOW_AMID,
    Amid.ALERT: Course.ALERTED_AMID,
}

Judge = Callable[[Case], Sequence[Finding]]

# The place of an aspect that names none: behind all others.
LAST = 1000


class AspectError(Exception):
    """An aspect is declared wrongly; the text names it and the reason."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Criterion:
    """What is asked of a case.

    Attributes:
        name: `error_code`, `retried`, ...
        judge: The function.
        requirements: The catalogue ids that it judges, by `aspect.slot`, the main one first; none if the rows of a
            profile name them.
        fates: Of which fates it speaks on a course; of all, where nothing is said.
        partly: Those of them of which it speaks under a condition only, and that in words; else they are left to the
            aspect that is about them (`Case.leave`).
        owns: The fates that are what it is about, and a relay's fault: no other aspect fails for one of them.
        elsewhere: Courses that it does not judge, and on which these fates are left to it all the same, if it fails for
            the same one in the scenario of the same failure mode on the first of its own (`masks.py`).
        needs: What must be in order besides, looked at before the fate.
        outlives_relay: Whether it is asked even where the relay was gone before the window closed.
        by_itself: Whether it proves something even where a positive control did not pass.
        of_refusals: Whether it speaks of a message that is not ordinary even where the relay refused it.
        told_apart: Slots that only say in which way something is wrong: they hold where everything does.
        borrowed: Slots of other aspects of which it has findings as well, with the catalogue ids that those name.
    """

    name: str
    judge: Judge
    requirements: Mapping[str, str]
    fates: Mapping[Course, Set[Fate]] = field(default_factory=dict)
    partly: Mapping[Fate, str] = field(default_factory=dict)
    owns: Set[Fate] = frozenset()
    elsewhere: Set[Course] = frozenset()
    needs: tuple[Need, ...] = ()
    outlives_relay: bool = False
    by_itself: bool = False
    of_refusals: bool = False
    told_apart: Set[str] = frozenset()
    borrowed: Mapping[str, str] = field(default_factory=dict)

    def main_requirement(self, mode: FailureMode, profile: Profile) -> Requirement:
        """Return the catalogue row that a failure mode serves first of all under this aspect."""
        if not self.requirements:
            return profile.code_requirement(mode)
        rows = [profile.requirement(slot, mode, own) for slot, own in self.requirements.items()]
        return next((row for row in rows if profile.counts(row.id)), rows[0])

    def judges(self, mode: FailureMode, profile: Profile) -> set[str]:
        """Return the catalogue ids that it can judge for a failure mode."""
        if not self.requirements:
            return profile.code_requirements(mode)
        asked = {
            profile.requirement(slot, mode, own).id
            for slot, own in self.requirements.items()
            if profile.asks(slot)
        }
        return set(filter(profile.counts, asked))

    def may_find(self, mode: FailureMode, profile: Profile) -> set[str]:
        """Return the catalogue ids of which it can have a finding for a failure mode; some may be other aspects'."""
        borrowed = {profile.requirement(slot, mode, own).id for slot, own in self.borrowed.items()}
        return self.judges(mode, profile) | borrowed

    def also_hold(self, mode: FailureMode, profile: Profile) -> set[str]:
        """Return the catalogue ids that hold where everything that was compared does, though no finding names them."""
        apart = {
            profile.requirement(slot, mode, self.requirements[slot]).id
            for slot in self.told_apart
            if profile.asks(slot)
        }
        return set(filter(profile.counts, apart))

    def is_asked_by(self, profile: Profile) -> bool:
        """Tell whether a profile asks any of it."""
        return not self.requirements or any(profile.asks(slot) for slot in self.requirements)


@dataclass(frozen=True, kw_only=True, eq=False)
class Aspect(Criterion):
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
            for course in self.courses:
                if self.reads(mode, course):
                    yield Scenario(failure_mode=mode, course=course)

    def reads(self, mode: FailureMode, course: Course) -> bool:
        """Tell whether it can judge a failure mode on a course."""
        if mode.kind not in self.kinds or course not in self.courses:
            return False
        if course is Course.EXPIRES and mode.brief:
            return False
        return mode.name in self.only.get(course, (mode.name,)) and self.where(mode, course)

    def is_in(self, version: str, scenario: Scenario) -> bool:
        """Tell whether a version of the catalogue has its test of a scenario.

        The failure mode must be in it, what the aspect reaches, and a requirement that it names itself; where a profile
        names them, its rows are for failure modes (`Profile.counts` leaves out what is newer).
        """
        if version == versions.newest():
            return True
        mode = scenario.failure_mode
        if not versions.is_in(versions.since_of_reach(Reach(self.name, scenario.course, mode.kind)), version):
            return False
        if mode.kind is not Kind.SCHEDULE and not versions.is_in(versions.since_of_mode(mode.name), version):
            return False
        rows = [catalogue()[row].since for row in self.requirements.values()]
        return not rows or any(versions.is_in(since, version) for since in rows)

    def test_name(self, scenario: Scenario) -> str:
        """Return the name of the test of a scenario."""
        return f"test_{self.name}[{self.label(scenario)}]"

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
    fates: Set[Fate] | Mapping[Course, Set[Fate]] = MappingProxyType({}),
    partly: Mapping[Fate, str] = MappingProxyType({}),
    owns: Set[Fate] = frozenset(),
    elsewhere: Set[Course] = frozenset(),
    needs: tuple[Need, ...] = (),
    outlives_relay: bool = False,
    by_itself: bool = False,
    of_refusals: bool = False,
    told_apart: Set[str] = frozenset(),
    borrowed: Mapping[str, str] = MappingProxyType({}),
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
        fates: Of which fates of a message it speaks, on all courses or on some; of all, if nothing is said.
        partly: Of which of them only under a condition, and under which.
        owns: Which fates are what it is about, on its courses; see `owner_of`.
        elsewhere: On which further courses these fates are left to it; see `owner_elsewhere`.
        needs: What must be in order besides.
        outlives_relay: Whether it is asked even where the relay was gone before the window closed.
        by_itself: Whether it proves something even where a positive control did not pass.
        of_refusals: Whether it speaks of a message that is not ordinary even where the relay refused it.
        told_apart: Which slots only say in which way something is wrong.
        borrowed: Of which slots of other aspects it has findings as well, with the catalogue ids that those name.
        requirements: The catalogue ids that it judges, by slot, the main one first.

    Raises:
        AspectError: It names a requirement or a failure mode that does not exist.
    """

    def declare(judge: Judge) -> Aspect:
        name = judge.__name__.removeprefix("test_")
        limited = dict.fromkeys(courses, only) if isinstance(only, tuple) else only
        _check(name, "requirement", [*requirements.values(), *borrowed.values()], catalogue())
        _check(name, "failure mode", (each for names in limited.values() for each in names), ALL)
        made = Aspect(
            name=name,
            judge=judge,
            courses=courses,
            kinds=kinds,
            only=limited,
            where=where,
            place=place,
            fates=fates if isinstance(fates, Mapping) else dict.fromkeys(courses, fates),
            partly=partly,
            owns=owns,
            elsewhere=elsewhere,
            needs=needs,
            outlives_relay=outlives_relay,
            by_itself=by_itself,
            of_refusals=of_refusals,
            told_apart={f"{name}.{slot}" for slot in told_apart},
            borrowed=borrowed,
            requirements={f"{name}.{slot}": row for slot, row in requirements.items()},
        )
        for owners, where_owned, what in ((_OWNERS, courses, owns), (_ELSEWHERE, elsewhere, owns - SEEN)):
            for owned in ((course, fate) for course in where_owned for fate in what):
                other = owners.setdefault(owned, made)
                if other is not made and other.name != name:
                    raise AspectError(
                        f"the aspects {other.name} and {name} both own the fate {owned[1]} on {owned[0]}"
                    )
        _DECLARED.setdefault(name, made)
        return made

    return declare


# Which aspect is about a fate that is a relay's fault, on a course; and the same for courses of which that one judges
# nothing.
_OWNERS: dict[tuple[Course, Fate], Aspect] = {}
_ELSEWHERE: dict[tuple[Course, Fate], Aspect] = {}

# Every aspect that was declared, by its name.
_DECLARED: dict[str, Aspect] = {}


def owner_of(course: Course, fate: Fate) -> Aspect | None:
    """Return the aspect that is about a fate on a course; None: each that speaks of it judges for itself."""
    return _OWNERS.get((course, fate))


def owner_elsewhere(course: Course, fate: Fate) -> Aspect | None:
    """Return the aspect that is about a fate on a course of which it judges nothing; None: there is no such one."""
    return _ELSEWHERE.get((course, fate))


def named(name: str) -> Aspect | None:
    """Return the aspect of that name, if one was declared."""
    return _DECLARED.get(name)


def aspect_of(test_name: str) -> Aspect | None:
    """Return the aspect of a test, by the name that the test has (`Aspect.test_name`); None: there is no such one."""
    return named(test_name.removeprefix("test_").partition("[")[0])


def _check(name: str, what: str, named: Iterable[str], known: Mapping[str, object]) -> None:
    missing = sorted(set(named) - set(known))
    if missing:
        raise AspectError(f"the aspect {name} names no such {what}: {', '.join(missing)}")


def on_first_course(mode: FailureMode, course: Course) -> bool:
    """Tell whether a course is the one on which what a failure mode does shows first."""
    if mode.amid in BY_OPERATOR:
        return course is _AMONG_OTHERS.get(mode.amid, Course.EDITED_AMID)
    return _FIRST_COURSE.get(mode.kind) is course


__all__ = [
    "Aspect",
    "AspectError",
    "Case",
    "Course",
    "Criterion",
    "FailureMode",
    "Finding",
    "Kind",
    "Outcome",
    "aspect",
    "on_first_course",
]
