from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.authoring.new_adapter import main
from conformance.targets.declared.reading import read
from conformance.targets.resolve import resolve


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_what_is_written_is_a_declaration_without_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["my-relay"]) == 0
    declared = read(Path("my-relay.toml"))
    assert declared.name == "my-relay"
    assert declared.start[0] == "my-relayd"
    assert "MYRELAY" not in Path("my-relay.toml").read_text(encoding="utf-8")
    assert "mailflow-conformance check my-relay.toml" in capsys.readouterr().out


def test_the_class_in_python_is_a_target_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fresh-relay", "--python"]) == 0
    assert resolve("fresh_relay:MyRelay", [str(tmp_path)]).name == "fresh-relay"
    assert "mailflow-conformance check fresh_relay:MyRelay" in capsys.readouterr().out


def test_both_offer_the_same(tmp_path: Path) -> None:
    main(["same"])
    main(["same_too", "--python"])
    declared, written = resolve("same.toml", [str(tmp_path)]), resolve("same_too:MyRelay", [str(tmp_path)])
    assert declared.capabilities == written.capabilities


def test_nothing_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("myrelay.toml").write_text("mine", encoding="utf-8")
    assert main(["myrelay"]) == 4
    assert "myrelay.toml is there already" in capsys.readouterr().err
    assert Path("myrelay.toml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["", "../x", "a b", "1st", "x.toml"])
def test_a_name_that_is_none_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name])
    assert caught.value.code == 2
    assert "is no name for a relay" in capsys.readouterr().err
