"""What is left to another test of a run, and that this one is red: else nobody would see what is wrong.

Within a scenario `judge.py` finds the test that is about it. Whether that one is red in the end the run alone knows:
it may not be selected, another staging may have decided it, it may be inconclusive. What it is left to must be red
then, or this one is judged as if there were nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace

from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Record
from conformance.judging.aspect import Aspect, aspect_of, owner_elsewhere
from conformance.judging.case import case_of
from conformance.judging.fate import alike, why_not
from conformance.judging.judge import RED, Judged, judge
from conformance.judging.verdict import Verdict

# Judges another test of the same run; None: nothing is known of it.
VerdictOn = Callable[[Aspect, Scenario], Judged | None]


def unless_in_hand(judged_in: Callable[[Aspect, Scenario], Judged]) -> VerdictOn:
    """Look up verdicts of a run, but none that is being made: of tests that leave it to each other one judges it."""
    in_hand: set[str] = set()

    def verdict_on(aspect: Aspect, scenario: Scenario) -> Judged | None:
        name = aspect.test_name(scenario)
        if name in in_hand:
            return None
        in_hand.add(name)
        try:
            return judged_in(aspect, scenario)
        finally:
            in_hand.remove(name)

    return verdict_on


def judge_among(
    selected: Set[str],
    aspect: Aspect,
    scenario: Scenario,
    record: Record,
    profile: Profile,
    verdict_on: VerdictOn | None = None,
) -> Judged:
    """Judge one of several tests: nothing is left to a test that is not one of them, for nobody would see it fail.

    Args:
        selected: The names of all of them.
        aspect: The aspect of this one.
        scenario: Its scenario.
        record: What was seen.
        profile: What is accepted.
        verdict_on: Judges another test of the run, whose record may be another one; None: there is only this record.
    """
    judged = judge(aspect, scenario, record, profile)
    if judged.because:
        owner = aspect_of(judged.because)
        others = verdict_on or (lambda other, its: judge(other, its, record, profile))
        theirs = others(owner, scenario) if owner is not None and judged.because in selected else None
        if theirs is None or theirs.verdict not in RED:
            judged = judge(aspect, scenario, record, profile, alone=True)
    return (
        judged
        if verdict_on is None
        else _left_elsewhere(selected, aspect, scenario, judged, profile, verdict_on)
    )


def _left_elsewhere(
    selected: Set[str],
    aspect: Aspect,
    scenario: Scenario,
    judged: Judged,
    profile: Profile,
    verdict_on: VerdictOn,
) -> Judged:
    """Leave a fate to the aspect that is about it on another course, where the same became of the same failure mode.

    Only what an aspect says of a fate: what was seen besides, two copies, a copy and a report, a copy that was altered,
    is left to nobody.
    """
    evidence, mode = judged.evidence, scenario.failure_mode
    speaks = aspect.fates.get(scenario.course) is not None
    if judged.verdict not in RED or evidence is None or judged.conclusive or not speaks:
        return judged
    case = case_of(scenario, evidence, profile, aspect.requirements)
    copies = evidence.messages
    if len(copies) > 1 or (copies and (evidence.ndrs or case.damage(copies))):
        return judged
    owner = owner_elsewhere(scenario.course, case.fate)
    if owner is None or not owner.reads(mode, owner.courses[0]):
        return judged
    other = Scenario(failure_mode=mode, course=owner.courses[0])
    name = owner.test_name(other)
    theirs = verdict_on(owner, other) if name in selected else None
    if theirs is None or theirs.verdict not in RED or theirs.evidence is None:
        return judged
    if case_of(other, theirs.evidence, profile, owner.requirements).fate not in alike(
        case.fate, scenario.course
    ):
        return judged
    reason = f"{why_not(case.fate, profile)}, as on the course {other.course} (see {owner.name})"
    return replace(judged, verdict=Verdict.NOT_APPLICABLE, findings=(), reason=reason, because=name)
