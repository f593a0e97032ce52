"""What waivers say brings the relay down is staged where nobody else is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from conformance.catalogue.course import Timing
from conformance.catalogue.versions import newest
from conformance.schedules.scenarios import scenario_of
from conformance.session.apart import apart
from conformance.session.plans import Plans, described
from conformance.target import Capability
from conformance.waivers import Waiver, Waivers

_ABLE = frozenset(Capability) - {Capability.ONE_ROUTE}
_TODAY = date(2026, 11, 1)
_KILLS, _KILLS_LATER = "reset_at_ehlo.healed", "reset_at_ehlo.expires"
_HARMLESS = "close_at_ehlo.healed"
_ALL = [scenario_of(name) for name in (_KILLS, _HARMLESS, _KILLS_LATER)]


def _waivers(*modes: str, requirement: str = "relay/survives", days: int = 1) -> Waivers:
    row = Waiver(
        file=Path("waivers.toml"),
        number=1,
        verdict="fail",
        requirement=requirement,
        aspect="survives",
        failure_modes=modes,
        modes=frozenset(modes),
        observed=("*",),
        reason="It is known.",
        expires=_TODAY + timedelta(days=days),
    )
    return Waivers(
        file=row.file, lies=row.file, catalogue=str(newest()), rows=[row], today=_TODAY, target="", profile=""
    )


def test_a_waiver_says_which_scenarios_bring_the_relay_down() -> None:
    assert apart(_ALL, _waivers("reset_at_ehlo")) == {_KILLS, _KILLS_LATER}
    assert apart(_ALL, _waivers("reset_at_ehlo-expires")) == {_KILLS_LATER}


@pytest.mark.parametrize(
    "waivers",
    [
        None,
        _waivers("greeting_421"),
        _waivers("reset_at_ehlo", requirement="rfc/queued"),
        _waivers("reset_at_ehlo", days=-1),  # what has expired lets nothing pass
    ],
)
def test_nothing_else_does(waivers: Waivers | None) -> None:
    assert apart(_ALL, waivers) == frozenset()


def _staged(capabilities: frozenset[Capability], *names: str) -> list[tuple[str, bool, list[str]]]:
    plans = Plans(
        target="x",
        import_path=[],
        capabilities=capabilities,
        lab="loopback",
        day=12.0,
        apart=frozenset(names),
    )
    return [(plan.timing, plan.alone, plan.scenarios) for plan in plans.of(_ALL, 1.0)]


def test_each_of_them_has_a_relay_of_its_own_with_its_controls_beside_the_others() -> None:
    jumped = ["plain.healthy", "moved_clock.after_jump", _KILLS_LATER]
    assert _staged(_ABLE, _KILLS) == [
        (Timing.STEADY, False, ["plain.healthy", _HARMLESS]),
        (Timing.JUMPED, False, jumped),
        (Timing.STEADY, True, ["plain.healthy", _KILLS]),
    ]
    assert _staged(_ABLE, _KILLS, _KILLS_LATER)[1:] == [
        (Timing.STEADY, True, ["plain.healthy", _KILLS]),
        (Timing.JUMPED, True, jumped),
    ]


def test_where_each_has_its_own_anyhow_nothing_changes() -> None:
    able = _ABLE - {Capability.MANY_CONNECTORS}
    assert _staged(able, _KILLS) == _staged(able)
    assert [alone for _, alone, _ in _staged(able)] == [False, False]


def test_who_waits_is_told_why_each_is_alone() -> None:
    plans = Plans(
        target="x", import_path=[], capabilities=_ABLE, lab="loopback", day=12.0, apart=frozenset([_KILLS])
    )
    known = plans.of(_ALL, 1.0)[-1]
    assert described(known, plans.apart) == (
        "2 scenarios (steady, each alone, for waivers say what brings the relay down)"
    )
    assert "to find who brought the relay down" in described(known)
