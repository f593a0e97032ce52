"""Where the time of a run went."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story

from conformance.report import took
from conformance.report.took import Took, longest_window


def test_the_longest_window_says_whose_it_was() -> None:
    short = Story("plain").change(submitted=1.0, closed=4.0).record(control=False)
    record = replace(
        short,
        staged=short.staged | {"never": replace(next(iter(short.staged.values())), closed=None)},
    )
    long = Story("close_at_data").change(submitted=2.0, closed=9.5).record(control=False)
    window = longest_window([record, long])
    assert window is not None
    assert (window.seconds, window.scenario, window.clock) == (7.5, "close_at_data.healed", "steady")
    assert str(window) == "7.5 s (close_at_data.healed, steady)"


def test_where_no_window_was_closed_there_is_no_longest() -> None:
    assert longest_window([]) is None
    assert longest_window([Story("plain").change(closed=None).record(control=False)]) is None


def test_each_part_has_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 12.5, 12.5, 20.0, 20.0, 21.0])
    monkeypatch.setattr(took.time, "monotonic", lambda: next(now))
    run = Took()
    run.begin("staging")
    run.begin("judging")
    assert run.seconds == {"collecting": 2.5, "staging": 7.5, "judging": 1.0}
