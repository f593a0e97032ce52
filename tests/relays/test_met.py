"""The lists of failure modes that relays have met before, and how a report is compared with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.failure_modes import ALL
from conformance.waivers import KNOWN_FILES
from relays.met import LISTS, main, met_before, no_longer_met


def _verdict(mode: str, verdict: str) -> dict[str, Any]:
    return {"kind": "verdict", "failure_mode": mode, "verdict": verdict}


@pytest.mark.parametrize("target", ["exim", "postfix", "reference"])
def test_what_was_met_before_can_still_be_staged(target: str) -> None:
    before = met_before(target)
    assert len(before) > 200
    assert before <= ALL.keys()


def test_every_list_is_sorted_and_of_a_relay_that_is_judged() -> None:
    for path in LISTS.iterdir():
        names = path.read_text(encoding="ascii").split()
        assert names == sorted(set(names))
        assert path.stem == "reference" or (KNOWN_FILES / f"{path.stem}.toml").exists()


def test_a_relay_without_a_list_has_met_nothing() -> None:
    assert met_before("unheard_of") == frozenset()


def test_a_mode_is_met_if_anything_was_judged_of_it() -> None:
    rows = [
        {"kind": "header", "target": "x"},
        _verdict("one", "inconclusive"),
        _verdict("one", "fail"),
        _verdict("two", "not_applicable"),
        _verdict("two", "inconclusive"),
        _verdict("three", "error"),
    ]
    assert no_longer_met(rows, frozenset({"one", "two", "not_selected"})) == ["two"]


@pytest.mark.parametrize(("verdict", "status"), [("pass", 0), ("not_applicable", 1)])
def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str, status: int
) -> None:
    report = tmp_path / "report.jsonl"
    rows = [{"kind": "header", "target": "postfix"}, _verdict("stall_at_dot", verdict)]
    report.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(report) == status
    assert ("stall_at_dot" in capsys.readouterr().out) == bool(status)
