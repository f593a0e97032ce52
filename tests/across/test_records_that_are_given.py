"""Records in place of a report are judged first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_made import report
from stories.saved import save
from stories.story import waiting

from conformance.across.given import reports
from conformance.across.reading import ReportUnfit


def test_a_folder_of_records_is_judged(tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    save(folder / "record-1-steady.jsonl", waiting("greeting_421"))
    with reports([folder], profile="rfc", catalogue="0.3") as [found]:
        assert found.header["profile"] == "rfc"
        assert found.header["catalogue"] == "0.3"
        assert any("[greeting_421]" in name for name in found.tests)
        kept = found.path
    assert not kept.exists(), "what had to be judged is taken away"


def test_a_report_is_read_as_it_is(tmp_path: Path) -> None:
    folder = report(tmp_path / "a", {"retried[x]": "pass"})
    with reports([folder, folder / "report.jsonl"]) as [one, other]:
        assert one == other


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with (
        pytest.raises(ReportUnfit, match=r"neither a report\.jsonl nor a record"),
        reports([tmp_path / "empty"]),
    ):
        pass
    record = tmp_path / "record-1-steady.jsonl"
    record.write_text("{}\n", encoding="utf-8")
    with pytest.raises(ReportUnfit, match=r"it cannot be judged: .*conformance-replay"), reports([record]):
        pass
