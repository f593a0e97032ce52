"""The versions of the catalogue: nothing is forgotten, and no older one asks anything else than before."""

from __future__ import annotations

import tomllib
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from conformance.catalogue.requirements import catalogue
from conformance.catalogue.versions import newest, versions
from conformance.pages.versions import main, reached, unlisted, with_new
from conformance.suite import ASPECTS, asked_in

# By version and aspect, how many tests it had and the beginning of the digest of their names, when it was closed.
FROZEN = Path(__file__).with_name("frozen.toml")


def test_every_failure_mode_and_all_that_aspects_reach_are_in_a_version() -> None:
    modes, reach = unlisted()
    assert (modes, [str(each) for each in reach]) == ([], []), (
        "run: mailflow-conformance catalogue --write conformance/catalogue/versions"
    )


def test_every_requirement_is_in_a_version() -> None:
    assert {row.id for row in catalogue().values() if row.since not in versions()} == set()


def test_nothing_is_in_two_versions() -> None:
    each = Counter(x for version in versions().values() for x in (*version.modes, *version.reach))
    assert [x for x, times in each.items() if times > 1] == []


def test_what_versions_list_as_reached_is_reached() -> None:
    listed = {str(each) for version in versions().values() for each in version.reach}
    assert sorted(listed - set(map(str, reached()))) == []


def _frozen(version: str) -> dict[str, str]:
    names: dict[str, list[str]] = {each.name: [] for each in ASPECTS}
    for aspect, scenario in asked_in(version):
        names[aspect.name].append(aspect.test_name(scenario))
    return {
        aspect: f"{len(own)} {sha256(' '.join(sorted(own)).encode()).hexdigest()[:12]}"
        for aspect, own in names.items()
        if own
    }


@pytest.mark.parametrize("version", [name for name in versions() if name != newest()])
def test_a_version_that_is_closed_asks_what_it_asked(version: str) -> None:
    """What was withdrawn or renamed on purpose stands in CHANGELOG.md, and is taken over from here into the file."""
    assert _frozen(version) == tomllib.loads(FROZEN.read_text(encoding="utf-8"))[version]


def test_the_file_of_the_newest_version_is_written_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{newest()}.toml"
    path.touch()
    assert main(["--write", str(tmp_path)]) == 0
    assert "0 failure modes and 0 kinds" in capsys.readouterr().out
    source = Path(__file__).parents[2] / "conformance/catalogue/versions" / path.name
    assert path.read_text(encoding="utf-8") == source.read_text(encoding="utf-8")
    assert with_new(versions()[newest()]) == path.read_text(encoding="utf-8")


def test_another_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--write", str(tmp_path)])
    assert f"there is no {newest()}.toml in it" in capsys.readouterr().err


def test_the_command_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == list(versions())
    assert all(line.strip().startswith("sha256:") for line in lines[1::2])
