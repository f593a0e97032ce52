"""Which errors of a relay are about the fault."""

from __future__ import annotations

from stories.story import Story


def _texts(story: Story) -> list[str]:
    return [error.text for error in story.case().errors]


def _healed() -> Story:
    """Return two attempts that met the fault, an error after each, and the repair at 4 s."""
    story = Story("greeting_421").meets_fault(1.2).says(1.5, "450 one").meets_fault(3.3)
    return story.says(3.6, "450 two").change(repaired=4.0)


def test_what_is_shown_before_the_repair_counts_and_what_is_read_a_little_later() -> None:
    assert _texts(_healed().says(4.5, "450 late").delivers(5.4)) == ["450 one", "450 two", "450 late"]


def test_what_an_attempt_shows_that_failed_without_the_fault_is_about_something_else() -> None:
    story = _healed().looks_up(5.4).says(5.9, "450 a trouble of its own").delivers(7.5)
    assert _texts(story) == ["450 one", "450 two"]
    assert [error.text for error in story.case().coded] == ["450 one", "450 two"]


def test_what_an_attempt_shows_that_saw_both_sides_is_not_known_to_be_about_the_fault() -> None:
    story = _healed().change(repaired=3.45).looks_up(3.7)
    assert _texts(story) == ["450 one"]


def test_where_nothing_was_shown_before_all_is_taken_for_the_fault() -> None:
    story = Story("greeting_421").meets_fault(1.2).meets_fault(3.3).change(repaired=4.0)
    assert _texts(story.looks_up(5.4).says(5.9, "450 late")) == ["450 late"]
