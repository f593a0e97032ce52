"""The worked example of docs/adding-an-aspect.md, carried out in a copy: three files, and what becomes of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "adding-an-aspect.md"
FILE = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository, as far as it is needed, with the files that the page adds."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("conformance", "fake_servers", "tests/mutants"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mailflow_conformance_pytest.py", root)
    added = FILE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(added) == 3
    for name, text in added:
        assert not (root / name).exists()
        (root / name).write_text(text, encoding="utf-8")
    return root


def _run(folder: Path, root: Path, *arguments: str) -> str:
    """Run what is in the copy, and return what it prints."""
    run = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_reference_relay_passes_it(copy: Path) -> None:
    one = "conformance/suite/test_traces.py::test_traces[plain]"
    told = _run(copy, copy, "pytest", "--target=reference", "-p", "no:cacheprovider", "-v", one)
    assert "test_traces[plain] PASSED" in told


def test_the_mutant_is_caught_by_it_and_by_nothing_else(copy: Path) -> None:
    told = _run(copy / "tests", copy, "mutants", "leaves_no_trace")
    assert re.search(r"leaves_no_trace +caught by traces\[plain", told)
    assert "killed 1 of 1 (100%)" in told


def test_it_stands_where_its_place_is(copy: Path) -> None:
    listed = _run(copy, copy, "pytest", "--target=reference", "-p", "no:cacheprovider", "--co", "-q")
    names = list(dict.fromkeys(re.findall(r"^conformance/suite/test_(\w+)\.py::", listed, re.MULTILINE)))
    assert names.index("delivered_later") < names.index("traces") < names.index("uses_tls")
