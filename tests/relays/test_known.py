"""The check against the lists, and the lists themselves: every name in them is one of the suite's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.requirements import catalogue
from conformance.suite import ASPECTS

from .__main__ import main
from .known import KnownError, read_known

HERE = Path(__file__).parent
LISTS = sorted(HERE.glob("*.toml"))
ROW = {
    "verdict": "fail",
    "requirement": "queue/kept",
    "aspect": "stays_queued",
    "failure_modes": ["plain"],
    "why": "it is so",
}


def _known(folder: Path, *rows: Mapping[str, object], head: str = 'target = "t"\nprofile = "rfc"\n') -> Path:
    file = folder / "known.toml"
    tables = [
        "[[known]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in row.items())
        for row in rows
    ]
    file.write_text(head + "".join(tables))
    return file


def _verdict(verdict: str = "fail", **changes: str) -> dict[str, object]:
    return {
        "kind": "verdict",
        "verdict": verdict,
        "requirement": "queue/kept",
        "aspect": "stays_queued",
        "failure_mode": "plain",
        "expected": "to wait",
        "observed": "gone",
    } | changes


def _report(
    folder: Path,
    *verdicts: dict[str, object],
    footer: bool = True,
    target: str = "t",
    selected: int | None = None,
) -> Path:
    rows: list[dict[str, object]] = [{"kind": "header", "target": target, "profile": "rfc"}, *verdicts]
    if footer:
        given = [str(row["verdict"]) for row in verdicts]
        counts = {verdict: given.count(verdict) for verdict in given}
        asked = len(verdicts) if selected is None else selected
        rows.append({"kind": "footer", "selected": asked, "verdicts": len(verdicts), "counts": counts})
    file = folder / "report.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def _run(report: Path, known: Path) -> int:
    return main([str(report), str(known)])


def test_what_is_known_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_report(tmp_path, _verdict(), _verdict("pass", aspect="x")), _known(tmp_path, ROW)) == 0
    assert capsys.readouterr().out == "1 fail, 1 pass: 1 known, 0 wrong, 0 listed but not seen\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "deviation"},
        {"requirement": "queue/retried"},
        {"aspect": "retried"},
        {"failure_mode": "good_under_opportunistic"},
    ],
)
def test_what_differs_in_one_thing_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str]
) -> None:
    assert _run(_report(tmp_path, _verdict(**changes)), _known(tmp_path, ROW)) == 1
    printed = capsys.readouterr().out
    assert "hint: not seen: fail: queue/kept: test_stays_queued[plain]" in printed
    assert "expected to wait; gone" in printed
    assert "0 known, 1 wrong, 1 listed but not seen" in printed


@pytest.mark.parametrize("verdict", ["inconclusive", "error"])
def test_nothing_may_be_undecided(tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str) -> None:
    assert _run(_report(tmp_path, _verdict(verdict), _verdict("pass")), _known(tmp_path)) == 1
    assert f"wrong: {verdict}: queue/kept: test_stays_queued[plain]: gone" in capsys.readouterr().out


def test_a_listed_one_that_did_not_occur_is_a_hint(tmp_path: Path) -> None:
    assert _run(_report(tmp_path, _verdict("pass")), _known(tmp_path, ROW)) == 0


def test_a_report_must_be_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_report(tmp_path, _verdict("pass"), footer=False), _known(tmp_path)) == 1
    assert "no footer" in capsys.readouterr().out
    assert _run(_report(tmp_path, _verdict("pass"), selected=2), _known(tmp_path)) == 1
    assert "1 verdicts, but 2 tests were selected" in capsys.readouterr().out


@pytest.mark.parametrize("verdicts", [(), (_verdict("not_applicable"),)])
def test_something_must_have_been_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdicts: tuple[dict[str, object], ...]
) -> None:
    assert _run(_report(tmp_path, *verdicts), _known(tmp_path)) == 1
    assert "nothing was judged" in capsys.readouterr().out


def test_a_report_about_another_relay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(_report(tmp_path, _verdict("pass"), target="reference"), _known(tmp_path)) == 1
    assert "the report's target is 'reference', the list's 't'" in capsys.readouterr().out


def test_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path / "nowhere.jsonl", _known(tmp_path)) == 2
    assert _run(_report(tmp_path), tmp_path / "nowhere.toml") == 2
    (tmp_path / "half.jsonl").write_text('{"kind": "hea')
    assert _run(tmp_path / "half.jsonl", _known(tmp_path)) == 2
    assert "half.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "error"}, "row 1: verdict is 'error'; valid are fail, deviation"),
        ({"why": " "}, "row 1: why must be a text"),
        ({"failure_modes": []}, "row 1: failure_modes must be a list"),
        ({"failure_modes": ["plain", "plain"]}, "row 1: failure_modes names one twice"),
        ({"wy": "x"}, "row 1: key wy is missing or unknown; a row has aspect, failure_modes,"),
    ],
)
def test_a_bad_row(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(KnownError, match=words):
        read_known(_known(tmp_path, {**ROW, **changes}))


def test_a_row_listed_twice_or_a_bad_head(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"row 2: .* is listed twice"):
        read_known(_known(tmp_path, ROW, ROW))
    with pytest.raises(KnownError, match="profile must be"):
        read_known(_known(tmp_path, head='target = "t"\n'))
    with pytest.raises(KnownError, match="unknown key targets"):
        read_known(_known(tmp_path, head='targets = "t"\n'))


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_the_lists_name_what_there_is(file: Path) -> None:
    known = read_known(file)
    assert known.target == file.stem
    assert known.why
    requirements, aspects = catalogue(), {aspect.name for aspect in ASPECTS}
    for trouble in known.why:
        assert trouble.requirement in requirements, trouble
        assert trouble.aspect in aspects, trouble
        assert trouble.failure_mode in ALL, trouble
