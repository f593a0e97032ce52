"""A test that is red may break more than before, and a requirement may stand worse without a test of its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_made import report, verdict
from justhtml import JustHTML

from conformance.across.compare import main
from conformance.across.comparing import Comparison, compare
from conformance.across.reading import read
from conformance.across.transitions import Change

BASE = {"retried[x]": "pass", "stays_queued[a]": "pass", "error_code[x]": "pass"}
A, B, C = "rfc/retried", "rfc/queued", "rfc/status-class"

# What a test says, and what is broken in it; None: the report does not say.
Said = tuple[str, list[str] | None]


def _report(folder: Path, *tests: Said) -> Path:
    rows = [
        verdict(
            f"retried[y{number}]",
            word,
            **({} if broken is None else {"broken": broken, "requirement": broken[0]}),
        )
        for number, (word, broken) in enumerate(tests)
    ]
    return report(folder, BASE, *rows)


def _compared(tmp_path: Path, before: Said, after: Said) -> Comparison:
    old, new = _report(tmp_path / "old", before), _report(tmp_path / "new", after)
    return compare(read(old), read(new))


@pytest.mark.parametrize(("before", "after", "kind", "status"), [
    (("fail", [A]), ("fail", [A, B]), Change.WORSE, 1),
    (("fail", [A]), ("fail", [B]), Change.WORSE, 1),
    (("fail", [A]), ("fail", [B, A]), Change.WORSE, 1),
    (("waived", [A]), ("waived", [A, B]), Change.WORSE, 1),
    (("deviation", [A]), ("waived", [A, B]), Change.WORSE, 1),
    (("fail", [A, B]), ("fail", [A]), Change.SAME, 0),
    (("fail", [A, B]), ("fail", [A, B]), Change.SAME, 0),
    (("fail", [A, B]), ("deviation", [B]), Change.BETTER, 0),
    # less grave, and as a whole something that held is broken
    (("fail", [A]), ("deviation", [B]), Change.BETTER, 1),
    # nobody knew
    (("inconclusive", None), ("fail", [A, B]), Change.FOUND, 0),
    (("not_applicable", None), ("fail", [A, B]), Change.FOUND, 0),
])  # fmt: skip
def test_what_is_broken_besides(tmp_path: Path, before: Said, after: Said, kind: Change, status: int) -> None:
    found = _compared(tmp_path, before, after)
    [changed] = [each for each in found.tests if each.name == "retried[y0]"]
    assert changed.change is kind
    assert found.status(count_new=False) == status


def test_a_report_that_does_not_say_what_else_was_broken_accuses_nobody(tmp_path: Path) -> None:
    """Where the requirement stood as badly before, it is not known to be newly broken in this test."""
    old, new = (("fail", None), ("fail", [B])), (("fail", [A, B]), ("fail", [B]))
    found = compare(read(_report(tmp_path / "old", *old)), read(_report(tmp_path / "new", *new)))
    assert found.counts[Change.WORSE] == 0
    assert found.status(count_new=False) == 0


def test_what_is_newly_found_makes_no_requirement_worse(tmp_path: Path) -> None:
    """By a test that is new, a requirement fails as a whole; whoever does not count what is new is not told off."""
    old = _report(tmp_path / "old", ("deviation", [A]))
    new = _report(tmp_path / "new", ("deviation", [A]), ("fail", [A, B]))
    found = compare(read(old), read(new))
    assert [each.change for each in found.requirements.values()].count(Change.WORSE) == 2
    assert found.fallen == []
    assert (found.status(count_new=False), found.status(count_new=True)) == (0, 1)


def test_a_waiver_less_is_seen_by_the_requirement(tmp_path: Path) -> None:
    """Two things are wrong in one test, and one of them was waived: the test is as red as before."""
    old, new = _report(tmp_path / "old", ("fail", [A, B])), _report(tmp_path / "new", ("fail", [A, B]))
    text = (old / "report.jsonl").read_text(encoding="utf-8")
    standing = f'"requirement": "{B}", "level": "MUST", "standing": '
    assert f'{standing}"fail"' in text
    (old / "report.jsonl").write_text(
        text.replace(f'{standing}"fail"', f'{standing}"waived"'), encoding="utf-8"
    )
    found = compare(read(old), read(new))
    assert [each.name for each, _ in found.fallen] == [B]
    assert (found.counts[Change.WORSE], found.status(count_new=False)) == (0, 1)


def test_it_is_told_under_what_is_newly_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = _report(tmp_path / "old", ("fail", [A]))
    new = _report(tmp_path / "new", ("fail", [A, B, C]))
    assert main([str(old), str(new)]) == 1
    said = capsys.readouterr().out
    assert (
        f"worse: 1 test\n  MUST    {B} (as a whole: pass -> fail)\n"
        f"    retried[y0]: fail -> fail, newly broken: {B}, {C}\n        {A}: fail was seen\n" in said
    )
    assert (
        f"requirements that stand worse as a whole:\n  MUST    {C}: pass -> fail\n    by retried[y0]\n"
        in said
    )
    assert main([str(old), str(new), "--format=markdown"]) == 1
    said = capsys.readouterr().out
    assert f"fail -> fail, newly broken: <code>{B}</code>, <code>{C}</code>" in said
    assert "### Requirements that stand worse as a whole" in said
    assert main([str(old), str(new), "--format=html"]) == 1
    page = JustHTML(capsys.readouterr().out)
    assert f"newly broken: {B}, {C}" in page.query("tbody td")[-2].to_text()
    assert [each.to_text() for each in page.query("h2")] == [
        "Worse: 1",
        "Requirements that stand worse as a whole",
    ]
    assert page.query("li > code")[0].to_text() == C


def test_a_requirement_alone_is_reason_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = _report(tmp_path / "old", ("fail", [A])), _report(tmp_path / "new", ("deviation", [B]))
    assert main([str(old), str(new)]) == 1
    assert capsys.readouterr().out.endswith(
        "better 1, the same 3: requirements stand worse (exit status 1)\n"
    )
