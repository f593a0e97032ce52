"""What is no report of a whole run is refused, with the file and the reason, and never with a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hand_made import HEADER, node, report, verdict

from conformance.across.reading import ReportUnfit, read
from conformance.report.standing import Standing


def test_a_folder_and_its_file_are_the_same(tmp_path: Path) -> None:
    folder = report(
        tmp_path / "a", {"retried[x]": "pass", "stays_queued[a]": "fail", "retried[y]": "not_judged"}
    )
    found = read(folder)
    assert found == read(folder / "report.jsonl")
    assert found.relay == "mine 1.2"
    assert found.date == "2026-11-28"
    assert found.tests[node("retried[y]")].standing is Standing.NOT_JUDGED
    assert found.tests[node("retried[y]")].name == "retried[y]"
    assert found.stands["rfc/retried"].standing is Standing.PASS
    assert found.stands["rfc/queued"].tests == {"fail": 1}


def test_a_report_of_before_there_was_a_format_is_read(tmp_path: Path) -> None:
    folder = report(tmp_path / "a", {"retried[x]": "pass"})
    text = (
        (folder / "report.jsonl").read_text(encoding="utf-8").replace('"format": 1, "catalogue": "0.6", ', "")
    )
    assert '"format"' not in text
    (folder / "report.jsonl").write_text(text, encoding="utf-8")
    assert read(folder).said("catalogue") == "-"


def test_what_broke_by_the_relays_fault_is_a_failure(tmp_path: Path) -> None:
    rows = [
        verdict("retried[x]", "error", observed="at fault: the relay: it is gone"),
        verdict("retried[y]", "error", observed="at fault: the adapter: it raised"),
    ]
    found = read(report(tmp_path / "a", {}, *rows))
    assert [each.standing for each in found.tests.values()] == [Standing.FAIL, Standing.ERROR]


def test_what_is_told_once_for_many_is_as_red_as_the_one_that_tells_it(tmp_path: Path) -> None:
    """A test that was compared, and names the one that is red for the same, is not one that nothing is known of."""
    rows = [
        verdict("retried[x]", "not_judged", broken=["rfc/retried"]),
        verdict("retried[y]", "not_judged", broken=["rfc/retried"], level="SHOULD"),
        verdict("retried[z]", "not_judged"),
        verdict("retried[w]", "not_judged", broken=[]),
    ]
    found = read(report(tmp_path / "a", {"stays_queued[a]": "fail"}, *rows))
    assert {each.name: each.standing for each in found.tests.values()} == {
        "stays_queued[a]": Standing.FAIL,
        "retried[x]": Standing.FAIL,
        "retried[y]": Standing.DEVIATION,
        "retried[z]": Standing.NOT_JUDGED,
        "retried[w]": Standing.NOT_JUDGED,
    }


def test_what_is_broken_in_a_test_is_read(tmp_path: Path) -> None:
    rows = [
        verdict("retried[x]", "fail", broken=["rfc/retried", "rfc/queued"]),
        verdict("retried[y]", "fail"),
    ]
    found = read(report(tmp_path / "a", {"retried[z]": "pass"}, *rows))
    assert [each.broken for each in found.tests.values()] == [(), ["rfc/retried", "rfc/queued"], None]
    rows = [verdict("retried[x]", "fail", broken="rfc/retried")]
    with pytest.raises(ReportUnfit, match=r"broken in .*x.* is no list"):
        read(report(tmp_path / "b", {}, *rows))


def test_what_comes_from_outside_is_spelled_out(tmp_path: Path) -> None:
    row = verdict("retried[x]", "fail", observed="\x1b[2J\nworse")
    found = read(report(tmp_path / "a", {}, row, target="\x1bmine"))
    assert found.tests[node("retried[x]")].observed == r"\x1b[2J\nworse"
    assert found.relay == r"\x1bmine 1.2"


_FOOTER = {"kind": "footer"}


@pytest.mark.parametrize(("lines", "reason"), [
    ([], "it is empty"),
    (["{"], r"line 1: it is no JSON; the report was cut, or edited"),
    (["[]"], "line 1: it has no kind"),
    (["3"], "line 1: it has no kind"),
    ([{"kind": 3}], "line 1: it has no kind"),
    ([_FOOTER], "its first line is no header"),
    ([{"kind": "header", "target": "x"}], "line 1: profile is missing, or no text"),
    ([{**HEADER, "profile": 3}], "line 1: profile is missing, or no text"),
    ([HEADER], "did not come to its end"),
    ([HEADER, {"kind": "interrupted", "by": "SIGTERM"}], "did not come to its end"),
    ([{**HEADER, "format": 99}, _FOOTER], "format is 99, and this version of the suite knows formats up to 1"),
    ([{**HEADER, "format": "new"}, _FOOTER], "format is new"),
    ([{**HEADER, "shard": {"number": 1, "count": 2}}, _FOOTER], "shard is 1 of 2: it is a part of a run"),
    ([HEADER, {"kind": "verdict"}, _FOOTER], "line 2: node_id is missing"),
    ([HEADER, verdict("retried[x]", "good"), _FOOTER], "verdict is 'good'; there are fail, deviation"),
    ([HEADER, "", _FOOTER], "line 2: it is no JSON"),
    ([HEADER, {"kind": "requirement", "requirement": "a", "level": "MUST", "standing": "odd"}, _FOOTER],
     "standing is 'odd'; there are"),
    ([HEADER, {"kind": "requirement", "requirement": "a", "level": "MUST", "standing": "pass", "tests": {"pass": "x"}},
      _FOOTER], "tests of the requirement a are no numbers"),
])  # fmt: skip
def test_what_is_no_report_is_refused(tmp_path: Path, lines: list[Any], reason: str) -> None:
    text = "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines)
    (tmp_path / "report.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(ReportUnfit, match=reason) as refused:
        read(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "report.jsonl"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportUnfit, match=r"nowhere: No such file or directory; --conformance-report=DIR"):
        read(tmp_path / "nowhere")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportUnfit, match="it is no text in UTF-8"):
        read(tmp_path)
