"""What is looked at all the time: the relay's queue and events, our punctuality, the machine's pressure."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.evidence.record import Fault
from conformance.target import QueuedMessage
from conformance.wave import watch
from conformance.wave.unusable import TargetUnusable, defect
from conformance.wave.watch import LagMeter, Pressure, RelayWatch
from fake_servers import Journal


def test_lag_counts_while_the_window_was_open() -> None:
    meter = LagMeter(Journal())
    meter._late += [(1.0, 0.5), (5.0, 2.0), (9.0, 4.0)]
    assert meter.worst(0.0, 10.0) == 4.0
    assert meter.worst(0.0, 4.0) == 2.0  # it began at 3.0
    assert meter.worst(1.5, 2.5) == 0.0
    assert meter.worst(10.0, 11.0) == 0.0


class _Asked:
    """A relay whose answers are a list; an exception among them is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.log: list[str] = []

    async def queue(self) -> Any:
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def events(self) -> Any:
        return list(self.log)


async def test_a_watch_tells_each_event_once_and_before_the_queue() -> None:
    relay, told = _Asked(), list[Any]()
    looking = RelayWatch(relay, Journal(), told.append)  # type: ignore[arg-type]
    for log in (["a"], ["a", "b", "c"], ["a", "b", "c"]):
        relay.log = log
        await looking.ask()
    assert [getattr(entry, "event", "queue") for entry in told] == ["a", "queue", "b", "c", "queue", "queue"]
    assert all(entry.asked <= entry.at for entry in told if hasattr(entry, "asked"))


async def test_a_message_that_has_gone_is_looked_for_once_more_at_once() -> None:
    one, two = (QueuedMessage(sender="s@x.test", recipient=f"{name}@y.test") for name in ("one", "two"))
    # missed by a listing; then gone indeed; then one that was never there
    relay, told = _Asked([one, two], [two], [one, two], [two], [two], [two]), list[Any]()
    looking = RelayWatch(relay, Journal(), told.append)  # type: ignore[arg-type]
    for listings in (1, 2, 2, 1):
        told.clear()
        await looking.ask()
        assert len(told) == listings
    assert relay.answers == []


async def test_the_worst_moment_of_a_window_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = iter([0.0, 0.1, 0.2, 1.1, 1.2, 1.2, 1.2])
    monkeypatch.setattr(watch, "stalled_so_far", lambda: next(stalled, None))
    monkeypatch.setattr(watch, "_MOMENT", 0.01)
    pressure = Pressure(Journal())  # takes the first look, at nothing
    await pressure.run()
    moments = [at for at, _ in pressure._samples]
    pressure._samples = [(0.5 * number, total) for number, (_, total) in enumerate(pressure._samples)]
    assert len(moments) == 6
    assert pressure.worst(0.0, 0.4) == pytest.approx(1.0)
    assert pressure.worst(1.9, 3.0) == pytest.approx(0.1)
    assert pressure.worst(9.0, 10.0) == 0.0


async def test_how_long_it_was_calm_before_the_end() -> None:
    pressure = Pressure(Journal())
    totals = [0.0, 0.1, 0.2, 1.1, 1.2, 1.2, 1.3]
    pressure._samples = [(0.5 * number, total) for number, total in enumerate(totals)]
    assert pressure.calm(3.0, 0.4) == pytest.approx(1.0)  # in the moment to 2.0 somebody waited all the time
    assert pressure.calm(3.0, 0.01) == 0.0
    assert pressure.calm(3.0, 1.0) == 3.0
    assert pressure.calm(1.2, 0.4) == 0.0


async def test_in_how_many_seconds_nobody_waited() -> None:
    pressure = Pressure(Journal())
    assert pressure.peace(0.0, 3.0) == 0.0
    totals = [0.0, 0.1, 0.2, 0.7, 1.3, 1.3, 1.4]
    pressure._samples = [(0.5 * number, total) for number, total in enumerate(totals)]
    assert pressure.peace(0.0, 3.0) == pytest.approx(0.4 + 0.4 + 0.0 + 0.0 + 0.5 + 0.4)
    assert pressure.peace(0.25, 1.5) == pytest.approx(0.2 + 0.4)
    assert pressure.peace(2.25, 9.0) == pytest.approx(0.25 + 0.4)


async def test_without_kernel_support_it_was_never_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "stalled_so_far", lambda: None)
    pressure = Pressure(Journal())
    await pressure.run()
    assert pressure.calm(9.0, 0.4) == 0.0


async def test_without_kernel_support_the_load_average_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "stalled_so_far", lambda: None)
    pressure = Pressure(Journal())
    await pressure.run()
    monkeypatch.setattr("os.getloadavg", lambda: (1e6, 0.0, 0.0))
    assert pressure.worst(0.0, 1.0) == pressure.share() == 1.0


@pytest.mark.parametrize(("error", "asked"), [(TypeError("no"), 1), (OSError("busy"), 3)])
async def test_a_log_that_is_read_wrongly_is_no_stumble(
    monkeypatch: pytest.MonkeyPatch, error: Exception, asked: int
) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.0)
    relay = _Asked()
    calls: list[int] = []

    async def events() -> Any:
        calls.append(1)
        raise defect("events() raised", error)

    monkeypatch.setattr(relay, "events", events)
    with pytest.raises(TargetUnusable, match="events"):
        await RelayWatch(relay, Journal(), lambda _: None).run()  # type: ignore[arg-type]
    assert len(calls) == asked


async def test_an_adapter_may_stumble_but_not_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "QUEUE_INTERVAL", 0.0)
    trouble = TargetUnusable(Fault.ADAPTER, "gone")
    relay = _Asked(trouble, trouble, [], trouble, trouble, trouble)
    with pytest.raises(TargetUnusable, match="gone"):
        await RelayWatch(relay, Journal(), lambda _: None).run()  # type: ignore[arg-type]
    assert relay.answers == []
