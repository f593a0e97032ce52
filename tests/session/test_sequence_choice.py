"""Which fault schedules a run judges, where it has records, or parts of a run, and draws none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.session.reported import Parts, loaded, read
from conformance.session.sequence_choice import SequenceChoice, staged_in

# The second cannot be staged in loopback, so that no record has it.
_STAGED = "connection_refused+healthy"
_NOT_STAGED = "ipv6_address_refuses+connection_refused+healthy"


def parts_of(folder: Path, *schedules: str) -> Parts:
    """Return what a report says that has no record."""
    rows = [
        {"kind": "header", "waves": [], "schedules": {}},
        *(
            {"kind": "verdict", "node_id": f"test[{name}]", "failure_mode": name, "course": "schedule"}
            for name in schedules
        ),
        {"kind": "verdict", "node_id": "test[plain]", "failure_mode": "plain", "course": "healthy"},
        {"kind": "footer"},
    ]
    (folder / "report.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return loaded([read(folder)])


def test_of_parts_of_a_run_those_too_that_nobody_could_stage(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, _STAGED, _NOT_STAGED)
    assert list(map(str, parts.schedules)) == [_STAGED, _NOT_STAGED]
    choice = SequenceChoice(count=0, staged=staged_in(parts.records, parts.schedules))
    names = [scenario.failure_mode.name for scenario in choice.scenarios([], drawn=True)]
    assert names == [_STAGED, _NOT_STAGED]


def test_of_a_schedule_that_is_none_the_file_is_named(tmp_path: Path) -> None:
    told = f"{tmp_path / 'report.jsonl'}: no fault is called 'huge_message'"
    with pytest.raises(ValueError, match=re.escape(told)):
        parts_of(tmp_path, f"huge_message+{_STAGED}")
