"""Second stagings that begin while other waves still run: what they are does not depend on who ends first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stories.days import expired
from stories.story import ASPECT, Story, good, good_control, waiting

from conformance.catalogue.course import Timing
from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Fault, Record, Trouble, to_line
from conformance.evidence.relays import Idling, Stopped
from conformance.judging.aspect import Aspect
from conformance.schedules.scenarios import scenario_of
from conformance.session.again import BATCH, batches
from conformance.session.second import Seconds, Waves
from conformance.wave.plan import Plan, schedule

WANTED = [
    (ASPECT["recovers"], scenario_of("greeting_421.healed")),
    (ASPECT["recovers"], scenario_of("greeting_554.healed")),
    (ASPECT["expires"], scenario_of("greeting_421.expires")),
]


def _steady(**spoilt: Any) -> Record:
    """Return a record of two scenarios of which one may be spoilt."""
    story = good("greeting_421").change(**spoilt)
    return story.record(good("greeting_554"))


def _jumped(**spoilt: Any) -> Record:
    return expired("greeting_421").change(**spoilt).record()


def _ids(scenarios: Sequence[Scenario]) -> list[str]:
    return [scenario.id for scenario in scenarios]


def _seconds(wanted: Sequence[tuple[Aspect, Scenario]] = WANTED, *, once: bool = False) -> Seconds:
    return Seconds(wanted, load("eop"), once)


@pytest.mark.parametrize("order", [1, -1])
def test_each_clock_is_asked_by_its_own_record_whichever_ends_first(order: int) -> None:
    records = [_steady(lag=1.5), _jumped(lag=1.5)]
    seconds = _seconds()
    found = {record.header.timing: _ids(seconds.after(record)) for record in records[::order]}
    assert found == {"steady": ["greeting_421.healed"], "jumped": ["greeting_421.expires"]}
    assert seconds.known >= {scenario.id for _, scenario in WANTED}
    assert seconds.left(records, lambda scenario: records[scenario.timing is Timing.JUMPED]) == []


def test_what_is_in_order_is_not_staged_again() -> None:
    seconds = _seconds()
    assert seconds.after(_steady()) == seconds.after(_jumped()) == seconds.staged == []
    assert seconds.known >= {scenario.id for _, scenario in WANTED}


def test_a_control_that_was_late_elsewhere_is_not_staged_again_on_its_own_clock() -> None:
    """Before, a late control of another wave was staged again where it had been in time, and nobody read it."""
    plain = good_control("plain").change(lag=1.5)
    jumped = expired("greeting_421").record(plain, control=False)
    assert "plain.healthy" not in _ids(_seconds().after(jumped))
    steady = good("greeting_421").record(plain, control=False)
    assert "plain.healthy" in _ids(_seconds().after(steady))


def test_who_asks_for_one_staging_gets_one() -> None:
    assert _seconds(once=True).after(_steady(lag=1.5)) == []


def _stopped() -> Stopped:
    names = ["greeting_421.healed", "greeting_554.healed"]
    return Stopped(at=3.0, seen=2.0, message="gone", scenarios=names, suspects=names)


def test_where_a_relay_was_brought_down_it_is_known_later() -> None:
    seconds, record = _seconds(), _steady(lag=1.5)
    down = replace(record, stopped=[_stopped()])
    assert seconds.after(down) == []
    assert seconds.known == set()
    assert _ids(seconds.left([down, _jumped(lag=1.5)], lambda _: down))[0] == "greeting_421.healed"


def test_of_two_waves_of_a_clock_each_is_asked_by_its_own_record() -> None:
    """Where one brought its relay down, what the other is asked for again says nothing of it."""
    other = _steady(lag=1.5)
    down = replace(good("close_at_data").change(lag=1.5).record(), stopped=[_stopped()])
    wanted = [*WANTED, (ASPECT["recovers"], scenario_of("close_at_data.healed"))]
    seconds = _seconds(wanted)
    assert seconds.after(down) == []
    assert _ids(seconds.after(other)) == ["greeting_421.healed"]
    assert _ids(seconds.left([down, other], lambda _: down)) == ["close_at_data.healed"]


def test_how_much_a_relay_used_at_its_end_opens_no_question() -> None:
    """It is measured in every wave in which one relay serves many."""
    names = ["greeting_421.healed", "greeting_554.healed"]
    quiet = Idling(at=30.0, seconds=1.0, cores=0.01, since=29.0, scenarios=names)
    late = _steady(lag=1.5)
    assert _ids(_seconds().after(replace(late, idling=[quiet]))) == ["greeting_421.healed"]
    busy = replace(quiet, cores=1.0, suspects=names)
    assert _seconds().after(replace(late, idling=[busy])) == []


def test_where_something_broke_nothing_is_staged_again() -> None:
    """On that clock; whether another one was staged again before it broke would depend on who ended first."""
    trouble = Trouble(at=1.0, fault=Fault.ADAPTER, message="no")
    broken = replace(_steady(lag=1.5), troubles=[trouble])
    seconds = _seconds()
    assert seconds.after(broken) == []
    assert _ids(seconds.after(_jumped(lag=1.5))) == ["greeting_421.expires"]
    assert seconds.left([broken], lambda _: broken) == []


@pytest.mark.parametrize(("beside", "third"), [(True, ["greeting_421.healed"]), (False, [])])
def test_what_is_in_doubt_again_has_a_third_staging_if_the_second_had_no_peace(
    beside: bool, third: list[str]
) -> None:
    wrong = waiting("greeting_421").says(2.0, "450 4.4.315 Connection timed out").change(pressure=0.9)
    record = wrong.record()
    seconds = _seconds([(ASPECT["error_code"], scenario_of("greeting_421.healed"))])
    assert _ids(seconds.after(record)) == ["greeting_421.healed"]
    if beside:
        seconds.beside.add(Timing.STEADY)
    assert _ids(seconds.third(lambda _: record)) == third


@pytest.mark.parametrize(("pressure", "third"), [(0.9, ["close_at_ehlo.healed"]), (0.0, [])])
def test_what_is_late_in_peace_as_well_has_no_third_staging(pressure: float, third: list[str]) -> None:
    """Every attempt of some relays takes longer than it may; a machine at rest does not change that."""
    story = Story("close_at_ehlo").change(repaired=20.0, closed=30.0, pressure=pressure).look(2.0)
    record = story.meets_fault(1.0).meets_fault(6.0).record()
    seconds = _seconds([(ASPECT["retried"], scenario_of("close_at_ehlo.healed"))])
    assert _ids(seconds.after(record)) == ["close_at_ehlo.healed"]
    seconds.beside.add(Timing.STEADY)
    assert _ids(seconds.third(lambda _: record)) == third


def test_a_crowd_is_staged_in_parts_that_are_none() -> None:
    crowd = [scenario_of("plain.healthy")] * (2 * BATCH + 1)
    assert [len(batch) for batch in batches(crowd)] == [BATCH, BATCH, 1]
    assert [*batches([])] == []


def _plan(timing: Timing, scenarios: Sequence[Scenario]) -> Plan:
    return Plan(
        target="x",
        import_path=[],
        lab="loopback",
        scenarios=_ids(scenarios),
        timing=timing,
        asked=schedule(timing),
    )


@pytest.mark.parametrize("order", [1, -1])
def test_the_records_have_their_places_whichever_wave_ends_first(order: int, tmp_path: Path) -> None:
    firsts = {0: _steady(lag=1.5), 1: _jumped(lag=1.5)}
    plans = [_plan(Timing(record.header.timing), []) for record in firsts.values()]
    told: list[str] = []
    seconds = _seconds()

    waves = Waves(
        plans,
        _folders(tmp_path),
        lambda late: [_plan(late[0].timing, late)] if late else [],
        seconds,
        told.append,
    )
    places = [path for _, path in waves.planned()]
    further: list[tuple[Plan, Path]] = []
    for number in [0, 1][::order]:
        further += waves.ended(number, _written(firsts[number], places[number]))
    assert {plan.timing: plan.scenarios for plan, _ in further} == {
        Timing.STEADY: ["greeting_421.healed"],
        Timing.JUMPED: ["greeting_421.expires"],
    }
    waves.begun(2, True)
    waves.begun(3, False)
    assert seconds.beside == {further[0][0].timing}
    assert told[0] == (
        f"1 scenario late, or not passed on a crowded machine: once more, windows doubled ({further[0][0].timing})"
    )
    again = {Timing.STEADY: _steady(), Timing.JUMPED: _jumped()}
    for number, (plan, folder) in enumerate(further, 2):
        assert waves.ended(number, _written(again[plan.timing], folder)) == []
    left = waves.left(None, None)  # type: ignore[arg-type]  # all of them have ended
    assert [record.header.timing for record, _ in left] == ["steady", "jumped"] * 2
    assert [bool(_late(record)) for record, _ in left] == [True, True, False, False]
    assert len({path for _, path in left}) == 4


def test_who_brought_a_relay_down_is_looked_for_at_once(tmp_path: Path) -> None:
    """The other waves of a relay that cannot be asked for short time-outs run for half an hour."""
    names = ["greeting_421.healed", "greeting_554.healed"]
    stopped = waiting("greeting_421").is_gone(4.0, names[1], suspects=names[:1]).record(good("greeting_554"))
    plans = [replace(_plan(Timing.STEADY, []), scenarios=names), _plan(Timing.JUMPED, [])]
    told: list[str] = []
    waves = Waves(plans, _folders(tmp_path), lambda late: [], _seconds(), told.append)
    [(_, first), (_, second)] = waves.planned()
    further = waves.ended(0, _written(stopped, first))
    assert [(plan.alone, plan.scenarios) for plan, _ in further] == [
        (True, ["plain.healthy", names[0]]),
        (False, ["plain.healthy", names[1]]),
    ]
    waves.begun(2, True)
    assert told == [
        "staging 2 scenarios (steady, each alone, to find who brought the relay down or keeps it busy)"
    ]
    assert waves.ended(3, _written(good("greeting_554").record(), further[1][1])) == []
    assert waves.ended(1, _written(_jumped(), second)) == []
    alone = waiting("greeting_421").is_gone(3.0).record()
    alone = replace(alone, header=replace(alone.header, alone=True))
    assert waves.ended(2, _written(alone, further[0][1])) == [], "it is known who did it"
    left = [record for record, _ in waves.left(None, None)]  # type: ignore[arg-type]  # all of them have ended
    assert [(record.header.timing, record.header.alone) for record in left] == [
        ("steady", False),
        ("jumped", False),
        ("steady", True),
        ("steady", False),
    ]


def test_that_is_looked_for_after_a_second_staging_too(tmp_path: Path) -> None:
    names = ["greeting_421.healed", "greeting_554.healed"]
    stopped = waiting("greeting_421").is_gone(4.0, names[1], suspects=names[:1]).record(good("greeting_554"))
    plans = [replace(_plan(Timing.STEADY, []), scenarios=names, stretch=2.0)]
    waves = Waves(plans, _folders(tmp_path), lambda late: [], None, lambda line: None)
    [(_, folder)] = waves.planned()
    further = [plan for plan, _ in waves.ended(0, _written(stopped, folder))]
    assert [(plan.alone, plan.stretch) for plan in further] == [(True, 2.0), (False, 2.0)]


def _folders(root: Path) -> Callable[[int], list[Path]]:
    """Return what makes so many folders."""
    numbers = itertools.count()

    def make(count: int) -> list[Path]:
        made = [root / str(next(numbers)) for _ in range(count)]
        for folder in made:
            folder.mkdir()
        return made

    return make


def _written(record: Record, folder: Path) -> Path:
    """Return the file of a record in a folder."""
    path = folder / "record.jsonl"
    entries = [
        record.header,
        *record.events,
        *record.queue_listings,
        *record.stopped,
        *record.staged.values(),
    ]
    path.write_text("".join(f"{to_line(each)}\n" for each in entries))
    return path


def _late(record: Record) -> list[str]:
    return [name for name, staged in record.staged.items() if staged.lag > 1]
