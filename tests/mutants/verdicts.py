"""Compares what a mutant got with what the catalogue says it must get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.catalogue.scenario import Scenario, controls_of
from conformance.evidence.record import Record
from conformance.judging.verdict import Verdict
from conformance.suite import ASPECTS

from .mutant import Expected, Mutant
from .waves import Given, judge_all, judged_by, scenario_of

_ASPECTS = {aspect.name: aspect for aspect in ASPECTS}

# Not applicable to the reference relay itself, which sends no such notices.
_OPTIONAL = ("delay_notice", "server_name")

# Judged of nearly everything that is staged; why there is nothing to judge is told by what the mutant is about.
_BESIDE = (
    "survives",
    "tidy",
    "takes_leave",
    "introduces_itself",
    "leaves_trace",
    "names_recipient",
    "declares_size",
    "ndr_compressed",
)


@dataclass
class Result:
    """What became of a mutant.

    Attributes:
        mutant: The mutant.
        caught: The verdicts that caught it as the catalogue says.
        missed: What should have caught it or followed, and what was said instead.
        collateral: Verdicts that nothing explains.
        late: Whether something unexpected is that a thing came too late, which a busy machine can do as well.
    """

    mutant: Mutant
    caught: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    collateral: list[str] = field(default_factory=list)
    late: bool = False

    @property
    def survived(self) -> bool:
        """Whether the suite does not notice the mutant at all."""
        return not self.mutant.innocent and not self.caught and not self.collateral

    @property
    def as_expected(self) -> bool:
        """Whether every verdict is what the catalogue says."""
        noticed = self.mutant.innocent or bool(self.caught)
        return noticed and not self.missed and not self.collateral


def compare(mutant: Mutant, records: Sequence[Record]) -> Result:
    """Judge a mutant's records with every profile that counts."""
    result = Result(mutant)
    for profile in mutant.judged_with:
        for given in judge_all(records, profile):
            _compare(result, mutant, given)
    return result


def _compare(result: Result, mutant: Mutant, given: Given) -> None:
    expected = find(mutant, given.aspect, given.scenario, given.profile)
    judged = given.judged
    if expected is None:
        if judged.because:
            return  # another aspect is red for it, and is looked at where it is judged
        missing = given.aspect in (*_OPTIONAL, *_BESIDE) and judged.verdict is Verdict.NOT_APPLICABLE
        if judged.verdict is not Verdict.PASS and not missing and not _has_nothing_to_look_at(mutant, given):
            result.collateral.append(str(given))
            result.late |= _came_late(given)
        return
    if not expected.certain and judged.verdict is Verdict.PASS:
        return
    wrong = _difference(expected, given)
    if wrong:
        result.missed.append(f"wanted {wrong}: {given}")
        result.late |= _came_late(given)
    elif expected in mutant.caught:
        result.caught.append(f"{given.aspect}[{given.scenario.id}]")


def _has_nothing_to_look_at(mutant: Mutant, given: Given) -> bool:
    """Tell whether an aspect of a control has no verdict because nothing arrived, which is what must be caught."""
    caught = find(mutant, "delivered", given.scenario, given.profile)
    evidence = given.judged.evidence
    silent = evidence is not None and not evidence.messages
    return silent and caught in mutant.caught and given.judged.verdict is Verdict.INCONCLUSIVE


def _came_late(given: Given) -> bool:
    return any(finding.only_late for finding in given.judged.findings)


def _difference(expected: Expected, given: Given) -> str:
    """Say what was wanted if it is not what was given."""
    judged = given.judged
    if judged.verdict != expected.verdict or expected.requirement not in ("", judged.requirement.id):
        return " ".join(part for part in (expected.verdict, expected.requirement) if part)
    broken = {finding.requirement for finding in judged.findings if finding.verdict is not Verdict.PASS}
    if expected.requirement and broken != expected.proves:
        return f"{', '.join(sorted(expected.proves))} broken and not {', '.join(sorted(broken))}"
    return ""


def find(mutant: Mutant, aspect: str, scenario: Scenario, profile: str) -> Expected | None:
    """Return what is expected of one verdict; None: a pass."""
    for expected in (*mutant.caught, *mutant.also):
        if (aspect, profile) == (expected.aspect, expected.profile) and _is_about(expected, scenario):
            return expected
    return None


def scenarios_of(mutant: Mutant, expected: Expected) -> list[Scenario]:
    """Return the staged scenarios that an expectation is about."""
    wanted = [scenario_of(name) for name in mutant.scenarios]
    staged = {each.id for each in (*wanted, *(control for each in wanted for control in controls_of(each)))}
    judged = judged_by(_ASPECTS[expected.aspect], staged)
    return [each for each in judged if each.id in staged and _is_about(expected, each)]


def _is_about(expected: Expected, scenario: Scenario) -> bool:
    return (not expected.modes or scenario.failure_mode.name in expected.modes) and (
        not expected.courses or scenario.course in expected.courses
    )
