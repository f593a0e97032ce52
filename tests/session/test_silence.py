"""A wave that does not beat is ended, and pytest that was stopped itself takes no wave for silent."""

from __future__ import annotations

import pytest

from conformance.session import silence
from conformance.session.silence import Silence


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(silence.time, "monotonic", lambda: now[0])
    return now


def test_who_says_nothing_for_too_long_is_told(clock: list[float]) -> None:
    quiet: Silence[str] = Silence(5.0)
    quiet.heard("silent")
    for second in range(1, 6):
        clock[0] = second
        quiet.heard("beats")
        assert quiet.too_long(["beats", "silent"]) == []
    clock[0] = 6.0
    quiet.heard("beats")
    assert quiet.too_long(["beats", "silent", "new"]) == ["silent"]


def test_the_first_word_may_take_longer(clock: list[float]) -> None:
    """A process is long in starting where a hundred others want to run."""
    quiet: Silence[str] = Silence(5.0)
    for second in range(1, 26):
        clock[0] = second
        assert quiet.too_long(["starts"]) == []
    clock[0] = 26.0
    assert quiet.too_long(["starts"]) == ["starts"]


def test_time_in_which_we_were_stopped_ourselves_counts_little(clock: list[float]) -> None:
    quiet: Silence[str] = Silence(5.0)
    clock[0] = 3600.0
    assert quiet.too_long(["stopped beside us"]) == []
    quiet.heard("stopped beside us")
    clock[0] = 7200.0
    assert quiet.too_long(["stopped beside us"]) == []
