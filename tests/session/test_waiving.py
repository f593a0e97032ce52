"""Which waivers a run has, and where a file of them may be written."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from conformance.catalogue.versions import newest
from conformance.session.waiver_file import WaiverFile
from conformance.session.waiving import KNOWN, NONE, waivers_for
from conformance.waivers import NAME, WaiverError, Waivers

HEAD = f'catalogue = "{newest()}"\n'


def _found(root: Path, given: str | None = None, target: str = "mine") -> Waivers | None:
    waivers, left_alone = waivers_for(given, start=root, root=root, target=target, profile="rfc")
    assert not left_alone
    return waivers


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
    found, _ = waivers_for(None, start=tmp_path / "below", root=tmp_path, target="mine", profile="rfc")
    assert found is not None
    assert found.file == tmp_path / NAME


@pytest.mark.parametrize("about", ["target other", "profile eop"])
def test_one_about_something_else_is_left_alone_unless_it_is_named(tmp_path: Path, about: str) -> None:
    """A target may be mistyped, and nobody knows which there are: so it is said."""
    key, value = about.split()
    (tmp_path / NAME).write_text(f'{HEAD}{key} = "{value}"\n')
    found, left_alone = waivers_for(None, start=tmp_path, root=tmp_path, target="mine", profile="rfc")
    assert found is None
    why = f"is about {about}, and this run about target mine and profile rfc"
    assert left_alone == f"conformance: waivers {NAME} left alone: it {why}"
    with pytest.raises(ValueError, match=why):
        _found(tmp_path, NAME)


def test_one_with_a_profile_that_there_is_not_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(f'{HEAD}profile = "rcf"\n')
    with pytest.raises(WaiverError, match=r"profile is 'rcf', .* did you mean rfc"):
        _found(tmp_path)


def test_a_row_that_can_never_apply_is_a_mistake(tmp_path: Path) -> None:
    row = (
        'verdict = "fail"\nrequirement = "rfc/queued"\naspect = "expires"\nfailure_modes = ["greeting_421"]\n'
    )
    when = f"expires = {date.today() + timedelta(days=9)}\n"
    (tmp_path / NAME).write_text(f'{HEAD}[[waiver]]\n{row}observed = "*"\nreason = "x"\n{when}')
    with pytest.raises(WaiverError, match=r"row 1 .* expires does not judge rfc/queued there"):
        _found(tmp_path)


def test_one_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"nowhere\.toml: No such file"):
        _found(tmp_path, "nowhere.toml")


def test_what_is_known_of_a_built_in_target_comes_with_the_suite(tmp_path: Path) -> None:
    found = _found(tmp_path, KNOWN, target="exim")
    assert found is not None
    assert (found.file, found.target) == (Path("conformance/waivers/known/exim.toml"), "exim")
    with pytest.raises(ValueError, match=r"nothing is known of target mine, but of exim, .*postfix, "):
        _found(tmp_path, KNOWN)
    with pytest.raises(
        ValueError, match=r"known is about target exim and profile rfc, and this run .* profile eop"
    ):
        waivers_for(KNOWN, start=tmp_path, root=tmp_path, target="exim", profile="eop")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(HEAD)
    with pytest.raises(ValueError, match="it is there already"):
        WaiverFile(tmp_path / NAME)
    with pytest.raises(ValueError, match="there is no folder"):
        WaiverFile(tmp_path / "nowhere" / NAME)
    WaiverFile(tmp_path / "new.toml")
    assert not (tmp_path / "new.toml").exists()
