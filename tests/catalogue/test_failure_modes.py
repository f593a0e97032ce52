"""The files below `failure_modes/` are found by themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.catalogue import failure_modes
from conformance.catalogue.failure_modes import ALL

DECLARATION = """
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.connections import delivered

MODES = (
    FailureMode(
        name="{name}", section=Section.CONTROL, staged="A server.", kind=Kind.CONTROL, witness=delivered
    ),
)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder whose files count as if they lay among the others."""
    monkeypatch.setattr(failure_modes, "__path__", [*failure_modes.__path__, str(tmp_path)])
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"{failure_modes.__name__}.{file.stem}", None)


def test_a_new_file_is_found_and_comes_last(folder: Path) -> None:
    (folder / "zz_b_new.py").write_text(DECLARATION.format(name="second"))
    (folder / "zz_a_new.py").write_text(DECLARATION.format(name="first"))
    (folder / "zz_c_new.py").write_text("HELPERS = 1\n")
    declared = [mode.name for mode in failure_modes._declared()]
    assert declared == [*(name for name in ALL if name in declared), "first", "second"]


def test_a_name_that_is_taken_is_a_mistake(folder: Path) -> None:
    (folder / "new.py").write_text(DECLARATION.format(name="plain"))
    with pytest.raises(ValueError, match="two failure modes are called 'plain'"):
        failure_modes._by_name(failure_modes._declared())
