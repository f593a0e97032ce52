"""How each requirement stands in a run: broken, missed, held, or not judged, and then why.

From verdicts on tests to one verdict on each requirement that the selected tests can judge. What a test compared counts
for the requirements that its findings name, and where all holds for those that would have named another way of being
wrong (`Criterion.told_apart`). A test that compared nothing counts, with its reason, for all that it could
have judged; one that left what was wrong to another test *masks* them, unless it was compared and found the same
(`judging/systematic.py`): then it is counted with the other one. A requirement of which nothing was compared,
and something was masked, is *not judged*: it neither holds nor is it not applicable, and nobody may take it for either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.judging.judge import Judged, Test
from conformance.judging.verdict import Verdict


class Standing(StrEnum):
    """What is said of a requirement, or of one test that could judge it; the gravest first."""

    FAIL = "fail"
    DEVIATION = "deviation"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    PASS = "pass"
    NOT_JUDGED = "not_judged"  # all that is to be said was left to tests that are red
    NOT_APPLICABLE = "not_applicable"


@dataclass(kw_only=True)
class Stands:
    """How one requirement stands.

    Attributes:
        requirement: The requirement.
        tests: How many tests said what of it.
        because: The tests that are red for what masked it, each once, by node id where they are part of the run.
    """

    requirement: Requirement
    tests: Counter[Standing] = field(default_factory=Counter)
    because: dict[str, None] = field(default_factory=dict)

    @property
    def standing(self) -> Standing:
        """What is said of it: the gravest of what the tests said."""
        return next(each for each in Standing if self.tests[each])

    def row(self) -> dict[str, object]:
        """Return it as a line of `report.jsonl`."""
        return {
            "kind": "requirement",
            "requirement": self.requirement.id,
            "level": self.requirement.level,
            "standing": self.standing,
            "tests": {each.value: self.tests[each] for each in Standing if self.tests[each]},
            "because": list(self.because),
        }


def standings(judged: Sequence[tuple[Test, Judged]], profile: Profile) -> list[Stands]:
    """Return how each requirement stands that the tests of a run can judge, in the order of the catalogue."""
    found: dict[str, Stands] = {}
    nodes = {test.name: test.nodeid for test, _ in judged}
    for test, verdict in judged:
        for name, standing in _said(test, verdict, profile).items():
            stands = found.setdefault(name, Stands(requirement=catalogue()[name]))
            stands.tests[standing] += 1
            if standing is Standing.NOT_JUDGED:
                stands.because[nodes.get(verdict.because, verdict.because)] = None
    return [found[name] for name in catalogue() if name in found]


def not_judged(stands: Iterable[Stands]) -> list[Stands]:
    """Return those of which nothing was judged since another test is red."""
    return [each for each in stands if each.standing is Standing.NOT_JUDGED]


def _said(test: Test, judged: Judged, profile: Profile) -> Mapping[str, Standing]:
    """Return what one test says of each requirement that it can judge."""
    if not judged.findings:
        said = Standing.NOT_JUDGED if judged.because else Standing(judged.verdict)
        return dict.fromkeys(test.aspect.judges(test.scenario.failure_mode, profile), said)
    order = list(Standing)
    compared: dict[str, Standing] = {}
    for finding in judged.findings:
        standing = Standing(finding.verdict)
        former = compared.get(finding.requirement, standing)
        compared[finding.requirement] = min(former, standing, key=order.index)
    if judged.verdict is Verdict.PASS:
        for name in test.aspect.also_hold(test.scenario.failure_mode, profile):
            compared.setdefault(name, Standing.PASS)
    return compared


def standing_lines(stands: Iterable[Stands]) -> list[str]:
    """Return what a reader is told of the requirements that were not judged; nothing if there are none."""
    left = not_judged(stands)
    if not left:
        return []
    rows = [
        f"- {each.requirement.level:7} {each.requirement.id:32} see {next(iter(each.because))}"
        for each in left
    ]
    return ["not judged, since what is wrong there is left to a test above:", *rows]
