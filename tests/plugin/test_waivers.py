"""Waivers as somebody uses them: a file in the project, letters, counts, exit statuses, two views; from a record."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from stories.saved import save
from stories.story import Story
from user_shell import fill, run

from conformance.waivers import NAME
from conformance.waivers.reading import GENERATED

MODES = ("greeting_554", "close_at_ehlo", "close_at_mail", "close_at_rcpt")
RUN = "pytest --conformance-replay=record.jsonl conformance/suite/test_destination_server.py"
REASON = "The host is in the log only."
# What is otherwise in each of four rows, and what is said of it.
CHANGES = (
    ("The host", "Today the host"),
    ("expires = 20", "expires = 19"),
    ('verdict = "fail"', 'verdict = "deviation"'),
    ("no host is named", "mx9 is named"),
)
SAID = (
    "waiver no longer needed: error/destination-server holds now",
    "the waiver expired on 19",
    "the verdict is fail now, and the waiver has deviation",
    'observed is "no host is named, neither',
)


def _story(number: int, mode: str, said: str = "it went away", code: str = "450 4.4.317") -> Story:
    """A relay that says of each failure what it is, and never where."""
    story = Story(mode, number=number).meets_fault(1.2).says(1.5, f"{code} {said}")
    return story.look(2.0, f"{code} {said}").change(repaired=7.0, closed=20.0).delivers(9.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("waivers")
    fill(made, {})
    first, *others = (_story(number, mode) for number, mode in enumerate(MODES, start=1))
    save(made / "record.jsonl", first, *others)
    return made


@pytest.fixture(scope="module")
def written(folder: Path) -> str:
    """A file as it is written, with the reason filled in."""
    ended = run(f"{RUN} --conformance-write-waivers=new.toml", folder)
    assert ended.status == 1
    text = (folder / "new.toml").read_text(encoding="utf-8")
    return text.replace(GENERATED, REASON)


def test_what_is_written_is_refused_until_it_is_filled_in(folder: Path, written: str) -> None:
    assert REASON in written
    ended = run(f"{RUN} --conformance-waivers=new.toml", folder)
    assert ended.status == 4
    assert "--conformance-waivers: new.toml, row 1 (error/destination-server): reason is still" in ended.text


def test_a_file_that_was_found_and_is_left_alone_is_named(folder: Path, written: str) -> None:
    (folder / NAME).write_text(written.replace('target = "', 'target = "not-'), encoding="utf-8")
    ended = run(f"{RUN} --tb=no", folder)
    (folder / NAME).unlink()
    assert ended.status == 1
    assert f"conformance: waivers {NAME} left alone: it is about target not-" in ended.text


def test_what_is_waived_passes_in_every_view(folder: Path, written: str) -> None:
    """Also those that were told once: all four are in the file. Written again it keeps its reasons."""
    (folder / NAME).write_text(written, encoding="utf-8")
    views = "-v --conformance-report=rep --junitxml=junit.xml --conformance-summary=page.md -rs"
    ended = run(f"{RUN} {views} --conformance-html=page.html --conformance-write-waivers=again.toml", folder)
    (folder / NAME).unlink()
    assert ended.status == 0
    assert "4 waived in" in ended.text.splitlines()[-1]
    assert "destination_server[close_at_ehlo] WAIVED" in ended.text
    assert f"waived by {NAME}, row 1 (error/destination-server), until 20" in ended.text
    assert f"conformance: waivers {NAME} (1, catalogue " in ended.text
    assert "w waived" in ended.text
    for row in ended.rows("verdict"):
        assert (row["verdict"], row["outcome"]) == ("waived", "passed")
        [waiver] = row["waivers"]
        assert (waiver["row"], waiver["reason"], waiver["verdict"]) == (1, REASON, "fail")
        assert date.fromisoformat(waiver["expires"]) > date.today()
    [told] = ended.rows("waiver")
    assert (len(told["fired"]), told["misfits"]) == (4, [])
    [standing] = ended.rows("requirement")
    assert (standing["standing"], standing["tests"]) == ("waived", {"waived": 4})
    [footer] = ended.rows("footer")
    assert (footer["counts"]["waived"], footer["counts"]["fail"], footer["exit_status"]) == (4, 0, 0)
    assert REASON in (folder / "junit.xml").read_text(encoding="utf-8")
    page = (folder / "page.md").read_text(encoding="utf-8")
    assert "What is waived" in page
    assert REASON in page
    html = (folder / "page.html").read_text(encoding="utf-8")
    assert "Everything that was judged holds, but for what is waived" in html
    assert f'<p class="where">{REASON}</p>' in html
    assert (folder / "again.toml").read_text(encoding="utf-8") == written


def test_what_is_written_of_a_whole_run_lets_it_pass(tmp_path: Path) -> None:
    """Judged by everything, where several comparisons with one requirement fail in one test; then written again."""
    fill(tmp_path, {})
    first, *others = (_story(n, mode, code="451 4.0.0") for n, mode in enumerate(MODES, start=1))
    save(tmp_path / "record.jsonl", first, *others)
    everything = "pytest --conformance-replay=record.jsonl --conformance-profile=eop --tb=no -q"
    ended = run(f"{everything} --conformance-write-waivers=all.toml", tmp_path)
    assert ended.status == 1
    filled = (tmp_path / "all.toml").read_text(encoding="utf-8").replace(GENERATED, REASON)
    assert '"enhanced status code 4.0.0 (*",\n    "reply code 451 (*"' in filled
    (tmp_path / "filled.toml").write_text(filled, encoding="utf-8")
    ended = run(
        f"{everything} --conformance-waivers=filled.toml --conformance-write-waivers=same.toml --conformance-strict",
        tmp_path,
    )
    assert not re.search(r"\d (failed|deviation|misfit)", ended.text.splitlines()[-1])
    assert (tmp_path / "same.toml").read_text(encoding="utf-8") == filled


def test_a_waiver_that_does_not_fit_fails_the_run(folder: Path, written: str, tmp_path: Path) -> None:
    """One is mended, one row expired, one has another verdict, one something else that was seen."""
    fill(tmp_path, {})
    mended = _story(1, MODES[0], "mx1.greeting-554.healed.test[127.1.1.105] went away")
    others = (_story(number, mode) for number, mode in enumerate(MODES[1:], start=2))
    save(tmp_path / "record.jsonl", mended, *others)
    head, _, row = written.partition("[[waiver]]")
    rows = []
    for mode, (old, new) in zip(MODES, CHANGES, strict=True):
        assert row.count(old) == 1
        text = re.sub(r"(?s)failure_modes = \[.*?\]", f'failure_modes = ["{mode}"]', row.replace(old, new))
        rows.append(f"[[waiver]]{text}")
    (tmp_path / NAME).write_text(head + "\n".join(rows), encoding="utf-8")
    ended = run(f"{RUN} -q --tb=no --conformance-summary=page.md", tmp_path)
    assert ended.status == 1
    assert "waivers that do not fit" in ended.text
    assert "4 misfits in" in ended.text.splitlines()[-1]
    wrong = ended.text.partition("waivers that do not fit")[2]
    for number, said in enumerate(SAID, start=1):
        named = (
            f"{NAME}, row {number} (error/destination-server): test_destination_server[{MODES[number - 1]}]"
        )
        assert f"{named}: {said}" in wrong
    assert "Waivers that do not fit" in (tmp_path / "page.md").read_text(encoding="utf-8")
