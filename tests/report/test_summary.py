"""The page of Markdown, read by somebody else's reader of Markdown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from stories.saved import Named
from stories.story import ASPECT, Story, waiting

from conformance.catalogue.profile import load
from conformance.evidence.record import Fault, Trouble
from conformance.report.summary import SummaryFile, code, page
from fake_servers.printable import printable

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _run(text: str, xfailed: tuple[str, ...] = ()) -> SimpleNamespace:
    story = waiting("connection_refused").says(2.0, f"451 4.4.316 {text}").delivers(7.0)
    broken = Story("greeting_421")
    broken.troubles.append(
        Trouble(at=1.0, fault=Fault.ADAPTER, message=text, scenario=broken.staged.scenario)
    )
    record = story.record()
    judged = [
        (Named(ASPECT[name], story.scenario), story.judge(name, record=record))
        for name in ("error_code", "retried")
    ]
    judged.append((Named(ASPECT["retried"], broken.scenario), broken.judge("retried")))
    known = {test.nodeid: "known" for test, _ in judged if test.aspect.name in xfailed}
    return SimpleNamespace(
        name="my:Relay",
        profile=load("eop"),
        records=[record],
        judged=judged,
        xfailed=known,
        target=None,
        waivers=None,
        misfits=[],
    )


def _cells(text: str) -> list[list[str]]:
    """What stands in the cells of each row of tables, as plain text; a code element counts as its text."""
    rows: list[list[str]] = []
    for token in READER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level > 2:
            inner = [t for t in token.children or [] if t.type != "html_inline" or t.content not in _ELEMENTS]
            assert {t.type for t in inner} <= {"text", "text_special", "code_inline"}, inner
            rows[-1].append("".join(t.content for t in inner))
    return rows


_ELEMENTS = ("<code>", "</code>")


def test_what_to_mend_and_what_was_not_judged() -> None:
    text = "\n".join(page(_run("oops"), ended=True))  # type: ignore[arg-type]
    rows = _cells(text)
    counts = dict(zip(rows[0], rows[1], strict=True))
    assert (counts["fail"], counts["pass"], counts["error"]) == ("1", "1", "1")
    assert any(row[:2] == ["fail", "MUST"] and "reply code 451" in row[3] for row in rows[2:])
    assert ["at fault: the adapter", "test_retried[greeting_421]", "oops"] in rows
    assert "broken off" not in text
    assert "lab <code>loopback</code>" in text


def test_what_is_expected_to_fail_is_nothing_to_mend() -> None:
    text = "\n".join(page(_run("oops", xfailed=("error_code",)), ended=False))  # type: ignore[arg-type]
    assert "What to mend" not in text
    assert _cells(text)[1] == ["1", "0", "0", "0", "0", "0", "1", "1"]
    assert "broken off" in text


@given(st.text(st.characters()) | st.text("|`\\<>&*_[]()!@#:/~$\n ~-\"'h tps"))
def test_any_text_stays_the_text_of_its_cell(text: str) -> None:
    rows = _cells(f"| a | b |\n| --- | --- |\n| {code(text)} | end |")
    shown = " ".join(printable(text).strip().split(" "))
    assert [" ".join(rows[1][0].split()), rows[1][1]] == [" ".join(shown.split()), "end"]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "`|`", "http://x.test www.x.test", "**a** _b_", "\x1b[2J"]
)
def test_a_hostile_text_is_shown_and_not_obeyed(text: str) -> None:
    rendered = READER.render("\n".join(page(_run(text), ended=True)))  # type: ignore[arg-type]
    assert "<script" not in rendered
    assert "<strong" not in rendered
    assert "\x1b" not in rendered
    assert "://" not in code(text)


def test_a_step_adds_to_the_summary_of_its_job(tmp_path: Path) -> None:
    job, own = tmp_path / "job.md", tmp_path / "own.md"
    for path in (job, own):
        path.write_text("before\n", encoding="utf-8")
    SummaryFile(job, "GITHUB_STEP_SUMMARY", append=True).write(_run("oops"), ended=True)  # type: ignore[arg-type]
    SummaryFile(own, "--conformance-summary").write(_run("oops"), ended=True)  # type: ignore[arg-type]
    assert job.read_text(encoding="utf-8").startswith("before\n## Conformance of")
    assert own.read_text(encoding="utf-8").startswith("## Conformance of")
    with pytest.raises(OSError, match="No such file"):
        SummaryFile(tmp_path / "no" / "page.md", "--conformance-summary")
