"""The machine-readable result: `report.jsonl`, from which every other view could be made.

A header, one row for each verdict, one for each requirement, one row of evidence for each scenario, and a footer with
the counts. It is written as the run goes, so that whoever ends the run finds what was known by then. Without footer
the run is incomplete.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any, TextIO

from conformance import __version__
from conformance.catalogue.course import Course
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record, unstructure
from conformance.evidence.view import Evidence
from conformance.judging.case import case_of
from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict
from conformance.report.facts import version_of
from conformance.report.failure import at_fault
from conformance.report.overview import Row
from conformance.report.overview import rows as overview
from conformance.report.results import PytestOutcome, Results, unexpected
from conformance.report.standing import standings
from conformance.report.timeline import TimelineEntry, timeline
from conformance.report.took import Took, longest_window
from conformance.report.waived import waiver_header, waiver_rows, waivers_in
from conformance.report.writing import cleaned

# The format of the report. Fields may be added to it; one that goes, or means something else, makes another number.
FORMAT = 1


class ReportError(Exception):
    """The report cannot be written; the text says why."""


class ReportFile:
    """The file `report.jsonl` of one run, written as the run goes.

    What cannot be written is no error of the run: it goes on, and `complaint` says so at its end.

    Args:
        folder: Where it is written; what an earlier run left there under our names is taken away at once.

    Raises:
        ReportError: It cannot be written.

    Attributes:
        path: The file.
        complaint: Why it is not complete; empty: nothing went wrong.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "report.jsonl"
        self.complaint = ""
        self._file: TextIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path.open("a").close()
            self.path.unlink()
        except OSError as error:
            raise ReportError(f"cannot write {self.path}: {error.strerror}") from error

    def begin(self, run: Results) -> None:
        """Write the header with what is known by now; once more when all is staged, as long as nothing is judged."""
        with self._complaining():
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8")
            self._file.seek(0)
            self._file.truncate()
            self._write(_header(run) if run.records else _opening(run))

    def add(self, run: Results, test: Test, judged: Judged) -> None:
        """Write what became of a test."""
        with self._complaining():
            self._write(_verdict(run, test, judged))

    def end(self, run: Results, *, selected: int, status: int, interrupted: str, took: Took) -> None:
        """Write the timelines, the records beside it, and how the run ended; nothing if it had not begun.

        Args:
            run: What to report.
            selected: How many tests were to be judged; -x may have ended the run earlier.
            status: Its exit status.
            interrupted: Why it did not come to its end; empty: it did.
            took: Where its time went.
        """
        if self._file is None:
            return
        with self._complaining():
            for row in _conclusions(run):
                self._write(row)
            if run.target is not None:  # else the records are somebody's already
                self._keep(run)
            self._write(_last(run, selected=selected, status=status, interrupted=interrupted, took=took))
        with self._complaining():
            self._file.close()

    def discard(self) -> None:
        """Leave no report: nothing was staged, because a run of this kind cannot be made here."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self.path.unlink()

    def _write(self, row: dict[str, Any]) -> None:
        if self._file is not None and not self.complaint:  # behind a hole nothing is added
            self._file.write(json.dumps(cleaned(row)) + "\n")
            self._file.flush()

    def _keep(self, run: Results) -> None:
        """Copy the records, and the waivers; those of an earlier run would be taken for records of this one."""
        for old in self.path.parent.glob("record-*.jsonl"):
            old.unlink()
        for number, (record, path) in enumerate(zip(run.records, run.paths, strict=True)):
            if path.exists():  # a wave that was ended before it had begun left none
                copyfile(path, self.path.with_name(_name_of(record, number)))
        waivers = run.waivers.lies if run.waivers is not None else None
        if waivers is not None and waivers.resolve() != self.path.with_name(waivers.name).resolve():
            copyfile(waivers, self.path.with_name(waivers.name))

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.complaint = self.complaint or f"{self.path} is not complete: {error.strerror or error}"


def rows_of(
    run: Results, *, selected: int, status: int, interrupted: str, took: Took
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a run at its end, as the file has them; see `ReportFile.end`."""
    rows = [_header(run) if run.records else _opening(run)]
    rows += [_verdict(run, test, judged) for test, judged in run.judged]
    rows += _conclusions(run)
    rows.append(_last(run, selected=selected, status=status, interrupted=interrupted, took=took))
    yield from map(cleaned, rows)


def _conclusions(run: Results) -> Iterator[dict[str, Any]]:
    """Yield what follows the verdicts: waivers, how requirements stand, what to mend first, and what happened."""
    yield from waiver_rows(run)
    for standing in standings(run.judged, run.profile):
        yield standing.row()
    for row in overview(unexpected(run)):
        yield _to_mend(row)
    shown = {test.scenario.id: (test, judged.evidence) for test, judged in run.judged if judged.evidence}
    for test, evidence in shown.values():
        yield _evidence(test.scenario, evidence, run.profile)


def _last(run: Results, *, selected: int, status: int, interrupted: str, took: Took) -> dict[str, Any]:
    return {"kind": "interrupted", "by": interrupted} if interrupted else _footer(run, selected, status, took)


def _to_mend(row: Row) -> dict[str, Any]:
    return {
        "kind": "to_mend",
        "requirement": row.requirement.id,
        "level": row.level,
        "verdict": row.verdict,
        "harm": row.requirement.harm,
        "failure_modes": row.failure_modes,
        **({"of": row.of} if row.of else {}),
        "example": row.example.nodeid,
        "observed": row.observed,
    }


def _verdict(run: Results, test: Test, judged: Judged) -> dict[str, Any]:
    return {
        "kind": "verdict",
        "failure_mode": test.scenario.failure_mode.name,
        "course": test.scenario.course,
        "aspect": test.aspect.name,
        "requirement": judged.requirement.id,
        **({"broken": broken} if (broken := _broken(judged)) else {}),
        "level": judged.level,
        "verdict": judged.verdict,
        "expected": judged.expected,
        "observed": f"{at_fault(judged.fault)}: {judged.observed}" if judged.fault else judged.observed,
        "node_id": test.nodeid,
        **({"because": judged.because} if judged.because else {}),
        **({"waivers": found} if (found := waivers_in(judged)) else {}),
        "outcome": run.outcomes[test.nodeid],
        **({"xfail": run.xfailed[test.nodeid]} if test.nodeid in run.xfailed else {}),
    }


def _evidence(scenario: Scenario, evidence: Evidence, profile: Profile) -> dict[str, Any]:
    return {
        "kind": "evidence",
        "scenario": scenario.id,
        "failure_mode": evidence.staged.failure_mode,
        "course": evidence.staged.course,
        "lag": evidence.lag,
        "stretched": evidence.staged.stretched,
        **({"by_mx": True} if evidence.staged.by_mx else {}),
        **({"day": _day(scenario, evidence, profile)} if scenario.course is Course.DAY else {}),
        "timeline": [_entry(entry) for entry in timeline(evidence)],
    }


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    sign = {"sign": entry.sign} if entry.sign else {}
    return {"at": round(entry.at, 4), "layer": entry.layer, **sign, "text": entry.text}


def _day(scenario: Scenario, evidence: Evidence, profile: Profile) -> dict[str, Any]:
    """Return when the attempts of a compressed day began, in hours of that day."""
    case = case_of(scenario, evidence, profile, {})
    hours = 24 / evidence.staged.granted.queue_lifetime
    begun = [round(evidence.since_accepted(attempt.at) * hours, 3) for attempt in case.all_attempts]
    return {"seconds": evidence.staged.granted.queue_lifetime, "attempts": begun}


def _broken(judged: Judged) -> list[str]:
    """Return every requirement that does not hold, each once, in the order in which they were compared."""
    wrong = (finding.requirement for finding in judged.findings if finding.verdict is not Verdict.PASS)
    return list(dict.fromkeys(wrong))


def _footer(run: Results, selected: int, status: int, took: Took) -> dict[str, Any]:
    counts = Counter(judged.verdict for _, judged in run.judged)
    outcomes = Counter(run.outcomes.values())
    return {
        "kind": "footer",
        "selected": selected,
        "verdicts": len(run.judged),
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "outcomes": {outcome.value: outcomes[outcome] for outcome in PytestOutcome},
        "misfits": len(run.misfits),
        "exit_status": status,
        "seconds": took.seconds,
    }


def _opening(run: Results) -> dict[str, Any]:
    """Return a header of what is known before anything was staged."""
    adapter = type(run.target)
    module = f"{adapter.__module__}:{adapter.__qualname__}"
    return {
        "kind": "header",
        **_asked(run),
        "suite_version": __version__,
        "target": run.target.name if run.target else run.name,
        "target_version": version_of(run.target, module),
        "target_module": module,
        "profile": run.profile.name,
        "strict": run.strict,
        **waiver_header(run),
        **run.asked,
        "waves": [],
        "troubles": [],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _header(run: Results) -> dict[str, Any]:
    header = run.records[0].header
    return {
        "kind": "header",
        **_asked(run),
        "suite_version": header.suite,
        "target": header.target,
        "target_version": version_of(run.target, header.target_module),
        "target_module": header.target_module,
        "capabilities": header.capabilities,
        "profile": run.profile.name,
        "strict": run.strict,
        **waiver_header(run),
        **run.asked,
        **({"shard": dict(run.part)} if run.part else {}),
        "lab": header.lab,
        "schedule_asked": unstructure(header.asked),
        "schedule_granted": _granted(run.records[0]),
        "waves": [_wave(record, _name_of(record, number)) for number, record in enumerate(run.records)],
        "longest_window": max((r.footer.longest_window for r in run.records if r.footer), default=None),
        "longest_window_of": longest._asdict() if (longest := longest_window(run.records)) else None,
        "troubles": [unstructure(trouble) for trouble in run.troubles],
        "stopped": [{**unstructure(stopped), "by": list(names)} for stopped, names in run.stopped],
        "platform": header.platform,
        "started": header.started,
    }


def _asked(run: Results) -> dict[str, Any]:
    """Return what the report is written in, and which version of the catalogue it answers."""
    return {
        "format": FORMAT,
        "catalogue": run.profile.catalogue,
        "catalogue_digest": run.catalogue_digest,
    }


def _wave(record: Record, name: str) -> dict[str, Any]:
    """Describe one wave: the clock that was used, what was asked and granted, how long it took."""
    return {
        "clock": record.header.timing,
        "schedule_asked": unstructure(record.header.asked),
        "schedule_granted": _granted(record),
        "again": any(staged.stretched for staged in record.staged.values()),
        "slack": record.header.slack,
        "scenarios": len(record.staged),
        "seconds": record.footer.seconds if record.footer else None,
        "longest_window": record.footer.longest_window if record.footer else None,
        "record": name,
    }


def _granted(record: Record) -> object:
    granted = [staged.granted for staged in record.staged.values()]
    return unstructure(granted[0]) if granted else None


def _name_of(record: Record, number: int) -> str:
    """Return the name under which the record of the nth wave is kept beside the report."""
    return f"record-{number + 1}-{record.header.timing}.jsonl"
