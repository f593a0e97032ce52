"""Where a relay is found, and what is said where it is nowhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conformance.target import TargetError
from conformance.targets.kit import packages, unpack, unpacked
from conformance.targets.kit.sources import SOURCES, Debian, Npm
from conformance.targets.kit.unpacked import find, usual_folder, variable, version

RELAY = Debian(("relay-server", "relay-data"), "/nonexistent/relayd")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in (*SOURCES, "my-relay"):
        monkeypatch.delenv(variable(name), raising=False)


def _unpacked(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / packages.LIST).write_text("relay-data 1\nrelay-server 4.96-1\n")
    return folder


def test_what_is_nowhere_is_said_with_the_command_that_helps() -> None:
    with pytest.raises(TargetError, match="my-relay is neither installed nor unpacked") as caught:
        find("my-relay", RELAY)
    assert caught.value.installation
    asked = "mailflow-conformance unpack my-relay --package=relay-server --package=relay-data"
    assert asked in caught.value.hint
    assert version("my-relay", RELAY) == ""
    with pytest.raises(TargetError) as caught:
        find("haraka")
    assert "mailflow-conformance unpack haraka " in caught.value.hint


@pytest.mark.parametrize("value", ["relative", "/nonexistent"])
def test_a_variable_that_names_nothing_is_not_passed_over(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unpacked(usual_folder("my-relay"))
    assert variable("my-relay") == "MAILFLOW_RELAY_MY_RELAY"
    monkeypatch.setenv(variable("my-relay"), value)
    with pytest.raises(
        TargetError, match="MAILFLOW_RELAY_MY_RELAY names no folder with the packages"
    ) as caught:
        find("my-relay", RELAY)
    assert caught.value.installation


def test_a_variable_goes_before_the_usual_folder_and_that_before_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Debian(RELAY.packages, "/bin/sh")
    monkeypatch.setattr(unpacked, "_installed_version", lambda package: f"7 of {package}")
    assert find("my-relay", installed) == (None, "7 of relay-server")
    usual = _unpacked(usual_folder("my-relay"))
    assert usual == tmp_path / "cache/mailflow-conformance/my-relay"
    assert find("my-relay", installed) == (usual, "4.96-1")
    named = _unpacked(tmp_path / "named")
    monkeypatch.setenv(variable("my-relay"), str(named))
    assert find("my-relay", installed) == (named, "4.96-1")


def test_what_comes_from_npm(tmp_path: Path) -> None:
    folder = usual_folder("my-relay") / "node_modules" / "Relay"
    folder.mkdir(parents=True)
    assert version("my-relay", Npm("Relay", "1.0.0")) == ""
    (folder / "package.json").write_text(json.dumps({"version": "1.0.1"}))
    assert version("my-relay", Npm("Relay", "1.0.0")) == "1.0.1"


def test_the_command_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(unpack, "unpack", lambda folder, wanted: asked.append((folder, wanted)))
    monkeypatch.chdir(tmp_path)
    _unpacked(tmp_path / "there")
    assert unpack.main(["my-relay", "there", "--package=relay-server", "--package=relay-data"]) == 0
    assert asked == [(tmp_path / "there", RELAY.packages)]
    said = capsys.readouterr().out
    assert (
        f"my-relay 4.96-1 is in {tmp_path}/there\nexport MAILFLOW_RELAY_MY_RELAY={tmp_path}/there\n" == said
    )
    assert unpack.main(["exim"]) == 0
    assert asked[1][0] == usual_folder("exim")


def test_an_unknown_name_and_a_registry_that_has_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        unpack.main(["exmi"])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "no relay is called 'exmi'; there are exim, sendmail, opensmtpd, haraka" in said
    assert "exmi --package=PACKAGE" in said

    monkeypatch.setattr(unpack.shutil, "which", lambda tool: None)
    assert unpack.main(["haraka"]) == 2
    assert "npm not found" in capsys.readouterr().err

    def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no such version")

    monkeypatch.setattr(unpack.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(unpack.subprocess, "run", fails)
    assert unpack.main(["haraka"]) == 2
    assert "no such version" in capsys.readouterr().err
