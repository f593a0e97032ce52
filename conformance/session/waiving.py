"""Which waivers a run has: those of the file that is named, or found in the project; and writing such a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from conformance.catalogue.versions import newest
from conformance.judging.judge import Judged, Test
from conformance.judging.systematic import is_the_same
from conformance.judging.verdict import Finding, Verdict
from conformance.report.results import Results
from conformance.suite import ASPECTS
from conformance.waivers import NAME, Waivers, load
from conformance.waivers.reading import GENERATED
from conformance.waivers.waiver import Waiver
from conformance.waivers.writing import Row, pattern_for, written

OPTION = "--conformance-waivers"
WRITE = "--conformance-write-waivers"
# So many days are proposed to whoever fills a file in.
PROPOSED = timedelta(days=90)
# In place of a file: none is used, whatever lies in the project.
NONE = "none"


def waivers_for(given: str | None, *, start: Path, root: Path, target: str, profile: str) -> Waivers | None:
    """Return the waivers of a run; None: there are none for it.

    Args:
        given: What the option names; None: it was not given.
        start: The folder to which that is relative.
        root: The project, where a file may be found.
        target: The relay, by the name that its adapter has.
        profile: What is accepted.

    Raises:
        WaiverError: The file cannot be used.
        ValueError: The file that is named is about another relay or profile; one that was found is left alone then.
    """
    if given == NONE or (given is None and not (root / NAME).exists()):
        return None
    path = root / NAME if given is None else start / given
    shown = path.relative_to(start) if path.is_relative_to(start) else path
    waivers = load(path, aspects=[aspect.name for aspect in ASPECTS], shown=shown)
    if waivers.is_about(target, profile):
        return waivers
    if given is None:
        return None
    about = [
        f"{key} {value}" for key, value in (("target", waivers.target), ("profile", waivers.profile)) if value
    ]
    raise ValueError(
        f"{given} is about {' and '.join(about)}, and this run about target {target} and profile {profile}"
    )


def name_of(run: Results) -> str:
    """Return the name of the relay of a run, as its adapter has it, or the record that is judged again."""
    return run.target.name if run.target is not None else run.name


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
        rows: dict[Row, dict[str, None]] = {}
        for test, judged in run.judged:
            for finding in _wrong(judged):
                row = _row(test, finding)
                rows.setdefault(row, {})[_name(test)] = None
        text = written(
            ((row, list(names)) for row, names in rows.items()),
            catalogue=run.waivers.catalogue if run.waivers else newest(),
            target=name_of(run),
            profile=run.profile.name,
        )
        self.path.write_text(text, encoding="utf-8")


def _wrong(judged: Judged) -> Iterator[Finding]:
    """Yield what is wrong in a test that is red, waived, or told once in another one: the same requirement once."""
    if judged.verdict not in (Verdict.FAIL, Verdict.DEVIATION, Verdict.WAIVED) and not is_the_same(judged):
        return
    for finding in judged.findings:
        if finding.unwaived is not Verdict.PASS:
            yield finding


def _name(test: Test) -> str:
    """Return the failure mode of a test, with the course where the aspect judges it on several."""
    aspect, mode = test.aspect, test.scenario.failure_mode
    alone = sum(aspect.reads(mode, course) for course in aspect.courses) < 2
    return mode.name if alone else aspect.label(test.scenario)


def _row(test: Test, finding: Finding) -> Row:
    waiver: Waiver | None = finding.waived
    return Row(
        verdict=finding.unwaived.value,
        requirement=finding.requirement,
        aspect=test.aspect.name,
        observed=waiver.observed if waiver else (pattern_for(finding.observed),),
        reason=waiver.reason if waiver else GENERATED,
        expires=waiver.expires if waiver else date.today() + PROPOSED,
        link=waiver.link if waiver else "",
    )
