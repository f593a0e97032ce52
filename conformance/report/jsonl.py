"""The machine-readable result: `report.jsonl`, from which every other view could be made.

A header, one row for each verdict, one row of evidence for each scenario, and a footer with the counts. A report
without footer is an incomplete run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.evidence import Evidence
from conformance.record import unstructure
from conformance.report.timeline import timeline

if TYPE_CHECKING:
    from conformance.run import Run


def write_report(folder: Path, run: Run) -> Path:
    """Write `report.jsonl` into a folder, which is made if need be; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in _rows(run):
            file.write(json.dumps(row) + "\n")
    return path


def _rows(run: Run) -> Iterator[dict[str, Any]]:
    yield _header(run)
    counts: Counter[str] = Counter()
    shown: dict[str, Evidence] = {}
    for item, judged in run.judged:
        counts[judged.verdict] += 1
        if judged.evidence is not None:
            shown[item.scenario.id] = judged.evidence
        yield {
            "kind": "verdict",
            "failure_mode": item.scenario.failure_mode.name,
            "course": item.scenario.course,
            "aspect": item.aspect.name,
            "requirement": judged.requirement.id,
            "level": judged.level,
            "verdict": judged.verdict,
            "expected": judged.expected,
            "observed": judged.observed,
            "fault": judged.fault,
            "node_id": item.nodeid,
        }
    for name, evidence in shown.items():
        yield {
            "kind": "evidence",
            "scenario": name,
            "failure_mode": evidence.staged.failure_mode,
            "course": evidence.staged.course,
            "lag": evidence.staged.lag,
            "stretched": evidence.staged.stretched,
            "timeline": [
                {"at": round(e.at, 4), "layer": e.layer, "text": e.text} for e in timeline(evidence)
            ],
        }
    yield {"kind": "footer", "verdicts": sum(counts.values()), "counts": dict(sorted(counts.items()))}


def _header(run: Run) -> dict[str, Any]:
    header = run.records[0].header
    granted = [staged.granted for record in run.records for staged in record.staged.values()]
    return {
        "kind": "header",
        "suite_version": header.suite,
        "target": header.target,
        "target_module": header.target_module,
        "capabilities": header.capabilities,
        "profile": run.profile.name,
        "strict": run.strict,
        "lab": header.lab,
        "schedule_asked": unstructure(header.asked),
        "schedule_granted": unstructure(granted[0]) if granted else None,
        "slack": header.slack,
        "waves": len(run.records),
        "wave_seconds": [record.footer.seconds if record.footer else None for record in run.records],
        "longest_window": max((r.footer.longest_window for r in run.records if r.footer), default=None),
        "troubles": [unstructure(trouble) for record in run.records for trouble in record.troubles],
        "records": [str(path) for path in run.paths],
        "platform": header.platform,
        "started": header.started,
    }
