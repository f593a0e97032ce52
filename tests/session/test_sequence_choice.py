"""Which fault schedules a run judges, where it has records, or parts of a run, and draws none."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.session.reported import loaded, read
from conformance.session.sequence_choice import SequenceChoice, staged_in

# The second cannot be staged in loopback, so that no record has it.
_STAGED = "connection_refused+healthy"
_NOT_STAGED = "ipv6_address_refuses+connection_refused+healthy"


def test_of_parts_of_a_run_those_too_that_nobody_could_stage(tmp_path: Path) -> None:
    rows = [
        {"kind": "header", "waves": [], "schedules": {}},
        *(
            {"kind": "verdict", "node_id": f"test[{name}]", "failure_mode": name, "course": "schedule"}
            for name in (_STAGED, _NOT_STAGED)
        ),
        {"kind": "verdict", "node_id": "test[plain]", "failure_mode": "plain", "course": "healthy"},
        {"kind": "footer"},
    ]
    (tmp_path / "report.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parts = loaded([read(tmp_path)])
    assert list(parts.schedules) == [_STAGED, _NOT_STAGED]
    choice = SequenceChoice(count=0, staged=staged_in(parts.records, parts.schedules))
    names = [scenario.failure_mode.name for scenario in choice.scenarios([], drawn=True)]
    assert names == [_STAGED, _NOT_STAGED]
