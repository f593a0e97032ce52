"""A report whose records are judged again is judged by what it was judged by, whoever calls and from where."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copyfile, copytree

import pytest
from stories.saved import save
from stories.story import waiting

from conformance.across.given import reports
from conformance.across.reading import ReportUnfit, read
from conformance.session.afresh import Asked, judge_afresh

RECORD = "record-1-steady.jsonl"
WAIVERS = "tolerated.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by the profile rfc, an older catalogue, with --conformance-strict and waivers."""
    folder = tmp_path_factory.mktemp("made")
    save(folder / RECORD, waiting("greeting_421"))
    waivers = folder / WAIVERS
    waivers.write_text('catalogue = "0.3"\nprofile = "rfc"\n', encoding="utf-8")
    run = folder / "run"
    judge_afresh(
        [folder / RECORD], run, Asked(profile="rfc", catalogue="0.3", strict=True, waivers=folder / WAIVERS)
    )
    for name in (RECORD, WAIVERS):  # of what is judged again a report keeps nothing
        copyfile(folder / name, run / name)
    text = (run / "report.jsonl").read_text(encoding="utf-8")
    header, rest = text.split("\n", 1)
    header = json.dumps(json.loads(header) | {"target_version": "1.2"})
    (run / "report.jsonl").write_text(f"{header}\n{rest}", encoding="utf-8")
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return copytree(made, tmp_path / "run")


def test_it_is_judged_by_what_its_header_says(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the habits of whoever calls, nor the page of a job, nor a project have a part in it."""
    job, project = run.parent / "job.md", run.parent / "project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\naddopts = -k nothing_of_it\n", encoding="utf-8")
    (project / "conftest.py").write_text("raise RuntimeError\n", encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing_of_it")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job))
    said = read(run)
    with reports([run / "report.jsonl"], again=True) as [found]:
        assert found.header == said.header
        assert [found.header[key] for key in ("profile", "catalogue", "strict")] == ["rfc", "0.3", True]
        assert found.header["waivers"]["file"] == WAIVERS
        assert found.relay.endswith(" 1.2"), "what only the report says is kept"
        assert found.tests == said.tests
    assert not job.exists()


def test_only_what_is_named_is_another(run: Path) -> None:
    with reports([run], again=True, profile="eop", waivers="none") as [found]:
        assert (found.header["profile"], found.header["catalogue"]) == ("eop", "0.3")
        assert "waivers" not in found.header


def test_what_does_not_go_together_is_said(run: Path) -> None:
    with (
        pytest.raises(
            ReportUnfit, match=r"cannot be judged: .* profile rfc, and this run about .* profile eop"
        ),
        reports([run], again=True, profile="eop"),
    ):
        pass


def test_what_a_header_says_is_what_is_asked(tmp_path: Path) -> None:
    header = {"profile": "rfc", "catalogue": "0.5", "strict": True, "waivers": {"file": "a.toml"}}
    asked = Asked(profile="rfc", catalogue="0.5", strict=True, waivers=tmp_path / "a.toml")
    assert Asked.by(header, tmp_path) == asked
    assert Asked.by({}, tmp_path) == Asked()
