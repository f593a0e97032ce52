"""How a requirement stands: what was left to a red test is not judged: neither a pass nor not applicable."""

from __future__ import annotations

from dataclasses import dataclass

from stories.days import expired, moved
from stories.story import ASPECT, Story, good, waiting

from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Aspect
from conformance.judging.judge import Judged
from conformance.judging.verdict import Verdict
from conformance.report.standing import Standing, Stands, standing_lines, standings


@dataclass(frozen=True)
class Named:
    """A test, by its names only."""

    aspect: Aspect
    scenario: Scenario

    @property
    def name(self) -> str:
        return self.aspect.test_name(self.scenario)

    @property
    def nodeid(self) -> str:
        return f"conformance/suite/test_{self.aspect.name}.py::{self.name}"


def _run(*told: tuple[Story, str], profile: str = "eop") -> dict[str, Stands]:
    judged: list[tuple[Named, Judged]] = [
        (Named(ASPECT[aspect], story.scenario), story.judge(aspect, profile)) for story, aspect in told
    ]
    return {each.requirement.id: each for each in standings(judged, load(profile))}


SILENT = moved("greeting_421").look(79.0)
LIFETIME = ("expires", "one_ndr", "ndr_form", "ndr_status")


def test_what_was_left_to_a_red_test_is_not_judged_and_names_it() -> None:
    stands = _run(*((SILENT, aspect) for aspect in LIFETIME))
    assert stands["lifetime/ends"].standing is Standing.FAIL
    for name in ("ndr/one", "ndr/to-sender", "ndr/null-reverse-path"):
        assert stands[name].standing is Standing.NOT_JUDGED
        assert list(stands[name].because) == [
            "conformance/suite/test_expires.py::test_expires[greeting_421-expires]"
        ]
    assert stands["ndr/one"].row() == {
        "kind": "requirement",
        "requirement": "ndr/one",
        "level": "MUST",
        "standing": "not_judged",
        "tests": {"not_judged": 1},
        "because": ["conformance/suite/test_expires.py::test_expires[greeting_421-expires]"],
    }


def test_not_applicable_is_another_thing() -> None:
    accepted = waiting("dns_nxdomain").returns(2.0, status="5.1.2")
    stands = _run((accepted, "stays_queued"), (accepted, "retried"), profile="rfc")
    assert {each.standing for each in stands.values()} == {Standing.NOT_APPLICABLE}
    assert not any(each.because for each in stands.values())


def test_one_verdict_that_was_judged_is_enough_and_the_gravest_counts() -> None:
    stands = _run((SILENT, "one_ndr"), (expired("greeting_421"), "one_ndr"))
    assert stands["ndr/one"].standing is Standing.PASS
    assert stands["ndr/one"].tests == {Standing.PASS: 1, Standing.NOT_JUDGED: 1}
    assert stands["ndr/one"].because  # what was left is told all the same
    twice = expired("greeting_421").returns(61.0)
    assert _run((twice, "one_ndr"), (expired("greeting_421"), "one_ndr"))["ndr/one"].standing is Standing.FAIL


def test_nothing_that_could_not_be_judged_passes() -> None:
    lazy = good("greeting_421").change(submitted=None)
    assert lazy.verdict("retried") is Verdict.ERROR
    stands = _run((lazy, "retried"), (good("greeting_421"), "retried"))
    assert stands["queue/retried"].standing is Standing.ERROR


def test_a_requirement_that_only_tells_what_is_wrong_holds_where_all_does() -> None:
    """Nothing ever names `queue/not-lost` but a message that is lost."""
    stands = _run((good("greeting_421"), "stays_queued"))
    assert {name: each.standing for name, each in stands.items()} == {
        "queue/kept": Standing.PASS,
        "queue/not-lost": Standing.PASS,
        "queue/not-delivered": Standing.PASS,
    }
    gone = waiting("greeting_421").look(9.0, None).look(10.0, None)
    assert {name: each.standing for name, each in _run((gone, "stays_queued")).items()} == {
        "queue/not-lost": Standing.FAIL
    }


def test_a_reader_sees_them_below_what_is_to_be_mended() -> None:
    lines = standing_lines(_run(*((SILENT, aspect) for aspect in LIFETIME)).values())
    assert lines[0].startswith("not judged")
    assert any("ndr/one" in line and line.endswith("test_expires[greeting_421-expires]") for line in lines)
    assert standing_lines(_run((good("greeting_421"), "retried")).values()) == []
