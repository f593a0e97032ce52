"""What waivers make of verdicts, and the waivers that do not fit what was judged.

A waiver lets one finding pass, not a test: where another one is wrong in the same test, that one decides. It is asked
before what is missed everywhere is told once (`systematic.py`), so what is told once never hides behind a waiver: a
waiver for it names every failure mode that has the finding, and the first of the others is red.

It must be needed as well. Of each test of this run that it concerns, and in which its requirement was compared, the
finding must be there, as grave as the waiver says and looking as it says. What was not compared (left to another test,
inconclusive, in error, not applicable) says nothing of it. Nor does what was too late on a crowded machine, but for
what fits the waiver: that is waived, so that a known finding reads the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Aspect
from conformance.judging.judge import RED, Judged, Test
from conformance.judging.verdict import Finding, Verdict, weightiest
from conformance.waivers import Waiver, Waivers
from conformance.waivers.each_time import without_times


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A waiver that does not fit what was judged: the run fails for it.

    Attributes:
        waiver: The waiver.
        nodeid: The test that shows it.
        why: What is wrong with it, and what to do.
    """

    waiver: Waiver
    nodeid: str
    why: str

    def __str__(self) -> str:
        return f"{self.waiver.where}: {self.nodeid.rpartition('::')[2]}: {self.why}"


def with_waivers(judged: Judged, aspect: Aspect, scenario: Scenario, waivers: Waivers | None) -> Judged:
    """Return a verdict with its findings waived that may be; it is `waived` if nothing else is wrong.

    What is inconclusive because it was late on a crowded machine is waived if all of it is what a waiver knows: what is
    tolerated of the relay need not be its fault every time.
    """
    if waivers is None or not aspect.is_in(waivers.catalogue, scenario):
        return judged
    if judged.verdict not in RED and not judged.doubted:
        return judged
    found = judged.doubted or judged.findings
    findings = tuple(_waived(finding, aspect, scenario, waivers) for finding in found)
    decisive = weightiest(findings)
    if judged.doubted and decisive.verdict in RED:
        return judged
    return replace(
        judged,
        verdict=decisive.verdict,
        requirement=catalogue()[decisive.requirement],
        level=decisive.level,
        findings=findings,
        reason="",
        doubted=(),
    )


def waivers_of(judged: Judged) -> list[Waiver]:
    """Return the waivers that let findings of a test pass, each once."""
    found = (finding.waived for finding in judged.findings)
    return list({waiver.number: waiver for waiver in found if waiver is not None}.values())


def is_red(judged: Judged) -> bool:
    """Tell whether a test fails, or would without a waiver."""
    return any(finding.unwaived is Verdict.FAIL for finding in judged.findings)


def fires(waiver: Waiver, judged: Judged) -> bool:
    """Tell whether a waiver lets a finding of a test pass."""
    return waiver in waivers_of(judged)


def misfits(waivers: Waivers | None, judged: Sequence[tuple[Test, Judged]], profile: Profile) -> list[Misfit]:
    """Return what does not fit, row by row.

    Args:
        waivers: All rows; None: there is no file.
        judged: What was judged in this run, and by what tests.
        profile: What is accepted.
    """
    found: list[Misfit] = []
    if waivers is None:
        return found
    old = [each for each in judged if each[0].aspect.is_in(waivers.catalogue, each[0].scenario)]
    for waiver in waivers.rows:
        concerned = [each for each in old if compares(waiver, *each, profile)]
        if waivers.has_expired(waiver):
            found += [
                Misfit(
                    waiver=waiver,
                    nodeid=test.nodeid,
                    why=f"the waiver expired on {waiver.expires}: mend the relay, or say anew why it may be so",
                )
                for test, _ in concerned[:1]
            ]
        else:
            found += _misfits_of(waiver, concerned)
    return found


def _waived(finding: Finding, aspect: Aspect, scenario: Scenario, waivers: Waivers) -> Finding:
    if finding.verdict not in RED:
        return finding
    waiver = waivers.match(
        requirement=finding.requirement,
        aspect=aspect.name,
        mode=scenario.failure_mode.name,
        course=scenario.course,
        verdict=finding.verdict,
        observed=finding.observed,
    )
    return finding if waiver is None else replace(finding, waived=waiver)


def compares(waiver: Waiver, test: Test, judged: Judged, profile: Profile) -> bool:
    """Tell whether something was compared in a test that a waiver is about."""
    mode = test.scenario.failure_mode
    return (
        bool(judged.findings)
        and waiver.concerns(test.aspect.name, mode.name, test.scenario.course)
        and waiver.requirement
        in {*test.aspect.judges(mode, profile), *(finding.requirement for finding in judged.findings)}
    )


def _misfits_of(waiver: Waiver, concerned: Iterable[tuple[Test, Judged]]) -> Iterator[Misfit]:
    of_mode: dict[str, list[tuple[Test, Judged]]] = {}
    for test, judged in concerned:
        # which of several aspects finds it a row need not say: then one of a failure mode is enough
        name = test.nodeid if waiver.aspect else test.scenario.failure_mode.name
        of_mode.setdefault(name, []).append((test, judged))
    for tests in of_mode.values():
        wrong = [(test, why) for test, judged in tests if (why := _differs(waiver, judged))]
        yield from (Misfit(waiver=waiver, nodeid=test.nodeid, why=why) for test, why in wrong)
        if not wrong and not waiver.sometimes and not any(fires(waiver, judged) for _, judged in tests):
            test, judged = tests[0]
            yield Misfit(waiver=waiver, nodeid=test.nodeid, why=_not_needed(waiver, judged))


def _differs(waiver: Waiver, judged: Judged) -> str:
    """Say what is otherwise with a finding than the waiver has it; empty: nothing."""
    for finding in judged.findings:
        if finding.requirement != waiver.requirement or finding.verdict not in RED:
            continue
        if finding.verdict != waiver.verdict:
            return f"the verdict is {finding.verdict} now, and the waiver has {waiver.verdict}"
        patterns = " or ".join(f'"{pattern}"' for pattern in waiver.observed)
        return f'observed is "{without_times(finding.observed)}" now, and the waiver has {patterns}'
    return ""


def _not_needed(waiver: Waiver, judged: Judged) -> str:
    if judged.verdict in RED:
        return f"the waiver does not fire: what is wrong here now is {judged.requirement.id}"
    if judged.verdict is Verdict.WAIVED:
        return f"waiver no longer needed: {waiver.requirement} is not among what is wrong here; take this test out"
    return f"waiver no longer needed: {waiver.requirement} holds now; take this test out of the row"
