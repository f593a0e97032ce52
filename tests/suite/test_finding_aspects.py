"""How aspects are found, in which order, and what a wrong declaration is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import suite
from conformance.catalogue.course import Course
from conformance.judging.aspect import AspectError, Case, Finding, aspect
from conformance.suite import ASPECTS, REQUIREMENTS, find

DECLARED = """
from conformance.judging.aspect import Case, Course, Finding, aspect

@aspect(Course.HEALED, {how}requirements={{"asked": "queue/retried"}})
def {name}(case: Case) -> list[Finding]:
    return []
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that adds a file to the suite."""
    monkeypatch.setattr(suite, "__path__", [*suite.__path__, str(tmp_path)])

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, f"conformance.suite.{name}", raising=False)
        monkeypatch.delattr(suite, name, raising=False)

    return write


def test_every_file_of_the_suite_is_found() -> None:
    files = {file.stem for file in Path(suite.__path__[0]).glob("test_*.py")}
    assert {f"test_{each.name}" for each in ASPECTS} == files
    assert find() == ASPECTS


def test_each_has_a_place_of_its_own() -> None:
    places = [each.place for each in ASPECTS]
    assert places == sorted(set(places))


def test_slots_bear_the_name_of_their_aspect() -> None:
    assert all(slot.startswith(f"{each.name}.") for each in ASPECTS for slot in each.requirements)
    assert len(REQUIREMENTS) == sum(len(each.requirements) for each in ASPECTS)


def test_a_newcomer_stands_where_it_says_or_last(write: Callable[[str, str], None]) -> None:
    write("test_aaa", DECLARED.format(name="test_aaa", how=""))
    write("test_zzz", DECLARED.format(name="test_zzz", how="place=105, "))
    names = [each.name for each in find()]
    assert [names[0], names[-1]] == ["zzz", "aaa"]
    assert names[1:-1] == [each.name for each in ASPECTS]


@pytest.mark.parametrize("text", ["", "test_stray = 1\n", DECLARED.format(name="test_other", how="")])
def test_a_file_without_its_aspect_is_refused(write: Callable[[str, str], None], text: str) -> None:
    write("test_stray", text)
    with pytest.raises(AspectError, match=r"test_stray\.py in the suite holds no aspect test_stray"):
        find()


def test_a_requirement_or_a_failure_mode_that_is_not_there_is_refused() -> None:
    def test_anything(case: Case) -> list[Finding]:
        return []

    with pytest.raises(AspectError, match="anything names no such requirement: no/such"):
        aspect(Course.HEALED, requirements={"asked": "no/such"})(test_anything)
    for only in (("dns_oops",), {Course.HEALED: ("dns_oops",)}):
        with pytest.raises(AspectError, match="anything names no such failure mode: dns_oops"):
            aspect(Course.HEALED, only=only)(test_anything)  # type: ignore[arg-type]
