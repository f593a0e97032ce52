"""The record of a wave as a file: what was known is there, and nothing follows a hole."""

from __future__ import annotations

from pathlib import Path

import pytest
from stories.staging import header, staged
from stories.wire import query

from conformance.evidence.record import load
from conformance.wave.record_file import RecordFile, RecordUnwritable


def test_whoever_is_killed_leaves_all_that_came_before_the_last_scenario(tmp_path: Path) -> None:
    """Before, up to some kilobytes were kept back."""
    record = RecordFile(tmp_path / "record.jsonl")
    record.tell(header())
    record.tell(query("mx1.plain.healed.test", at=1.0))
    assert not load(tmp_path / "record.jsonl").events
    record.tell(staged("plain"))
    found = load(tmp_path / "record.jsonl")
    assert [*found.staged] == ["plain.healthy"]
    assert len(found.events) == 1
    record.close()


def test_a_full_disk_is_told_once_and_named_at_the_end() -> None:
    record, told = RecordFile(Path("/dev/full")), []
    record.failed = lambda: told.append(True)
    record.tell(header())
    record.tell(staged("plain"))
    assert told == [True]
    with pytest.raises(RecordUnwritable, match="cannot write /dev/full: No space left on device"):
        record.close()


def test_what_was_kept_back_may_fail_at_the_end() -> None:
    record = RecordFile(Path("/dev/full"))
    record.tell(query("mx1.plain.healed.test", at=1.0))
    with pytest.raises(RecordUnwritable, match="No space left"):
        record.close()


def test_a_record_that_cannot_be_begun(tmp_path: Path) -> None:
    with pytest.raises(RecordUnwritable, match=r"cannot write .*/nowhere/record\.jsonl: No such file"):
        RecordFile(tmp_path / "nowhere" / "record.jsonl")
