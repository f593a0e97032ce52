"""The page of a report, read by somebody else's reader of HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_made_run import in_order, page_of, telling
from hypothesis import given, settings
from hypothesis import strategies as st
from justhtml import Element, JustHTML

from conformance.html.__main__ import main
from conformance.html.page import page
from conformance.html.told import rows_in
from conformance.report.jsonl import rows_of
from conformance.report.took import Took
from fake_servers.printable import printable

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "</style><style>@import 'https://x.test/a.css'</style>",
    "--><script>alert(1)</script>",
    "\"><svg onload=alert(1)> ' onmouseover='alert(1)",
    "</pre></details></main><h1>Everything that was judged holds</h1>",
    "<base href=https://x.test/><meta http-equiv=refresh content=0;url=https://x.test/>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\x1b[2J\x00\x07\u202efdp.exe\u2028\ud800",
    "]]>&lt;b&gt;&#60;i&#62;",
)

# What a browser fetches, or goes to.
FETCHES = {
    "src",
    "srcset",
    "data",
    "poster",
    "action",
    "formaction",
    "background",
    "ping",
    "manifest",
    "cite",
}
GOES = {"href", "xlink:href"}


def read(text: str) -> JustHTML:
    """Read a page as a browser does; it must not have to guess."""
    found = JustHTML(text, sanitize=False, collect_errors=True, scripting_enabled=False)
    assert found.errors == []
    return found


def elements(found: JustHTML) -> Iterator[Element]:
    waiting = [*(found.root.children or [])]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element):
            yield node
        waiting += getattr(node, "children", None) or []


def check_harmless(found: JustHTML) -> None:
    """Nothing is fetched, nothing runs but the one script of ours, and every link stays on the page."""
    anchors = {each.attrs["id"] for each in elements(found) if "id" in each.attrs}
    for each in elements(found):
        assert each.name not in ("base", "iframe", "object", "embed", "link", "img", "image", "foreignobject")
        for name, value in each.attrs.items():
            assert not name.startswith("on")
            assert name not in FETCHES
            assert name != "style"
            if name in GOES:
                assert value.startswith("#")
                assert value[1:] in anchors
            elif name != "content":
                assert "://" not in (value or "") or name == "data-n"
    assert [each.attrs for each in elements(found) if each.name == "script"] == [{}]
    [policy] = [e.attrs["content"] for e in elements(found) if e.attrs.get("http-equiv")]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def text_of(found: JustHTML, selector: str) -> list[str]:
    return [" ".join(each.to_text().split()) for each in found.query(selector)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_comes_from_outside_is_text(hostile: str) -> None:
    found = read(page_of(telling(hostile), interrupted=printable(hostile)))
    check_harmless(found)
    plain = read(page_of(telling("oops"), interrupted="oops"))
    assert {each.name for each in elements(found)} == {each.name for each in elements(plain)}
    shown = " ".join(printable(hostile).split())
    assert any(shown in text for text in text_of(found, ".finding dd"))
    assert any(shown in text for text in text_of(found, "details pre"))


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters()) | st.text("<>&\"'/=-! ;{}%#ab\n"))
def test_any_text_stays_text(text: str) -> None:
    check_harmless(read(page_of(telling(f"x{text}x"))))


def test_the_head_says_how_it_went() -> None:
    found = read(page_of(telling("oops")))
    assert text_of(found, "h1") == ["hand-made"]
    assert text_of(found, ".headline") == ["1 requirement broken"]
    counts = text_of(found, ".counts li")
    assert "· 2 pass" in counts
    assert "F 1 fail" in counts
    assert "w 1 waived" in counts
    assert "x 1 expected" in counts
    assert "E 1 error" in counts
    assert text_of(found, ".alert h2") == ["At fault: the adapter", "The relay was brought down"]
    assert text_of(read(page_of(in_order())), ".headline") == ["Everything that was judged holds"]


def test_a_run_that_was_broken_off_says_so() -> None:
    found = read(page_of(in_order(), interrupted="KeyboardInterrupt"))
    assert text_of(found, ".headline") == ["Broken off before its end"]
    assert "(KeyboardInterrupt)" in text_of(found, "header .note")[0]


def test_what_to_mend_leads_to_what_happened() -> None:
    found = read(page_of(telling("oops")))
    [first, *_] = found.query("#mend tbody tr")
    assert [each.attrs["href"] for each in first.query("td a")] == ["#s1"]
    [body] = found.query("#s1")
    assert "fault played" in body.to_text()
    assert text_of(found, "#waived .where") == ["oops"]
    assert "oops" in text_of(found, "#waived .misfit")[0]


def test_letters_say_what_colours_say() -> None:
    found = read(page_of(telling("oops")))
    cells = {
        (each.attrs["class"], " ".join(each.to_text().split()))
        for each in found.query(".grid td")
        if each.attrs
    }
    assert {("pass", "· pass"), ("fail", "F fail"), ("waived", "w waived"), ("error", "E error")} <= {
        (look, re.sub(r"(?<=^.)(?=\w)", " ", text)) for look, text in cells
    }


def test_tables_and_drawings_can_be_heard() -> None:
    found = read(page_of(telling("oops")))
    assert {each.attrs.get("scope") for each in found.query("th")} == {"row", "col"}
    assert {each.attrs.get("aria-hidden") for each in found.query("svg")} == {"true"}
    assert [each.attrs["href"] for each in found.query("a.skip")] == ["#main"]
    assert len(found.query("main")) == len(found.query("header.top")) == 1
    named = {
        each.attrs.get("aria-labelledby") or each.attrs.get("aria-label") for each in found.query("section")
    }
    assert "" not in named
    assert None not in named


def test_it_can_be_read_without_its_script() -> None:
    found = read(page_of(telling("oops")))
    hidden = [each for each in elements(found) if "hidden" in each.attrs]
    assert [each.attrs["id"] for each in hidden] == ["filter"], "what only the script can do"


def test_a_report_becomes_the_same_page_later(tmp_path: Path) -> None:
    rows = [*rows_of(telling("</script>"), selected=7, status=1, interrupted="", took=Took())]
    (tmp_path / "report.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    out = tmp_path / "page.html"
    assert main([str(tmp_path), "-o", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == page(rows)


def test_a_file_by_somebody_else_is_spelled_out(tmp_path: Path) -> None:
    row = {
        "kind": "header",
        "target": "\x1b]0;x\x07<b>",
        "profile": "eop",
        "troubles": [],
        "started": "\u202e",
    }
    (tmp_path / "report.jsonl").write_text(json.dumps(row))
    text = page(rows_in(tmp_path))
    check_harmless(read(text))
    assert r"\x1b]0;x\x07&lt;b&gt;" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "verdict"}', "no report", '{"kind": "header"'])
def test_what_is_no_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "report.jsonl").write_text(text)
    assert main([str(tmp_path), "-o", str(tmp_path / "page.html")]) == 4
    assert str(tmp_path) in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_an_older_report_says_what_it_lacks() -> None:
    rows = [
        row
        for row in rows_of(telling("oops"), selected=7, status=1, interrupted="", took=Took())
        if row["kind"] != "to_mend"
    ]
    assert "older version" in text_of(read(page(rows)), "#mend")[0]
