"""Folders with reports: what belongs together is taken, and what does not is refused with the difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__
from conformance.session.merge import main
from conformance.session.reported import read, together

HEADER = {
    "kind": "header",
    "suite_version": __version__,
    "target": "mine",
    "target_module": "mine:Relay",
    "target_version": "1.2",
    "capabilities": ["smart_host"],
    "profile": "rfc",
    "strict": False,
    "lab": "loopback",
    "day": 12.0,
    "schedules": {},
    "waves": [{"record": "record-1-steady.jsonl"}],
}


def report(folder: Path, part: str = "", tests: int = 4, footer: bool = True, **header: Any) -> Path:
    """Write a report of one test."""
    folder.mkdir()
    (folder / "record-1-steady.jsonl").touch()
    number, _, count = part.partition("/")
    shard = {"shard": {"number": int(number), "count": int(count), "tests": tests}} if part else {}
    rows = [
        {**HEADER, **shard, **header},
        {"kind": "verdict", "node_id": f"test[{folder.name}]", "failure_mode": folder.name},
        *([{"kind": "footer"}] if footer else []),
    ]
    (folder / "report.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_parts_come_in_their_order(tmp_path: Path) -> None:
    parts = [report(tmp_path / str(number), f"{number}/3") for number in (3, 1, 2)]
    found = together(parts)
    assert [each.folder.name for each in found] == ["1", "2", "3"]
    assert found[0].modes == {"test[1]": "1"}
    assert found[0].records == [tmp_path / "1" / "record-1-steady.jsonl"]


def test_a_whole_run_is_complete_by_itself(tmp_path: Path) -> None:
    [found] = together([report(tmp_path / "a")])
    assert found.part is None


@pytest.mark.parametrize(("key", "name", "other"), [
    ("suite_version", "suite version", "0.0.1"),
    ("target", "target", "theirs"),
    ("target_module", "adapter", "theirs:Relay"),
    ("target_version", "target version", "1.3"),
    ("target_version", "target version", None),
    ("capabilities", "capabilities", []),
    ("profile", "profile", "eop"),
    ("strict", "--conformance-strict", True),
    ("lab", "lab", "namespace"),
    ("day", "--conformance-day", 24.0),
    ("schedules", "fault schedules", {"count": 100}),
])  # fmt: skip
def test_parts_of_different_runs_are_refused(tmp_path: Path, key: str, name: str, other: Any) -> None:
    parts = [report(tmp_path / "a", "1/2"), report(tmp_path / "b", "2/2", **{key: other})]
    with pytest.raises(ValueError, match=f"a and .*b are of different runs: {name} "):
        together(parts)


def test_parts_of_different_selections_are_refused(tmp_path: Path) -> None:
    parts = [report(tmp_path / "a", "1/2", tests=4), report(tmp_path / "b", "2/2", tests=5)]
    with pytest.raises(
        ValueError, match="part 1/2 of 4 tests and part 2/2 of 5 tests; every part needs the same"
    ):
        together(parts)


def test_other_divisions_are_refused(tmp_path: Path) -> None:
    parts = [report(tmp_path / "a", "1/2"), report(tmp_path / "b", "2/3")]
    with pytest.raises(ValueError, match="part 1/2 of 4 tests and part 2/3 of 4 tests"):
        together(parts)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    parts = [report(tmp_path / str(number), f"{number}/4") for number in (1, 3)]
    with pytest.raises(ValueError, match="of 4 parts there is no 2/4, 4/4"):
        together(parts)


def test_a_part_that_is_there_twice_is_named(tmp_path: Path) -> None:
    parts = [report(tmp_path / name, "1/2") for name in "ab"]
    with pytest.raises(ValueError, match=r"a and .*b are the same part, 1/2"):
        together(parts)


def test_whole_runs_are_not_merged(tmp_path: Path) -> None:
    parts = [report(tmp_path / "a", "1/2"), report(tmp_path / "b")]
    with pytest.raises(ValueError, match="b has a run that was not divided"):
        together(parts)


def test_a_run_that_did_not_come_to_its_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a/report\.jsonl: the run that wrote it did not come to its end"):
        read(report(tmp_path / "a", footer=False))


@pytest.mark.parametrize(
    "text", ["", "nothing\n", "[]\n", "{}\n", '{"kind": "header"}\n{"kind": "footer"}\n']
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"report\.jsonl: it is no report of this suite, or it was cut"):
        read(tmp_path)


@pytest.mark.parametrize("octets", [b"\xff\xfe\x00", b"[" * 100_000])
def test_what_nobody_can_read_is_refused(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "report.jsonl").write_bytes(octets)
    with pytest.raises(ValueError, match=r"report\.jsonl: it is no report of this suite, or it was cut"):
        read(tmp_path)


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"report\.jsonl: No such file or directory; --conformance-report=DIR"
    ):
        read(tmp_path)


def test_records_belong_to_a_report(tmp_path: Path) -> None:
    (report(tmp_path / "a") / "record-1-steady.jsonl").unlink()
    with pytest.raises(ValueError, match=r"record-1-steady\.jsonl: it is not there"):
        read(tmp_path / "a")


def test_the_command_refuses_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = report(tmp_path / "a", "1/2")
    assert main([str(part)], prog="merge") == 4
    assert capsys.readouterr().err == "merge: of 2 parts there is no 2/2\n"


def test_what_another_version_staged_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(report(tmp_path / "a", suite_version="0.0.1"))]) == 4
    assert "written by version 0.0.1, and this is" in capsys.readouterr().err


def test_a_part_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = report(tmp_path / "a")
    assert main([str(part), "--into", str(part)]) == 4
    assert "that is one of the parts" in capsys.readouterr().err
