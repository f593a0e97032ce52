"""Writing a file of waivers: a row for each way in which something does not hold in a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import newest
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged, Test
from conformance.judging.systematic import is_the_same
from conformance.judging.verdict import Finding, Verdict
from conformance.judging.waivable import places
from conformance.judging.waived import compares
from conformance.report.results import Results
from conformance.session.waiving import name_of
from conformance.suite import ASPECTS
from conformance.waivers import Waiver, Waivers
from conformance.waivers.reading import GENERATED, today_in_utc
from conformance.waivers.writing import Row, pattern_for, written

# So many days are proposed to whoever fills a file in.
PROPOSED = timedelta(days=90)
# What says nothing of a relay.
_SILENT = (Verdict.INCONCLUSIVE, Verdict.ERROR)


class WaiverFile:
    """The file that `--conformance-write-waivers` names.

    Raises:
        ValueError: It cannot be written, or is there already, with what somebody filled in.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            raise ValueError("it is there already; name another file, or move it away")
        if not path.parent.is_dir():
            raise ValueError(f"there is no folder {path.parent}")

    def write(self, run: Results) -> None:
        """Write a row for each way in which something does not hold in a run; what was waived keeps its reason.

        Raises:
            OSError: It cannot be written.
        """
        text = written(rows_of(run), catalogue=newest(), target=name_of(run), profile=run.profile.name)
        self.path.write_text(text, encoding="utf-8")


def rows_of(run: Results) -> list[tuple[Row, list[str]]]:
    """Return the rows, each with the names that it is about.

    What is wrong in one test with one requirement is one row, however often it was compared: a file with two for the
    same name is refused. What the run says nothing of stays as it was.
    """
    wrong: dict[_Place, _Wrong] = {}
    for test, judged in run.judged:
        for finding in _findings(judged):
            former = _former(run.waivers, test, finding)
            wrong.setdefault(_place(test, finding, former), _Wrong(former)).add(finding)
    rows: dict[Row, list[str]] = {}
    for place, its in wrong.items():
        rows.setdefault(its.row(place), []).append(place.name)
    waivers = run.waivers
    if waivers is not None:
        for waiver in waivers.rows:
            if kept := list(_kept(run, waivers, waiver)):
                place = _Place(waiver.verdict, waiver.requirement, waiver.aspect, "")
                rows.setdefault(_Wrong(waiver).row(place), []).extend(kept)
    return list(rows.items())


class _Place(NamedTuple):
    """What no two rows may have in common."""

    verdict: str
    requirement: str
    aspect: str
    name: str


@dataclass
class _Wrong:
    """All that is wrong at one place.

    Attributes:
        former: The row that is about this place in the file that the run had; None: there is none.
        observed: Patterns of what was observed, each once.
        is_new: Whether that row does not let all of it pass.
    """

    former: Waiver | None
    observed: dict[str, None] = field(default_factory=dict)
    is_new: bool = False

    def add(self, finding: Finding) -> None:
        if finding.waived is None:
            self.is_new = True
            self.observed[pattern_for(finding.observed)] = None
        else:
            self.observed |= dict.fromkeys(finding.waived.observed)

    def row(self, place: _Place) -> Row:
        """Return the row; what somebody said of it until now is kept, to be said anew where something is new."""
        former = self.former
        if former is None or self.is_new:
            reason = GENERATED if former is None else f"{GENERATED}; until now: {former.reason}"
            observed, expires = tuple(sorted(self.observed)), today_in_utc() + PROPOSED
        else:
            reason, observed, expires = former.reason, former.observed, former.expires
        return Row(
            verdict=place.verdict,
            requirement=place.requirement,
            aspect=place.aspect,
            observed=observed,
            reason=reason,
            expires=expires,
            link=former.link if former is not None else "",
            sometimes=former is not None and former.sometimes,
        )


def _findings(judged: Judged) -> Iterator[Finding]:
    """Yield what is wrong in a test that is red, waived, or told once in another one."""
    if judged.verdict not in (Verdict.FAIL, Verdict.DEVIATION, Verdict.WAIVED) and not is_the_same(judged):
        return
    for finding in judged.findings:
        if finding.unwaived is not Verdict.PASS:
            yield finding


def _former(waivers: Waivers | None, test: Test, finding: Finding) -> Waiver | None:
    """Return the row that is about a finding, whether it lets it pass or not; a file has one at most."""
    mode, course = test.scenario.failure_mode.name, test.scenario.course
    for waiver in waivers.rows if waivers is not None else ():
        if waiver.requirement == finding.requirement and waiver.concerns(test.aspect.name, mode, course):
            return waiver
    return None


def _place(test: Test, finding: Finding, former: Waiver | None) -> _Place:
    mode, course = test.scenario.failure_mode.name, test.scenario.course
    aspect, name = test.aspect.name, _name(test.aspect, test.scenario)
    if former is not None and not former.aspect:
        # as it was: beside a row that is about any aspect there can be none for one of them
        aspect, name = "", mode if mode in former.modes else f"{mode}-{course}"
    return _Place(finding.unwaived.value, finding.requirement, aspect, name)


def _kept(run: Results, waivers: Waivers, waiver: Waiver) -> Iterator[str]:
    """Yield the names of a row for which nothing was compared in a run, each as the profile of the run has it."""
    compared = {
        (test.aspect.name, test.scenario.id)
        for test, judged in run.judged
        if judged.verdict not in _SILENT and compares(waiver, test, judged, run.profile)
    }
    for name in sorted(waiver.modes):
        asked = [
            (aspect, scenario)
            for aspect in ASPECTS
            if waiver.aspect in ("", aspect.name)
            for scenario in places(waiver, aspect, name, waivers, [run.profile])
        ]
        silent = [each for each in asked if (each[0].name, each[1].id) not in compared]
        if waiver.aspect:
            yield from (_name(*each) for each in silent)
        elif asked and len(silent) == len(asked):
            yield name


def _name(aspect: Aspect, scenario: Scenario) -> str:
    """Return the failure mode of a test, with the course where the aspect judges it on several."""
    mode = scenario.failure_mode
    alone = sum(aspect.reads(mode, course) for course in aspect.courses) < 2
    return mode.name if alone else aspect.label(scenario)
