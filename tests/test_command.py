"""The console command, as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import __version__
from conformance.__main__ import COMMANDS

INSTALLED = str(Path(sys.executable).with_name("mailflow-conformance"))
BY_MODULE = (sys.executable, "-m", "conformance")


def _run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("start", [(INSTALLED,), BY_MODULE], ids=["installed", "module"])
def test_it_lists_its_commands(start: tuple[str, ...], tmp_path: Path) -> None:
    asked = _run(*start, "--help", cwd=tmp_path)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert [line.split()[0] for line in asked.stdout.splitlines() if line.startswith("  ")] == [*COMMANDS]
    silent = _run(*start, cwd=tmp_path)
    assert (silent.returncode, silent.stdout, silent.stderr) == (2, "", asked.stdout)


def test_it_tells_its_version(tmp_path: Path) -> None:
    assert _run(INSTALLED, "--version", cwd=tmp_path).stdout == f"mailflow-conformance {__version__}\n"


def test_an_unknown_command_names_those_there_are(tmp_path: Path) -> None:
    wrong = _run(INSTALLED, "certificate", cwd=tmp_path)
    assert wrong.returncode == 2
    assert f"no command is called 'certificate'; there are {', '.join(COMMANDS)}" in wrong.stderr


@pytest.mark.parametrize("name", [*COMMANDS])
def test_each_command_calls_itself_by_its_name(name: str, tmp_path: Path) -> None:
    helped = _run(INSTALLED, name, "--help", cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith(f"usage: mailflow-conformance {name}")


def test_a_package_of_the_same_name_shadows_nothing(tmp_path: Path) -> None:
    """A folder `conformance` in the working directory hides `python -m conformance`, and not the command."""
    (tmp_path / "conformance").mkdir()
    (tmp_path / "conformance" / "__init__.py").write_text(
        "raise SystemExit('somebody else')\n", encoding="utf-8"
    )
    assert "somebody else" in _run(*BY_MODULE, "--version", cwd=tmp_path).stderr
    played = _run(INSTALLED, "demo", cwd=tmp_path, PYTHONPATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert (played.returncode, played.stderr) == (0, "")
    assert played.stdout.rstrip().endswith("The queue is empty.")
