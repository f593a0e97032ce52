"""What changed from one run to another: each test, and what that means for each requirement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from conformance.across.reading import RED, Report, ReportUnfit, Test
from conformance.across.transitions import Change, change
from conformance.catalogue.requirements import catalogue
from conformance.report.standing import Standing
from conformance.report.writing import line_of
from conformance.waivers.each_time import without_times

# Standings of a test in which something was compared.
_COMPARED = (Standing.PASS, *RED)

# What two runs may differ in, and be compared nevertheless, as it is called; the reader is told.
_TOLD = {
    "target": "target",
    "target_version": "version",
    "target_module": "adapter",
    "capabilities": "capabilities",
    "lab": "lab",
    "catalogue": "catalogue",
    "suite_version": "suite version",
    "strict": "--conformance-strict",
    "day": "--conformance-day",
    "schedules": "fault schedules",
}


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What came of one test, or of one requirement as a whole.

    Attributes:
        name: What a reader knows it by.
        requirement: The catalogue id that it is about.
        level: How binding that is.
        before: What was said; None: there was no such test.
        after: What is said; None: there is none any more.
        change: What that means.
        observed: What is seen now; what was, where there is no such test any more.
        was: What was seen before, where that is as red and something else.
        newly: The requirements that are broken now in a test that was red before for others.
    """

    name: str
    requirement: str
    level: str
    before: Standing | None
    after: Standing | None
    change: Change
    observed: str = ""
    was: str = ""
    newly: Sequence[str] = ()

    @property
    def words(self) -> str:
        """From what to what; `gone` and `new` where a report does not have it."""
        return f"{_word(self.before, 'new')} -> {_word(self.after, 'gone')}"


def _word(standing: Standing | None, absent: str) -> str:
    return absent if standing is None else standing.value.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changed from one report to another.

    Attributes:
        old: The one.
        new: The other.
        tests: What came of each test, in the order of the new report and then of what is gone.
        requirements: What came of each requirement as a whole; none if a report is too old to say how they stand.
    """

    old: Report
    new: Report
    tests: Sequence[Changed]
    requirements: Mapping[str, Changed]

    @cached_property
    def counts(self) -> Mapping[Change, int]:
        """How many tests there are of each kind of change."""
        return Counter(each.change for each in self.tests)

    @cached_property
    def differing(self) -> Sequence[tuple[str, str, str]]:
        """What else differs between the runs: what it is, and what each of them had."""
        return [
            (name, *_apart(self.old, self.new, key))
            for key, name in _TOLD.items()
            if self.old.header.get(key) != self.new.header.get(key)
        ]

    @cached_property
    def unasked(self) -> Sequence[Changed]:
        """The requirements that held, and of which nothing is judged any more for want of something to judge."""
        gone = (Standing.NOT_APPLICABLE, None)
        return [
            each for each in self.requirements.values() if each.before is Standing.PASS and each.after in gone
        ]

    @cached_property
    def fallen(self) -> Sequence[tuple[Changed, Sequence[Test]]]:
        """The requirements that stand worse as a whole, with the tests by which they do.

        Not those that are found broken by tests only of which nobody knew anything before.
        """
        found = []
        for each in self.requirements.values():
            if each.change is Change.WORSE:
                tests, new = self._broken_by(each)
                if tests or not new:
                    found.append((each, tests))
        return found

    @cached_property
    def fallen_untold(self) -> Sequence[tuple[Changed, Sequence[Test]]]:
        """Those of them under whose name no test is told that got worse."""
        told = {each.requirement for each in self.tests if each.change is Change.WORSE}
        return [(each, tests) for each, tests in self.fallen if each.name not in told]

    def _broken_by(self, whole: Changed) -> tuple[Sequence[Test], bool]:
        """Return the tests that were compared before and break a requirement more than then; whether new ones do."""
        tests, new = [], False
        for node_id, test in self.new.tests.items():
            if test.standing not in RED or whole.name not in _broken_in(test):
                continue
            before = self.old.tests.get(node_id)
            if before is None or before.standing not in _COMPARED:
                new = True
            elif (
                whole.before is Standing.PASS
                or whole.name not in _broken_in(before)
                or change(before.standing, test.standing) is Change.WORSE
            ):
                tests.append(test)
        return tests, new

    def by_requirement(self, kind: Change) -> Iterator[tuple[str, str, Sequence[Changed]]]:
        """Yield each requirement for which tests changed in one way: its level, its id, the tests."""
        found: dict[str, list[Changed]] = {}
        for each in self.tests:
            if each.change is kind:
                found.setdefault(each.requirement, []).append(each)
        order = list(catalogue())
        for name in sorted(found, key=lambda id_: order.index(id_) if id_ in order else len(order)):
            yield found[name][0].level, name, found[name]

    def status(self, *, count_new: bool) -> int:
        """Return the exit status: 1: something got worse, 3: something is no longer known, 0: neither.

        Args:
            count_new: Whether what is newly known to be red counts as worse.
        """
        if self.counts[Change.WORSE] or self.fallen or (count_new and self.counts[Change.FOUND]):
            return 1
        return 3 if self.counts[Change.LOST] or self.unasked else 0


def compare(old: Report, new: Report) -> Comparison:
    """Compare two reports.

    Raises:
        ReportUnfit: They were judged by different profiles, or have no test in common.
    """
    if old.header["profile"] != new.header["profile"]:
        raise ReportUnfit(
            f"{old.path} and {new.path}: profile is {old.said('profile')} and {new.said('profile')}, which ask for "
            "different things; judge both by one: pytest --conformance-replay=DIR --conformance-profile=NAME"
        )
    if not old.tests.keys() & new.tests.keys():
        raise ReportUnfit(f"{old.path} and {new.path}: no test is in both")
    names = dict.fromkeys((*new.tests, *old.tests))
    return Comparison(
        old=old,
        new=new,
        tests=[_of_test(old.tests.get(name), new.tests.get(name), new) for name in names],
        requirements=dict(_of_requirements(old, new)),
    )


def _apart(old: Report, new: Report, key: str) -> tuple[str, str]:
    """Return what two headers say of something; of lists what only one of them has."""
    ours, theirs = old.header.get(key), new.header.get(key)
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return old.said(key), new.said(key)
    only = ([each for each in ours if each not in theirs], [each for each in theirs if each not in ours])
    return line_of(", ".join(map(str, only[0])) or "-"), line_of(", ".join(map(str, only[1])) or "-")


def _of_test(before: Test | None, after: Test | None, new: Report) -> Changed:
    told = after or before
    assert told is not None
    was, now = before.standing if before else None, after.standing if after else None
    kind = change(was, now)
    if before and after and kind is not Change.BETTER and (newly := _newly_broken(before, after)):
        return _breaks_more(before, after, newly, new)
    seen_otherwise = False
    if before and after:
        # which requirement is in question is the red one's business
        told = after if now in RED or was not in RED else before
        seen_otherwise = kind is Change.SAME and now in RED and _seen_otherwise(before, after)
    return Changed(
        name=told.name,
        requirement=told.requirement,
        level=told.level,
        before=was,
        after=now,
        change=Change.OTHERWISE if seen_otherwise else kind,
        observed=(after or told).observed,
        was=before.observed if before and seen_otherwise else "",
    )


def _broken_in(test: Test) -> Sequence[str]:
    """Return what is broken in a test; of a report that does not say all of it, what decided."""
    return (test.requirement,) if test.broken is None else test.broken


def _newly_broken(before: Test, after: Test) -> Sequence[str]:
    """Return what is broken in a test that was red before for something else; nothing if one of them does not say."""
    if before.standing not in RED or before.broken is None or after.broken is None:
        return ()
    return [name for name in after.broken if name not in before.broken]


def _seen_otherwise(before: Test, after: Test) -> bool:
    return (before.requirement, without_times(before.observed)) != (
        after.requirement,
        without_times(after.observed),
    )


def _breaks_more(before: Test, after: Test, newly: Sequence[str], new: Report) -> Changed:
    """Return what came of a test that was red, and now is for another requirement, under whose name it is told."""
    name = newly[0]
    stands, known = new.stands.get(name), catalogue().get(name)
    decided = after.requirement == name  # what is observed is about the requirement that decided
    return Changed(
        name=after.name,
        requirement=name,
        level=stands.level if stands else known.level if known else after.level,
        before=before.standing,
        after=after.standing,
        change=Change.WORSE,
        observed=after.observed if decided else f"{after.requirement}: {after.observed}",
        was=before.observed if _seen_otherwise(before, after) else "",
        newly=newly,
    )


def _of_requirements(old: Report, new: Report) -> Iterator[tuple[str, Changed]]:
    if not old.stands or not new.stands:
        return
    for name in dict.fromkeys((*new.stands, *old.stands)):
        before, after = old.stands.get(name), new.stands.get(name)
        told = after or old.stands[name]
        was, now = before.standing if before else None, after.standing if after else None
        yield (
            name,
            Changed(
                name=name,
                requirement=name,
                level=told.level,
                before=was,
                after=now,
                change=change(was, now),
            ),
        )
