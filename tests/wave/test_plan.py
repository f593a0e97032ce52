from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.catalogue.course import Timing
from conformance.catalogue.scenario import controls_of
from conformance.schedules.scenarios import scenario_of
from conformance.wave.plan import (
    COST_PER_SCENARIO,
    RETRY_INTERVAL,
    SHARE_OF_CORES,
    Plan,
    schedule,
    stretch_for,
)

PLAN = Plan(
    timing=Timing.COMPRESSED,
    target="a.b:C",
    import_path=["/x y"],
    lab="loopback",
    scenarios=["plain.healthy", "dns_nxdomain.healed"],
    asked=schedule(),
    stretch=2.0,
    disarmed=True,
    work_directory="/w",
)


def test_the_round_trip(tmp_path: Path) -> None:
    PLAN.write(tmp_path / "plan")
    assert Plan.read(tmp_path / "plan") == PLAN


@pytest.mark.parametrize(
    "change", [{"slack": "soon"}, {"scenarios": 5}, {"asked": None}, {"asked": {"retry_interval": 2}}]
)
def test_a_wrong_value_is_no_plan(change: dict[str, Any], tmp_path: Path) -> None:
    PLAN.write(tmp_path / "plan")
    data = json.loads((tmp_path / "plan").read_text()) | change
    (tmp_path / "plan").write_text(json.dumps(data))
    with pytest.raises(ValueError, match="plan is not a plan"):
        Plan.read(tmp_path / "plan")


@pytest.mark.parametrize("text", ["", "[]", "{}", "5", '{"target": "x"}', "{"])
def test_other_text_is_no_plan(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan").write_text(text)
    with pytest.raises(ValueError, match="plan is not a plan"):
        Plan.read(tmp_path / "plan")


def test_the_schedule_asked_for() -> None:
    asked = schedule(stretch=2.5)
    assert (asked.retry_interval, asked.max_retry_interval) == (5.0, 5.0)
    assert schedule().retry_interval == RETRY_INTERVAL
    assert asked.connect_timeout == asked.command_timeout == asked.dns_timeout == 2.0


@pytest.mark.parametrize(("stretch", "interval"), [(1.0, 2.0), (1.2, 2.0), (2.06, 4.0), (2.3, 5.0)])
def test_intervals_are_whole_seconds(stretch: float, interval: float) -> None:
    assert schedule(stretch=stretch).retry_interval == interval


def test_where_a_relay_is_killed_intervals_do_not_follow_the_load() -> None:
    for timing in (Timing.CRASHED, Timing.INTERRUPTED):
        assert schedule(timing, stretch=2.5).retry_interval == RETRY_INTERVAL


@given(st.integers(0, 5000), st.integers(1, 256))
def test_the_stretch_keeps_the_load_below_the_share(scenarios: int, cores: int) -> None:
    stretch = stretch_for(scenarios, cores)
    assert stretch >= 1.0
    assert stretch_for(scenarios + 1, cores) >= stretch
    if stretch > 1.0:
        assert scenarios * COST_PER_SCENARIO / (stretch * 8.0 * cores) == pytest.approx(SHARE_OF_CORES)


def test_scenarios_are_found_by_their_identifier() -> None:
    scenario = scenario_of("certificate_expired.healed")
    assert scenario.id == "certificate_expired.healed"
    assert [control.id for control in controls_of(scenario)] == ["verified_tls.healthy"]
    with pytest.raises(ValueError, match="'no_such'; there are plain, "):
        scenario_of("no_such.healed")
    with pytest.raises(ValueError, match="exploded"):
        scenario_of("plain.exploded")
