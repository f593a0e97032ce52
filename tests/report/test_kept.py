"""What is kept beside a report: its records and its waivers, and nothing of an earlier run that looks like them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stories.saved import Named, save
from stories.story import ASPECT, waiting
from test_text_from_outside import Results

from conformance.report.jsonl import ReportFile
from conformance.report.took import Took
from conformance.waivers import NAME, Waivers

RECORD = "record-1-steady.jsonl"


@pytest.mark.parametrize("within", [False, True])
def test_records_and_waivers_are_kept(tmp_path: Path, within: bool) -> None:
    """Also where the waivers lie in the folder of the report themselves."""
    folder = tmp_path / "rep"
    folder.mkdir()
    (folder / "record-9-jumped.jsonl").touch()
    waivers = (folder if within else tmp_path) / NAME
    waivers.write_text('catalogue = "0.6"\n', encoding="utf-8")
    story = waiting("greeting_421")
    save(tmp_path / "record.jsonl", story)
    run: Any = Results(
        [story.record()], [(Named(ASPECT["retried"], story.scenario), story.judge("retried"))], [], []
    )
    run.target, run.paths = SimpleNamespace(name="hand-made"), [tmp_path / "record.jsonl"]
    run.waivers = Waivers(
        file=Path("told", waivers.name), lies=waivers, catalogue="0.6", rows=(), today=date.today()
    )
    report = ReportFile(folder)
    report.begin(run)
    report.end(run, selected=1, status=0, interrupted="", took=Took())
    assert report.complaint == ""
    assert sorted(path.name for path in folder.iterdir()) == [NAME, RECORD, "report.jsonl"]
    assert (folder / NAME).read_text(encoding="utf-8") == 'catalogue = "0.6"\n'
    assert (folder / RECORD).read_bytes() == (tmp_path / "record.jsonl").read_bytes()
