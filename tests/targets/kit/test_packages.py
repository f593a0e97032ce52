"""What is unpacked of Debian packages."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from conformance.targets.kit import packages, unpack


def test_a_folder_that_has_all_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_call(*_command: str, cwd: Path | None = None) -> str:
        raise AssertionError

    monkeypatch.setattr(packages, "_run", no_call)
    (tmp_path / packages.LIST).write_text("one 1.0-2\ntwo 3\n")
    packages.unpack(tmp_path, ["two", "one"])
    assert packages.versions(tmp_path) == {"one": "1.0-2", "two": "3"}
    with pytest.raises(AssertionError):
        packages.unpack(tmp_path, ["one", "other"])


def test_packages_and_the_libraries_they_lack_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*command: str, cwd: Path | None = None) -> str:
        match command:
            case ("apt-get", "--simulate", *_):
                return "Remv postfix [3]\nInst libone1 (1 Debian [amd64])\nInst cron (2 Debian)\nInst relay (3 x)\n"
            case ("apt-get", "--option", _, "download", *names):
                assert cwd is not None
                for name in names:
                    (cwd / f"{name}.deb").touch()
            case ("dpkg-deb", "--extract", archive, folder):
                name = Path(archive).stem
                for path in (f"lib/x/{name}.so", f"usr/sbin/{name}"):
                    (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                    (Path(folder) / path).write_text(name)
                (Path(folder) / f"usr/sbin/{name}").chmod(0o6755)
            case ("dpkg-deb", "--show", *_, archive):
                return f"{Path(archive).stem} 1.0"
        return ""

    monkeypatch.setattr(packages, "_run", run)
    monkeypatch.setattr(packages.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    folder = tmp_path / "deep" / "relay"
    packages.unpack(folder, ["relay"])
    assert packages.versions(folder) == {"libone1": "1.0", "relay": "1.0"}
    assert (folder / "usr/lib/x/libone1.so").read_text() == "libone1"
    assert not (folder / "lib").exists()
    assert stat.S_IMODE((folder / "usr/sbin/relay").stat().st_mode) == 0o755
    assert [entry.name for entry in folder.parent.iterdir()] == ["relay"]


def test_what_lies_in_a_folder_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda tool: None)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").touch()
    for place in ("home", "home/letter"):
        assert unpack.main(["relay", str(tmp_path / place), "--package=relay"]) == 2
        assert "holds something else, which would be removed" in capsys.readouterr().err
    assert (tmp_path / "home" / "letter").exists()
    (tmp_path / "empty").mkdir()
    for place in ("empty", "new"):
        assert unpack.main(["relay", str(tmp_path / place), "--package=relay"]) == 2
        assert "not found" in capsys.readouterr().err
    for name in ("../..", "/etc", ""):
        with pytest.raises(SystemExit):
            unpack.main([name, "--package=relay"])
        assert "is no name" in capsys.readouterr().err


def test_no_debian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda tool: None)
    assert unpack.main(["relay", str(tmp_path / "x"), "--package=relay"]) == 2
    assert "apt-get, dpkg-deb not found" in capsys.readouterr().err
