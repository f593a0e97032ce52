from __future__ import annotations

import time
from dataclasses import replace

import pytest

from conformance.report import terminal
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


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((12.4,), "3 of 9 windows closed, up to 12 s left; steady 3/9"),
        ((300.0,), "3 of 9 windows closed, up to 5 min left; steady 3/9"),
        ((12.4, 30.0), "6 of 18 windows closed, up to 30 s left; steady 3/9, steady 3/9"),
        ((12.4, None), "6 of 18 windows closed, at least 12 s left; steady 3/9, steady 3/9"),
        ((-3.0, None), "6 of 18 windows closed; steady 3/9, steady 3/9"),
        ((-3.0,), "3 of 9 windows closed; steady 3/9"),
    ],
)
def test_it_says_about_how_long_it_takes(
    ends: tuple[float | None, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal.time, "monotonic", lambda: 1000.0)
    waves = [replace(_wave("steady", 3, 9), ends=None if end is None else 1000.0 + end) for end in ends]
    assert _how_far(waves) == said


def test_what_has_ended_takes_no_time() -> None:
    over = replace(_wave("jumped", 4, 4), ends=None)
    assert ", up to " in _how_far([replace(_wave("steady", 3, 9), ends=time.monotonic() + 50), over])
