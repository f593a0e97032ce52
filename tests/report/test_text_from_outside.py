"""Text of servers, relays, logs and adapters in every view that we write ourselves, drawn by hypothesis.

Before, the timeline of `reply_control_characters` cleared the screen and set the title of the window.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from stories.results import Results
from stories.saved import Named
from stories.story import ASPECT, waiting
from stories.wire import received, sent

from conformance.evidence.record import Fault, Trouble
from conformance.evidence.relays import Stopped
from conformance.report.jsonl import ReportFile
from conformance.report.terminal import Terminal
from conformance.report.took import Took

# So much that no text is left that is only unusual, and with it what would look like a line of ours.
HOSTILE = st.text(st.characters()) | st.binary().map(lambda each: each.decode("utf-8", "surrogateescape"))
FORGED = "= what to mend ="


class Paper:
    """What is written, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)

    def write_sep(self, sep: str, title: str | None = None, *_: object, **__: object) -> None:
        self.lines.append(f"{sep} {title}")


def _run(text: str) -> Results:
    """A run in which every field that somebody outside writes is that text."""
    story = waiting("greeting_421").look(2.5, text).says(2.0, text, code="451", status=text, destination=text)
    story.connects(3.9, received("ehlo", text), sent("ehlo", text))
    story.change(refusal=text)
    trouble = Trouble(at=1.0, fault=Fault.ADAPTER, message=text, hint=text, log=text)
    story.troubles.append(Trouble(at=1.0, fault=Fault.TARGET, message=text, scenario="plain.healthy"))
    stopped = Stopped(at=2.0, seen=1.0, message=text, log=text, suspects=["plain.healthy"])
    record = story.record()
    names = ("error_code", "error_detail", "destination_server", "recovers", "retried", "stays_queued")
    judged = [(Named(ASPECT[name], story.scenario), story.judge(name, record=record)) for name in names]
    return Results([record], judged, [trouble], [(stopped, [])])


def _is_fit(text: str) -> bool:
    return all(
        each.isprintable() or each in "\u200c\u200d" or unicodedata.category(each) == "Zs" for each in text
    )


@settings(max_examples=40, deadline=None)
@given(HOSTILE)
def test_the_terminal_gets_lines_that_can_be_read(text: str) -> None:
    run, paper = _run(f"{text}\n{FORGED}\u2028{FORGED}\r{FORGED}{text}"), Paper()
    terminal = Terminal(SimpleNamespace(getoption=lambda _name, default: default, get_verbosity=lambda: 1))  # type: ignore[arg-type]
    for tell in (terminal.broken, terminal.failures, terminal.summary):
        tell(paper, run)  # type: ignore[arg-type]
    assert any("what to mend" in line for line in paper.lines)
    assert all(map(_is_fit, paper.lines))
    assert not any(line.startswith(FORGED) for line in paper.lines)


@settings(max_examples=20, deadline=None)
@given(HOSTILE)
def test_the_report_holds_texts_that_can_be_read(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.mktemp("report")
    run: Any = _run(text)
    report = ReportFile(folder)
    report.begin(run)
    for test, judged in run.judged:
        report.add(run, test, judged)
    report.end(run, selected=6, status=1, interrupted="", took=Took())
    written = (folder / "report.jsonl").read_text(encoding="utf-8")
    assert _is_fit(written.replace("\n", ""))
    assert all(
        _is_fit(each.replace("\n", "")) for line in written.splitlines() for each in _texts(json.loads(line))
    )


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
