"""Declared adapters as a user names them: what is wrong is a usage error, what is right is judged, in both labs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.lab import namespace
from conformance.targets.declared.reading import read
from conformance.targets.declared.relay import DeclaredTarget, _inside

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NO_LAB = namespace.unavailable()


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_file_with_mistakes_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        'name = "x"\nstrat = ["y"]\ncapabilities = ["smart"]\n', encoding="utf-8"
    )
    ended = run(tmp_path, "pytest", "--target=bad.toml")
    assert ended.returncode == 4
    assert f"--target: {tmp_path}/bad.toml: 4 mistakes" in ended.stderr
    assert "capabilities[1]: 'smart' is not valid; did you mean smart_host" in ended.stderr
    assert "strat: there is no such key; did you mean start?" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_relay_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert run(tmp_path, "conformance", "new", "nosuch").returncode == 0
    ended = run(tmp_path, "pytest", "--target=nosuch.toml", "-k", "connection_refused and error_code")
    assert ended.returncode == 4
    assert "cannot start nosuchd: No such file or directory" in ended.stdout + ended.stderr


@pytest.mark.parametrize("lab", ["loopback", "namespace"])
def test_the_plain_example_is_judged_in_both_labs(tmp_path: Path, lab: str) -> None:
    if lab == "namespace" and NO_LAB:
        pytest.skip(NO_LAB)
    shutil.copytree(EXAMPLES / "plain", tmp_path / "plain")
    shutil.copy(EXAMPLES / "plain.toml", tmp_path)
    ended = run(
        tmp_path,
        *("pytest", "--target=plain.toml", f"--conformance-lab={lab}", "-q", "-k"),
        "connection_refused and (error_code or retried or recovers or survives_restart)",
    )
    assert ended.returncode == 0, ended.stdout
    assert "passed" in ended.stdout


def test_what_fits_no_pattern_in_a_queue_is_the_adapters_fault(tmp_path: Path) -> None:
    """Mail that only was not read would look like mail that is lost."""
    shutil.copytree(EXAMPLES / "plain", tmp_path / "plain")
    declared = (EXAMPLES / "plain.toml").read_text(encoding="utf-8")
    command = 'command = ["mailflow-conformance", "relay", "queue", "--config", "{{ work }}/relay.toml"]'
    assert command in declared
    (tmp_path / "plain.toml").write_text(
        declared.replace(command, 'files = ["{{ work }}/relay.toml"]'), encoding="utf-8"
    )
    ended = run(tmp_path, "pytest", "--target=plain.toml", "-q", "-k", "connection_refused and stays_queued")
    assert ended.returncode == 3  # an error, and nothing red
    assert "at fault: the adapter" in ended.stdout
    assert "plain.toml: queue.patterns: none fits anything in relay.toml" in ended.stdout


@pytest.mark.parametrize("name", ["exim", "haraka", "nullmailer"])
def test_an_example_of_a_relay_that_is_here_reads_all_of_it(name: str) -> None:
    declared = read(EXAMPLES / f"{name}.toml")
    if not DeclaredTarget(declared).version:
        pytest.skip(f"{name} is neither installed nor unpacked")
    if NO_LAB or os.geteuid() != 0:
        pytest.skip(NO_LAB or "its users exist in root's lab only")
    ended = run(EXAMPLES, "conformance", "check", f"{name}.toml")
    assert ended.returncode == 0, ended.stdout


def test_nothing_is_written_outside_the_work_directory(tmp_path: Path) -> None:
    assert _inside("a/b", tmp_path, None, "files") == tmp_path / "a" / "b"
    for path in ("/etc/passwd", "../x", "a/../../x"):
        with pytest.raises(ValueError, match=r"is not below the work directory; it needs a table \[lab\]"):
            _inside(path, tmp_path, None, "files")
