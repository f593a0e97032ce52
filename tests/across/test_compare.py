"""What changed from one run to another, what it means, and with which exit status."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hand_made import report, verdict
from justhtml import JustHTML

from conformance.across.compare import main
from conformance.across.comparing import compare
from conformance.across.reading import ReportUnfit, read
from conformance.across.transitions import ABSENT, TRANSITIONS, Change
from conformance.report.standing import Standing

BASE = {"retried[x]": "pass", "stays_queued[a]": "pass", "error_code[x]": "pass"}


def _compared(tmp_path: Path, before: str, after: str) -> Any:
    old = read(report(tmp_path / "old", {**BASE, "retried[y]": before} if before != ABSENT else BASE))
    new = read(report(tmp_path / "new", {**BASE, "retried[y]": after} if after != ABSENT else BASE))
    return compare(old, new)


def test_the_table_has_every_transition() -> None:
    words = [*map(str, Standing), ABSENT]
    assert set(TRANSITIONS) == set(itertools.product(words, words))
    for word in words:
        assert TRANSITIONS[word, word] is Change.SAME


def test_only_what_was_seen_to_be_in_order_gets_worse() -> None:
    """A relay of which nothing was known is innocent of what is found now."""
    known = {"pass", "waived", "deviation", "fail"}
    assert {before for (before, _), kind in TRANSITIONS.items() if kind is Change.WORSE} <= known
    assert {before for (before, _), kind in TRANSITIONS.items() if kind is Change.LOST} == {"pass"}


@pytest.mark.parametrize(("before", "after", "kind", "status"), [
    ("pass", "fail", Change.WORSE, 1),
    ("pass", "deviation", Change.WORSE, 1),
    ("pass", "waived", Change.WORSE, 1),
    ("waived", "fail", Change.WORSE, 1),
    ("deviation", "fail", Change.WORSE, 1),
    ("fail", "deviation", Change.BETTER, 0),
    ("fail", "pass", Change.BETTER, 0),
    ("fail", "waived", Change.CHANGED, 0),
    ("inconclusive", "fail", Change.FOUND, 0),
    ("not_judged", "fail", Change.FOUND, 0),
    (ABSENT, "fail", Change.FOUND, 0),
    (ABSENT, "pass", Change.CHANGED, 0),
    ("pass", "inconclusive", Change.LOST, 3),
    ("pass", "error", Change.LOST, 3),
    ("pass", "not_judged", Change.LOST, 3),
    ("pass", ABSENT, Change.LOST, 3),
    ("pass", "not_applicable", Change.CHANGED, 0),
    ("fail", ABSENT, Change.CHANGED, 0),
])  # fmt: skip
def test_each_change_and_its_exit_status(
    tmp_path: Path, before: str, after: str, kind: Change, status: int
) -> None:
    found = _compared(tmp_path, before, after)
    [changed] = [each for each in found.tests if each.name == "retried[y]"]
    assert changed.change is kind
    assert found.status(count_new=False) == status
    assert found.counts[Change.SAME] == 3
    assert found.status(count_new=True) == (1 if kind is Change.FOUND else status)


def test_what_spreads_everywhere_got_worse(tmp_path: Path) -> None:
    """One defect is one red test, and the others name it: nobody has to run anything again to know it."""
    many = [f"retried[m{number}]" for number in range(5)]
    old = read(report(tmp_path / "old", {**BASE, **dict.fromkeys(many, "pass"), many[0]: "fail"}))
    rows = [verdict(name, "not_judged", because=many[0], broken=["rfc/retried"]) for name in many[1:]]
    new = read(report(tmp_path / "new", {**BASE, many[0]: "fail"}, *rows))
    found = compare(old, new)
    assert (found.counts[Change.WORSE], found.counts[Change.LOST]) == (4, 0)
    assert found.status(count_new=False) == 1
    assert compare(new, old).status(count_new=False) == 0


def test_what_is_worse_outweighs_what_is_not_known(tmp_path: Path) -> None:
    old = report(tmp_path / "old", {"retried[x]": "pass", "retried[y]": "pass"})
    new = report(tmp_path / "new", {"retried[x]": "fail", "retried[y]": "error"})
    assert compare(read(old), read(new)).status(count_new=False) == 1


def test_a_requirement_of_which_nothing_is_judged_any_more_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An adapter that lists a capability no more would else pass everything."""
    old = report(tmp_path / "old", BASE)
    new = report(tmp_path / "new", {**BASE, "error_code[x]": "not_applicable"}, capabilities=[])
    assert main([str(old), str(new)]) == 3
    said = capsys.readouterr().out
    assert (
        "held, and there was nothing to judge any more:\n  MUST    rfc/status-class: pass -> not applicable"
        in said
    )
    assert "differs: capabilities: mx -> -" in said


def test_what_is_as_red_and_looks_otherwise_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = report(tmp_path / "old", BASE, verdict("retried[y]", "fail", observed="tried once in 12.1 s"))
    for number, (seen, told) in enumerate((("tried once in 9.5 s", False), ("never tried", True))):
        new = report(tmp_path / f"new{number}", BASE, verdict("retried[y]", "fail", observed=seen))
        assert main([str(old), str(new)]) == 0
        said = capsys.readouterr().out
        assert ("as red as before" in said) is told
    assert "before: tried once in 12.1 s" in said
    assert "now:    never tried" in said


def test_the_text_goes_by_requirement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [f"retried[m{number}]" for number in range(5)]
    old = report(tmp_path / "old", {**BASE, **dict.fromkeys(many, "pass")}, suite_version="0.0.9")
    new = report(tmp_path / "new", {**BASE, **dict.fromkeys(many, "fail")})
    assert main([str(old), str(new)]) == 1
    said = capsys.readouterr().out
    assert "differs: suite version: 0.0.9 -> 0.1.0" in said
    assert (
        "worse: 5 tests\n  MUST    rfc/retried (as a whole: pass -> fail)\n    retried[m0]: pass -> fail\n"
        in said
    )
    assert "... and 2 more (--all shows all)" in said
    assert said.endswith("worse 5, the same 3: verdicts got worse (exit status 1)\n")
    assert main([str(old), str(new), "--all"]) == 1
    assert "retried[m4]" in capsys.readouterr().out


def test_markdown_stands_in_code_elements(tmp_path: Path) -> None:
    row = verdict("retried[y]", "fail", observed="<script>@somebody | `x` https://evil.test")
    old = report(tmp_path / "old", {**BASE, "retried[y]": "pass", "retried[z]": "not_applicable"})
    new = report(tmp_path / "new", {**BASE, "retried[z]": "pass"}, row)
    page = tmp_path / "page.md"
    assert main([str(old), str(new), "--format=markdown", "-o", str(page)]) == 1
    said = page.read_text(encoding="utf-8")
    assert "<script>" not in said
    assert "https://" not in said
    assert "### Worse: 1 test" in said
    assert "### Changed otherwise: 1 test" in said
    table = [line for line in said.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {6, 4}


def test_the_page_of_html_names_every_test_and_fetches_nothing(tmp_path: Path) -> None:
    row = verdict("retried[y]", "fail", observed="<script>@somebody</script> https://evil.test")
    many = [f"stays_queued[m{number}]" for number in range(9)]
    old = report(tmp_path / "old", {**BASE, "retried[y]": "pass", **dict.fromkeys(many, "fail")})
    new = report(tmp_path / "new", {**BASE, **dict.fromkeys(many, "pass")}, row)
    page = tmp_path / "page.html"
    assert main([str(old), str(new), "--format=html", "-o", str(page)]) == 1
    found = JustHTML(page.read_text(encoding="utf-8"))
    assert not found.query("script, img, link, [src], [href]")
    assert [each.to_text() for each in found.query("h2")] == ["Worse: 1", "Better: 9"]
    assert {*many, "retried[y]"} <= {each.to_text() for each in found.query("tbody th code")}
    assert any("<script>@somebody" in each.to_text() for each in found.query("td"))
    assert "verdicts got worse (exit status 1)" in found.query(".headline")[0].to_text()


def test_other_profiles_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = report(tmp_path / "old", BASE), report(tmp_path / "new", BASE, profile="eop")
    assert main([str(old), str(new)], prog="compare") == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert "profile is rfc and eop, which ask for different things; judge both by one" in said.err


def test_reports_without_a_common_test_are_refused(tmp_path: Path) -> None:
    old, new = (
        report(tmp_path / "old", {"retried[x]": "pass"}),
        report(tmp_path / "new", {"retried[y]": "pass"}),
    )
    with pytest.raises(ReportUnfit, match="no test is in both"):
        compare(read(old), read(new))


def test_a_report_that_says_nothing_of_requirements_is_compared_all_the_same(tmp_path: Path) -> None:
    old = report(tmp_path / "old", BASE)
    rows = (old / "report.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if '"kind": "requirement"' not in row]
    (old / "report.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    new = report(tmp_path / "new", {**BASE, "retried[x]": "fail"})
    found = compare(read(old), read(new))
    assert (found.status(count_new=False), found.requirements) == (1, {})


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = report(tmp_path / "old", BASE)
    assert main([str(old), str(tmp_path / "nowhere")], prog="compare") == 4
    assert "nowhere: No such file or directory" in capsys.readouterr().err
    assert main([str(old), str(old), "-o", str(tmp_path / "no" / "page.md")], prog="compare") == 4
    assert "cannot write" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(old)])
    with pytest.raises(SystemExit, match="2"):
        main([str(old), str(old), "--format=html5"])
