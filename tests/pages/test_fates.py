"""The table of fates and aspects: no cell is undeclared, and what it says of masks is what verdicts do."""

from __future__ import annotations

import pytest

from conformance.catalogue.course import Course
from conformance.judging.aspect import Aspect, owner_elsewhere, owner_of
from conformance.judging.fate import FAULTS, SEEN, Fate, fates_on
from conformance.pages.fates import Undeclared, cell, speaking
from conformance.suite import ASPECTS

CELLS = [
    (aspect, course, fate) for course in Course for aspect in speaking(course) for fate in fates_on(course)
]


@pytest.mark.parametrize("course", [course for course in Course if speaking(course)])
def test_every_cell_is_declared(course: Course) -> None:
    for aspect in speaking(course):
        for fate in fates_on(course):
            assert cell(aspect, course, fate)


def test_a_fault_of_which_nothing_is_declared_is_a_mistake() -> None:
    [retried] = (each for each in ASPECTS if each.name == "retried")
    silent = Aspect(**{**vars(retried), "fates": {Course.CORRECTED: {Fate.WAITED}}})
    with pytest.raises(
        Undeclared, match="retried declares nothing of returned_wrongly on the course corrected"
    ):
        cell(silent, Course.CORRECTED, Fate.RETURNED_WRONGLY)
    assert cell(silent, Course.CORRECTED, Fate.RETURNED) == "-"


def test_of_each_fault_at_most_one_aspect_is_red() -> None:
    for course in Course:
        for fate in FAULTS & set(fates_on(course)):
            red = [each.name for each in speaking(course) if cell(each, course, fate) == "**R**"]
            owner = owner_of(course, fate)
            assert red == ([] if owner is None else [owner.name]), (course, fate)


def test_nobody_declares_what_cannot_be() -> None:
    for aspect in ASPECTS:
        for course in aspect.courses:
            spoken = aspect.fates.get(course, set())
            assert aspect.partly.keys() <= spoken | {fate for fate in Fate if not spoken}, aspect.name
            for fate in aspect.partly:
                assert owner_of(course, fate) not in (None, aspect), (aspect.name, fate)
        for course in aspect.elsewhere:
            assert course not in aspect.courses, aspect.name
            for fate in aspect.owns - SEEN:
                assert owner_of(course, fate) is None, "it is judged where it happens"
                assert owner_elsewhere(course, fate) is aspect


def test_what_was_seen_is_left_to_nobody_elsewhere() -> None:
    assert not any(owner_elsewhere(course, fate) for course in Course for fate in SEEN)


def test_the_table_has_what_is_known_of_it() -> None:
    told = {(aspect.name, course, fate): cell(aspect, course, fate) for aspect, course, fate in CELLS}
    assert told["stays_queued", Course.HEALED, Fate.DELIVERED_WRONGLY] == "**R**"
    assert told["error_code", Course.HEALED, Fate.RETURNED_WRONGLY] == "m"
    assert told["error_code", Course.HEALED, Fate.WAITED] == "✓"
    assert told["stays_queued", Course.HEALED, Fate.RETURNED] == "-"
    assert told["one_ndr", Course.EXPIRES, Fate.VANISHED] == "m"
    assert told["survives_restart", Course.RESTARTED, Fate.UNTOLD].startswith("✓: m if `expires` is red")
