from __future__ import annotations

from conformance.report.results import Windows
from conformance.report.terminal import _how_far


def _wave(name: str, done: int, total: int, *left: str) -> Windows:
    return Windows(wave=name, done=done, total=total, open=left)


def test_it_names_the_waves_that_are_under_way() -> None:
    assert _how_far([_wave("steady", 3, 9), _wave("jumped", 4, 4), _wave("crashed", 0, 2)]) == (
        "7 of 15 windows closed; steady 3/9, crashed 0/2"
    )


def test_it_names_the_windows_that_are_left_once_they_are_few() -> None:
    waves = [_wave("steady", 8, 9, "greeting_421.healed"), _wave("jumped", 4, 4)]
    assert _how_far(waves) == "12 of 13 windows closed; open: greeting_421.healed"
    # the other wave has more than that to do
    assert _how_far([*waves, _wave("crashed", 1, 9)]).endswith("; steady 8/9, crashed 1/9")


def test_at_the_end_nothing_is_left() -> None:
    assert _how_far([_wave("steady", 9, 9)]) == "9 of 9 windows closed"
