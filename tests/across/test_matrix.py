"""Relays side by side: what is not judged is not passed, and what is no pass leads to what was seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hand_made import report, verdict

from conformance.across.matrix import LETTERS, main
from conformance.report.standing import Standing


def _page(tmp_path: Path, *reports: Path) -> str:
    page = tmp_path / "page.md"
    assert main([*map(str, reports), "-o", str(page)], prog="matrix") == 0
    return page.read_text(encoding="utf-8")


def _cells(page: str, requirement: str) -> list[str]:
    [row] = [
        line for line in page.splitlines() if line.startswith("|") and f"<code>{requirement}</code>" in line
    ]
    return [cell.strip() for cell in row.split("|")[3:-1]]


def test_each_standing_has_a_letter_of_its_own() -> None:
    assert set(LETTERS) == set(Standing)
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_each_relay_has_a_column(tmp_path: Path) -> None:
    one = report(tmp_path / "a", {"retried[x]": "pass", "stays_queued[a]": "fail"})
    other = report(
        tmp_path / "b",
        {"stays_queued[a]": "not_judged", "error_code[x]": "not_applicable"},
        target="theirs",
        target_version=None,
        profile="eop",
    )
    page = _page(tmp_path, one, other)
    assert "| 1 | <code>mine 1.2</code> | <code>rfc</code> |" in page
    assert "| 2 | <code>theirs</code> | <code>eop</code> |" in page
    assert _cells(page, "rfc/retried") == [LETTERS[Standing.PASS], ""]
    assert _cells(page, "rfc/queued") == ["[F](#r1-rfc-queued)", "[m](#r2-rfc-queued)"]
    assert _cells(page, "rfc/status-class") == ["", "n"]


def test_every_cell_that_leads_somewhere_arrives_at_what_was_seen(tmp_path: Path) -> None:
    many = {f"retried[m{number}]": "fail" for number in range(5)}
    row = verdict("error_code[x]", "deviation", observed="<b>450</b> | @somebody")
    page = _page(tmp_path, report(tmp_path / "a", many, row))
    assert set(re.findall(r"\(#(r\S+)\)", page)) == set(re.findall(r'<a id="([^"]+)">', page))
    assert "and 2 more" in page
    assert "<b>450" not in page


def test_what_cannot_be_put_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = report(tmp_path / "old", {"retried[x]": "pass"})
    rows = (old / "report.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if '"kind": "requirement"' not in row]
    (old / "report.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert main([str(old)], prog="matrix") == 4
    assert "it has no row of kind requirement" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")], prog="matrix") == 4
    assert "matrix: " in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([])


def test_the_page_of_html_leads_to_the_same(tmp_path: Path) -> None:
    row = verdict("error_code[x]", "deviation", observed="<b>450</b>")
    folder = report(tmp_path / "a", {"retried[x]": "pass", "stays_queued[a]": "fail"}, row)
    page = tmp_path / "page.html"
    assert main([str(folder), "--format=html", "-o", str(page)]) == 0
    said = page.read_text(encoding="utf-8")
    assert set(re.findall(r'href="#(r[^"]+)"', said)) == set(re.findall(r'<article[^>]* id="([^"]+)"', said))
    assert "r1-rfc-queued" in said
    assert "<b>450" not in said
