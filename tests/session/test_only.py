from __future__ import annotations

import pytest
from stories.story import ASPECT

from conformance.catalogue.profile import load
from conformance.schedules.scenarios import scenario_of
from conformance.session.only import Only
from conformance.suite import ASPECTS


def _kept(*given: str, profile: str = "rfc") -> set[str]:
    only = Only(given, load(profile))
    return {
        f"{aspect.name}[{scenario.failure_mode.name}]"
        for aspect in ASPECTS
        for scenario in aspect.scenarios()
        if only.keeps(aspect, scenario)
    }


def test_nothing_given_keeps_everything() -> None:
    assert Only().keeps(ASPECT["retried"], scenario_of("greeting_421.healed"))


def test_a_failure_mode_is_one_exactly() -> None:
    kept = _kept("mode:connection_refused")
    assert {name.partition("[")[2] for name in kept} == {"connection_refused]"}
    assert "retried[connection_refused]" in kept


def test_an_aspect() -> None:
    assert {name.partition("[")[0] for name in _kept("aspect:retried")} == {"retried"}


def test_a_section() -> None:
    kept = _kept("section:4.4.316")
    assert "error_code[connection_refused]" in kept
    assert not any("greeting_421" in name for name in kept)


def test_a_requirement_keeps_what_can_judge_it() -> None:
    kept = _kept("requirement:rfc/retried")
    assert "retried[greeting_421]" in kept
    assert not any(name.startswith("recovers[") for name in kept)
    assert {name.partition("[")[0] for name in _kept("requirement:rfc/status-class")} == {"error_code"}


def test_a_requirement_is_one_of_the_profile() -> None:
    with pytest.raises(ValueError, match="requirement:rfc/retried: there is no such requirement"):
        Only(["requirement:rfc/retried"], load("eop"))


def test_of_one_kind_any_and_of_several_each() -> None:
    both = _kept("mode:greeting_421", "mode:greeting_554", "aspect:retried")
    assert both == {"retried[greeting_421]", "retried[greeting_554]"}


def test_a_fault_schedule_can_be_named() -> None:
    name = "reply_421_at_data+rejected_at_dot"
    only = Only([f"mode:{name}"], load("eop"))
    assert only.schedules == [name]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mode:conection_refused", "there is no such mode; did you mean connection_refused"),
        ("aspect:retry", "there is no such aspect; did you mean retried"),
        ("section:4.4.999", "there is no such section; did you mean 4.4.3"),
        ("section:nothing", "there is no such section; there are "),
        ("mode:", "there is no such mode; pytest --co -q"),
        ("retried", "it is one of mode:NAME, requirement:NAME, section:NAME, aspect:NAME"),
        ("test:retried", "it is one of mode:NAME"),
    ],
)
def test_a_mistake_is_named_with_what_it_may_be(given: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^--conformance-only={given}: ") as caught:
        Only([given], load("eop"))
    assert told in str(caught.value)
