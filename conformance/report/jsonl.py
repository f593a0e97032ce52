"""The machine-readable result: `report.jsonl`, from which every other view could be made.

A header, one row for each verdict, one for each requirement, one row of evidence for each scenario, and a footer with
the counts. A report without footer is an incomplete run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

from conformance.evidence.record import Record, unstructure
from conformance.evidence.view import Evidence
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.report.facts import version_of
from conformance.report.failure import at_fault
from conformance.report.results import PytestOutcome, Results
from conformance.report.standing import standings
from conformance.report.timeline import timeline
from conformance.report.writing import cleaned


class ReportError(Exception):
    """The report cannot be written; the text says why."""


class ReportFile:
    """The file `report.jsonl` of one run.

    Attributes:
        path: Where it is written, at the end; an older one is taken away at once.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "report.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path.open("a").close()
            self.path.unlink()
        except OSError as error:
            raise ReportError(f"cannot write {self.path}: {error.strerror}") from error

    def write(self, run: Results, *, selected: int, footer: bool) -> None:
        """Write everything that was judged, and beside it the records, from which it can be judged again.

        Args:
            run: What to report.
            selected: How many tests were to be judged; -x may have ended the run earlier.
            footer: Whether the run came to its end.
        """
        with self.path.open("w", encoding="utf-8") as file:
            for row in _rows(run):
                file.write(json.dumps(cleaned(row)) + "\n")
            if run.target is not None:  # else the records are somebody's already
                self._keep(run)
            if footer:
                file.write(json.dumps(cleaned(_footer(run, selected))) + "\n")

    def _keep(self, run: Results) -> None:
        """Copy the records; those of an earlier run would be taken for records of this one."""
        for old in self.path.parent.glob("record-*.jsonl"):
            old.unlink()
        for number, (record, path) in enumerate(zip(run.records, run.paths, strict=True)):
            copyfile(path, self.path.with_name(_name_of(record, number)))


def _rows(run: Results) -> Iterator[dict[str, Any]]:
    yield _header(run)
    shown: dict[str, Evidence] = {}
    for item, judged in run.judged:
        if judged.evidence is not None:
            shown[item.scenario.id] = judged.evidence
        yield {
            "kind": "verdict",
            "failure_mode": item.scenario.failure_mode.name,
            "course": item.scenario.course,
            "aspect": item.aspect.name,
            "requirement": judged.requirement.id,
            **({"broken": broken} if (broken := _broken(judged)) else {}),
            "level": judged.level,
            "verdict": judged.verdict,
            "expected": judged.expected,
            "observed": f"{at_fault(judged.fault)}: {judged.observed}" if judged.fault else judged.observed,
            "node_id": item.nodeid,
            **({"because": judged.because} if judged.because else {}),
            "outcome": run.outcomes[item.nodeid],
            **({"xfail": run.xfailed[item.nodeid]} if item.nodeid in run.xfailed else {}),
        }
    yield from (each.row() for each in standings(run.judged, run.profile))
    for name, evidence in shown.items():
        yield {
            "kind": "evidence",
            "scenario": name,
            "failure_mode": evidence.staged.failure_mode,
            "course": evidence.staged.course,
            "lag": evidence.lag,
            "stretched": evidence.staged.stretched,
            "timeline": [
                {"at": round(e.at, 4), "layer": e.layer, "text": e.text} for e in timeline(evidence)
            ],
        }


def _broken(judged: Judged) -> list[str]:
    """Return every requirement that does not hold, each once, in the order in which they were compared."""
    wrong = (finding.requirement for finding in judged.findings if finding.verdict is not Verdict.PASS)
    return list(dict.fromkeys(wrong))


def _footer(run: Results, selected: int) -> dict[str, Any]:
    counts = Counter(judged.verdict for _, judged in run.judged)
    outcomes = Counter(run.outcomes.values())
    return {
        "kind": "footer",
        "selected": selected,
        "verdicts": len(run.judged),
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "outcomes": {outcome.value: outcomes[outcome] for outcome in PytestOutcome},
    }


def _header(run: Results) -> dict[str, Any]:
    header = run.records[0].header
    return {
        "kind": "header",
        "suite_version": header.suite,
        "target": header.target,
        "target_version": version_of(run.target, header.target_module),
        "target_module": header.target_module,
        "capabilities": header.capabilities,
        "profile": run.profile.name,
        "strict": run.strict,
        "schedules": run.schedules.drawn_by(),
        "lab": header.lab,
        "schedule_asked": unstructure(header.asked),
        "schedule_granted": _granted(run.records[0]),
        "waves": [_wave(record, _name_of(record, number)) for number, record in enumerate(run.records)],
        "longest_window": max((r.footer.longest_window for r in run.records if r.footer), default=None),
        "troubles": [unstructure(trouble) for trouble in run.troubles],
        "stopped": [{**unstructure(stopped), "by": list(names)} for stopped, names in run.stopped],
        "platform": header.platform,
        "started": header.started,
    }


def _wave(record: Record, name: str) -> dict[str, Any]:
    """Describe one wave: the clock that was used, what was asked and granted, how long it took."""
    return {
        "clock": record.header.timing,
        "schedule_asked": unstructure(record.header.asked),
        "schedule_granted": _granted(record),
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
