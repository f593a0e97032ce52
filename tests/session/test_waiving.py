"""Which waivers a run has, and where a file of them may be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue.versions import newest
from conformance.session.waiver_file import WaiverFile
from conformance.session.waiving import NONE, waivers_for
from conformance.waivers import NAME, WaiverError, Waivers

HEAD = f'catalogue = "{newest()}"\n'


def _found(root: Path, given: str | None = None, target: str = "mine") -> Waivers | None:
    return waivers_for(given, start=root, root=root, target=target, profile="rfc")


def test_the_file_of_a_project_is_found(tmp_path: Path) -> None:
    assert _found(tmp_path) is None
    (tmp_path / NAME).write_text(HEAD)
    found = _found(tmp_path)
    assert found is not None
    assert (found.file, found.rows) == (Path(NAME), ())
    assert _found(tmp_path, NONE) is None


def test_it_is_told_of_as_it_is_seen_from_where_one_stands(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(HEAD)
    (tmp_path / "below").mkdir()
    found = waivers_for(None, start=tmp_path / "below", root=tmp_path, target="mine", profile="rfc")
    assert found is not None
    assert found.file == tmp_path / NAME


@pytest.mark.parametrize("about", ['target = "other"', 'profile = "eop"'])
def test_one_about_something_else_is_left_alone_unless_it_is_named(tmp_path: Path, about: str) -> None:
    (tmp_path / NAME).write_text(f"{HEAD}{about}\n")
    assert _found(tmp_path) is None
    with pytest.raises(ValueError, match=r"is about .*, and this run about target mine and profile rfc"):
        _found(tmp_path, NAME)


def test_one_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"nowhere\.toml: No such file"):
        _found(tmp_path, "nowhere.toml")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(HEAD)
    with pytest.raises(ValueError, match="it is there already"):
        WaiverFile(tmp_path / NAME)
    with pytest.raises(ValueError, match="there is no folder"):
        WaiverFile(tmp_path / "nowhere" / NAME)
    WaiverFile(tmp_path / "new.toml")
    assert not (tmp_path / "new.toml").exists()
