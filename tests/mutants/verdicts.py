"""Compares what a mutant got with what the catalogue says it must get."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.failure_modes import ALL
from conformance.record import Record
from conformance.suite import ASPECTS
from conformance.verdict import Verdict

from .mutant import Expected, Mutant
from .waves import Given, judge_all

_FOR_CONTROLS = {aspect.name: aspect.controls for aspect in ASPECTS}


@dataclass
class Result:
    """What became of a mutant.

    Attributes:
        mutant: The mutant.
        caught: The verdicts that caught it as the catalogue says.
        missed: What should have caught it or followed, and what was said instead.
        collateral: Verdicts that nothing explains.
    """

    mutant: Mutant
    caught: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    collateral: list[str] = field(default_factory=list)

    @property
    def survived(self) -> bool:
        """Whether the suite does not notice the mutant at all."""
        return not self.mutant.innocent and not self.caught and not self.collateral

    @property
    def as_expected(self) -> bool:
        """Whether every verdict is what the catalogue says."""
        noticed = self.mutant.innocent or bool(self.caught)
        return noticed and not self.missed and not self.collateral


def compare(mutant: Mutant, record: Record) -> Result:
    """Judge a mutant's record with every profile that counts."""
    result = Result(mutant)
    for profile in mutant.judged_with:
        for given in judge_all(record, profile):
            _compare(result, mutant, given)
    return result


def _compare(result: Result, mutant: Mutant, given: Given) -> None:
    expected = find(mutant, given.aspect, given.mode, given.profile)
    judged = given.judged
    if expected is not None and not expected.certain and judged.verdict is Verdict.PASS:
        return
    if expected is None:
        if judged.verdict is not Verdict.PASS:
            result.collateral.append(str(given))
    elif judged.verdict is not expected.verdict or expected.requirement not in ("", judged.requirement.id):
        wanted = " ".join(part for part in (expected.verdict, expected.requirement) if part)
        result.missed.append(f"wanted {wanted}: {given}")
    elif expected in mutant.caught:
        result.caught.append(f"{given.aspect}[{given.mode}]")


def find(mutant: Mutant, aspect: str, mode: str, profile: str) -> Expected | None:
    """Return what is expected of one verdict; None: a pass."""
    for expected in (*mutant.caught, *mutant.also):
        if (aspect, profile) == (expected.aspect, expected.profile) and mode in modes_of(mutant, expected):
            return expected
    return None


def modes_of(mutant: Mutant, expected: Expected) -> tuple[str, ...]:
    """Return the failure modes or controls that an expectation is about."""
    if expected.modes:
        return expected.modes
    return tuple(m for m in mutant.scenarios if ALL[m].is_control is _FOR_CONTROLS[expected.aspect])
