"""Every field of a report is described in docs/report.md, and what is described there is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from stories.saved import Named
from stories.story import ASPECT, waiting
from test_text_from_outside import Results

from conformance.evidence.record import Fault, Trouble
from conformance.evidence.relays import Stopped
from conformance.judging.judge import Judged
from conformance.judging.verdict import Finding, Verdict
from conformance.report.jsonl import FORMAT, ReportFile
from conformance.report.took import Took
from conformance.waivers import Waiver, Waivers

PAGE = Path(__file__).parents[2] / "docs" / "report.md"

# What of a row has fields of its own that the page names, and not names that are data.
WITHIN = ("waves", "longest_window_of", "troubles", "stopped", "shard", "waivers", "timeline", "seconds")


@cache
def described() -> Mapping[str, Mapping[str, str]]:
    """Return by kind of row and field how the page describes it, with its mark."""
    text = PAGE.read_text(encoding="utf-8").partition("## Every field")[2]
    found: dict[str, dict[str, str]] = {}
    for section in text.split("\n### ")[1:]:
        kind, _, rest = section.partition("\n")
        found[kind] = {}
        for names, content in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|$", rest, re.MULTILINE):
            for name, mark in re.findall(r"`(\w+)`(\*?)", names):
                found[kind][name] = mark + content
    return found


def undescribed(row: Mapping[str, Any]) -> list[str]:
    """Return the fields of a row of which the page does not speak."""
    kind = row["kind"]
    page = described().get(kind, {})
    missing = [f"{kind}.{name}" for name in row if name not in page]
    for name in WITHIN:
        value = row.get(name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                missing += [f"{kind}.{name}.{key}" for key in each if f"`{key}`" not in page.get(name, "")]
    return missing


def _waiver(tmp_path: Path) -> Waivers:
    row = Waiver(
        file=tmp_path / "waivers.toml",
        number=1,
        verdict="fail",
        requirement="queue/kept",
        aspect="",
        failure_modes=("greeting_421",),
        modes=frozenset({"greeting_421"}),
        observed=("*",),
        reason="known",
        expires=date.today() + timedelta(days=9),
        link="https://tracker.test/1",
    )
    return Waivers(
        file=row.file, lies=row.file, catalogue="0.6", rows=(row,), today=date.today(), target="", profile=""
    )


def _written(tmp_path: Path, *, interrupted: str = "") -> list[dict[str, Any]]:
    """Return the rows of a report in which everything has something to say."""
    story = waiting("greeting_421")
    record = story.record()
    names = ("error_code", "recovers", "retried", "stays_queued")
    judged = [(Named(ASPECT[name], story.scenario), story.judge(name, record=record)) for name in names]
    waivers = _waiver(tmp_path)
    test, last = judged[-1]
    [finding, *others] = last.findings
    waived = replace(finding, holds=False, waived=waivers.rows[0])
    judged[-1] = (test, replace(last, verdict=Verdict.PASS, findings=(waived, *others)))
    judged[-2] = (judged[-2][0], _masked(judged[-2][1], judged[0][0]))
    stopped = Stopped(at=2.0, seen=1.0, message="gone", log="", suspects=["plain.healthy"])
    run: Any = Results(
        [record], judged, [Trouble(at=1.0, fault=Fault.ADAPTER, message="broke")], [(stopped, ["a"])]
    )
    run.part = {"number": 1, "count": 2, "tests": 4}
    run.xfailed = {judged[0][0].nodeid: "known"}
    run.waivers = waivers
    run.target = None
    report = ReportFile(tmp_path / "rep")
    report.begin(run)
    for each, verdict in run.judged:
        report.add(run, each, verdict)
    report.end(run, selected=4, status=1, interrupted=interrupted, took=Took())
    assert report.complaint == ""
    return [json.loads(line) for line in report.path.read_text(encoding="utf-8").splitlines()]


def _masked(judged: Judged, by: Named) -> Judged:
    failing: tuple[Finding, ...] = tuple(replace(each, holds=False) for each in judged.findings)
    return replace(judged, verdict=Verdict.NOT_APPLICABLE, findings=failing, because=by.name)


def test_every_field_that_is_written_is_described(tmp_path: Path) -> None:
    rows = [*_written(tmp_path), *_written(tmp_path, interrupted="KeyboardInterrupt")]
    assert {name for row in rows for name in undescribed(row)} == set()
    written: dict[str, set[str]] = {}
    for row in rows:
        written.setdefault(row["kind"], set()).update(row)
    # a wave of a target has a day beside it, and this report is made from a record; no day of a scenario is in it, and
    # nothing that is missed everywhere, or staged by MX instead
    elsewhere = {"header": {"day"}, "evidence": {"day", "by_mx"}, "to_mend": {"of"}}
    assert {kind: set(fields) for kind, fields in described().items()} == {
        kind: fields | elsewhere.get(kind, set()) for kind, fields in written.items()
    }


def test_what_is_not_marked_always_stands_there(tmp_path: Path) -> None:
    rows = _written(tmp_path)
    for row in rows:
        always = {name for name, content in described()[row["kind"]].items() if not content.startswith("*")}
        assert always <= set(row), row["kind"]


def test_the_page_names_the_format() -> None:
    assert described()["header"]["format"] == str(FORMAT)


@pytest.mark.parametrize("kind", ["header", "verdict"])
def test_a_field_of_which_the_page_does_not_speak_is_found(kind: str) -> None:
    assert undescribed({"kind": kind, "new": 1}) == [f"{kind}.new"]
    assert undescribed({"kind": "header", "waves": [{"new": 1}]}) == ["header.waves.new"]
