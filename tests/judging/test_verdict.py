from __future__ import annotations

import pytest

from conformance.catalogue.requirements import Level
from conformance.evidence.record import Fault
from conformance.judging.verdict import Broken, Finding, Inconclusive, NotApplicable, Verdict, weightiest


def _finding(level: Level, *, holds: bool) -> Finding:
    return Finding(requirement=f"{level}-{holds}", level=level, holds=holds, expected="", observed="")


@pytest.mark.parametrize(
    ("level", "holds", "verdict"),
    [
        (Level.MUST, True, Verdict.PASS),
        (Level.MUST, False, Verdict.FAIL),
        (Level.SHOULD, True, Verdict.PASS),
        (Level.SHOULD, False, Verdict.DEVIATION),
        (Level.HYGIENE, True, Verdict.PASS),
        (Level.HYGIENE, False, Verdict.DEVIATION),
        (Level.MAY, True, Verdict.PASS),
        (Level.MAY, False, Verdict.PASS),
    ],
)
def test_the_level_decides_what_a_miss_means(level: Level, holds: bool, verdict: Verdict) -> None:
    assert _finding(level, holds=holds).verdict is verdict


def test_the_first_failure_decides_then_the_first_deviation_then_the_first() -> None:
    good, missed = _finding(Level.MUST, holds=True), _finding(Level.MAY, holds=False)
    deviation, failure = _finding(Level.SHOULD, holds=False), _finding(Level.MUST, holds=False)
    assert weightiest([good, deviation, failure]) is failure
    assert weightiest([good, missed, deviation]) is deviation
    assert weightiest([missed, good]) is missed


def test_judgements_carry_their_verdict() -> None:
    assert NotApplicable("x").verdict is Verdict.NOT_APPLICABLE
    assert Inconclusive("x").verdict is Verdict.INCONCLUSIVE
    broken = Broken(Fault.ADAPTER, "x")
    assert (broken.verdict, broken.fault, str(broken)) == (Verdict.ERROR, Fault.ADAPTER, "x")
