"""Time-outs that are longer where somebody waits for a processor, and end all the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from conformance.targets import patience
from conformance.targets.patience import Patience, stalled_so_far, timeout


def _crowded(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Have somebody wait for a processor for such a share of all time."""
    begun = time.monotonic()
    monkeypatch.setattr(patience, "stalled_so_far", lambda: share * (time.monotonic() - begun))


class _Moments:
    """A clock, and how long somebody has waited, as they are told at each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.stalled = 0.0
        monkeypatch.setattr(patience, "stalled_so_far", lambda: self.stalled)
        monkeypatch.setattr("time.monotonic", lambda: self.now)

    def pass_(self, seconds: float, waited: float) -> None:
        self.now += seconds
        self.stalled += waited


def test_seconds_count_for_what_nobody_waited_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = _Moments(monkeypatch)
    left = Patience(10.0)
    moments.pass_(1.0, 0.0)
    assert left.spend() == pytest.approx(9.0)
    moments.pass_(1.0, 0.5)
    assert left.spend() == pytest.approx(8.5)
    moments.pass_(4.0, 4.0)  # a quarter at least
    assert left.spend() == pytest.approx(7.5)
    moments.pass_(5.0, 0.0)
    assert left.spend(most=0.5) == pytest.approx(7.0)


def test_without_kernel_support_all_seconds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = _Moments(monkeypatch)
    monkeypatch.setattr(patience, "stalled_so_far", lambda: None)
    left = Patience(10.0)
    moments.pass_(3.0, 3.0)
    assert left.spend() == pytest.approx(7.0)


@pytest.mark.parametrize(("share", "least"), [(0.0, 0.3), (1.0, 0.9)])
async def test_a_time_out_ends(share: float, least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    _crowded(monkeypatch, share)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        async with timeout(0.3):
            await asyncio.Event().wait()
    assert time.monotonic() - begun >= least


async def test_what_is_done_in_time_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _crowded(monkeypatch, 1.0)
    monkeypatch.setattr(patience, "_LEAST", 0.0)  # however long it takes, none of it counts
    async with timeout(0.5):
        await asyncio.sleep(0.8)
    await asyncio.sleep(0.6)  # nothing goes on behind it


def test_where_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (stalled_so_far() or 0.0) >= 0.0
    monkeypatch.setattr(patience, "_TOLD_IN", Path("/proc/pressure/nothing"))
    assert stalled_so_far() is None
