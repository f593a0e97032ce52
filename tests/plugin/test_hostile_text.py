"""What pytest and its plugins show of a run by themselves, when relay, servers and adapter write anything."""

from __future__ import annotations

import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from stories.saved import save
from stories.story import waiting
from stories.wire import sent
from user_shell import Ended, fill, run

from conformance.evidence.record import Fault, Trouble

HOSTILE = "\x1b[2J\x1b]0;owned\x07 caf\udce9 \x9b31m \u202eok\u2028\n= what to mend =\r<b>|`x` Привет"
ADAPTER = f"""
from conformance.targets.reference import ReferenceTarget
HOSTILE = {HOSTILE!a}
print(HOSTILE.encode("utf-8", "replace").decode())

class Breaks(ReferenceTarget):
    def __init__(self):
        raise LookupError(HOSTILE)

class Internal(ReferenceTarget):
    @property
    def capabilities(self):
        import inspect
        if any(frame.function == "pytest_report_header" for frame in inspect.stack()):
            raise LookupError(HOSTILE)
        return ReferenceTarget.capabilities
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    fill(folder, {"hostile.py": ADAPTER})
    story = waiting("greeting_421").look(2.5, HOSTILE).says(2.0, HOSTILE, code="451", destination=HOSTILE)
    story.connects(3.9, sent("ehlo", HOSTILE))
    story.troubles.append(
        Trouble(
            at=1.0, fault=Fault.ADAPTER, message=HOSTILE, hint=HOSTILE, log=HOSTILE, scenario="plain.healthy"
        )
    )
    save(folder / "record.jsonl", story)
    return folder


@pytest.fixture(scope="module")
def judged(folder: Path) -> Ended:
    views = "--junitxml=junit.xml --alluredir=allure --html=page.html --self-contained-html --conformance-report=rep"
    # what an earlier run left is no page of this one
    (folder / "own.html").write_text("yesterday", encoding="utf-8")
    pages = "--conformance-summary=own.md --conformance-html=own.html"
    line = f"pytest -rA -p no:cacheprovider --conformance-replay=record.jsonl {views} {pages}"
    return run(line, folder, env={"GITHUB_STEP_SUMMARY": "job.md"})


def _unfit(text: str) -> str:
    fit = (each.isprintable() or each == "\n" or unicodedata.category(each) == "Zs" for each in text)
    return "".join(each for each, is_fit in zip(text, fit, strict=True) if not is_fit)


def test_what_a_terminal_shows(judged: Ended) -> None:
    assert judged.status == 3
    assert _unfit(judged.text) == ""
    assert r"\x1b[2J\x1b]0;owned\x07 caf\xe9 \x9b31m \u202eok\u2028" in judged.text
    assert "Привет" in judged.text
    assert judged.text.count("\n= what to mend") == 0
    assert judged.text.count("= what to mend =") > 1


def test_what_dashboards_show(judged: Ended) -> None:
    folder = judged.folder
    root = ElementTree.parse(folder / "junit.xml").getroot()
    texts = [each for node in root.iter() for each in (node.text or "", *node.attrib.values())]
    assert any(r"\x1b[2J" in text for text in texts)
    texts += [path.read_text(encoding="utf-8") for path in (folder / "allure").glob("*-result.json")]
    # of the page what it says of us: the rest is its own program
    [data] = re.findall(r'data-jsonblob="([^"]*)"', (folder / "page.html").read_text(encoding="utf-8"))
    texts += [html.unescape(data), (folder / "rep" / "report.jsonl").read_text(encoding="utf-8")]
    assert "".join(map(_unfit, texts)) == ""
    for line in (folder / "rep" / "report.jsonl").read_text(encoding="utf-8").splitlines():
        assert "\\u001b" not in line
        json.loads(line)


def test_what_a_job_shows(judged: Ended) -> None:
    own = (judged.folder / "own.md").read_text(encoding="utf-8")
    assert own.startswith("## Conformance of <code>hand-made</code>, profile eop\n")
    assert _unfit(own) == ""
    assert "<b>" not in own
    assert (judged.folder / "job.md").read_text(encoding="utf-8") == own


def test_what_a_page_shows(judged: Ended) -> None:
    own = (judged.folder / "own.html").read_text(encoding="utf-8")
    assert own.startswith("<!doctype html>")
    assert _unfit(own) == ""
    assert r"\x1b[2J\x1b]0;owned\x07" in own
    assert "yesterday" not in own
    again = run("mailflow-conformance page rep -o again.html", judged.folder)
    assert again.status == 0
    later = (judged.folder / "again.html").read_text(encoding="utf-8")
    # which was written a moment after
    assert re.sub(r"judging [0-9.]+ s", "", later) == re.sub(r"judging [0-9.]+ s", "", own)


@pytest.mark.parametrize(("adapter", "status"), [("Breaks", 4), ("Internal", 3)])
def test_what_an_adapter_prints_and_raises_within_pytest(folder: Path, adapter: str, status: int) -> None:
    ended = run(f"pytest -p no:cacheprovider --target=hostile:{adapter}", folder)
    assert ended.status == status, ended.text
    assert _unfit(ended.text) == ""
    assert ended.text.count(r"\x1b[2J\x1b]0;owned\x07") >= 2
