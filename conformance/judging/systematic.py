"""What a relay misses everywhere, in the same way, is one defect: one test is red for it, and the others name that one.

A requirement is missed everywhere if a run judged it in several failure modes and it held in none of them, or in few: a
relay that never names a host does so where a library's words happen to have one. The same is asked of one section,
which is one kind of trouble. Findings are the same if they say the same once the relay's own words, times, numbers of
attempts, hosts and ports are left out. The first test in the order of the catalogue stays red, whatever was run in what
order; once it is mended, what is left of the others is red.

That is so for what a relay says, tells, or does too late. What was seen on the wire (mail in clear or at a host that
must not get it, a second copy or report, altered content, hostile words) and mail that is lost are told each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import Harm, catalogue
from conformance.catalogue.scenario import Scenario
from conformance.judging.ages import waits_until
from conformance.judging.aspect import Aspect
from conformance.judging.case import case_of
from conformance.judging.fate import Fate
from conformance.judging.judge import RED, Judged
from conformance.judging.verdict import Finding, Verdict, weightiest
from conformance.judging.words import counted

# Harm that is told each time that it is done; of the second kind only what was surely seen, a report too many.
_EACH_TIME = (Harm.LOST, Harm.TWICE, Harm.EXPOSED, Harm.ALTERED)
_IF_SEEN = (Harm.UNTOLD, Harm.HOUSE)
# Where it held in no more than one of so many failure modes, it is missed everywhere.
_FEW = 4
# What a server said that must not be passed on.
_HOSTILE = ("replies/one-record", "replies/report-intact")

_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|<[^>]*>""")
# Behind one of these stand the relay's own words, or what one scenario has besides.
_HEAD = re.compile(r" \(|; the relay says|; it says")
# What one scenario has, and the same defect in another one has otherwise.
_OWN = re.compile(
    r"""
      \b\d+(?:\.\d+)?\ (?:s|ms|min|h|%)(?!\w)           # times
    | \b[1-9]\d*\ (?:attempts?|looks?|connections?)\b   # how often within a window
    | \#\d+                                             # the number of a connection
    | \b(?:\d+\.){3}\d+(?:[:@]\d+)?                     # an address, its port
    | \b(?:[\w-]+\.)+test\b\.?(?::\d+)?                 # a host
    """,
    re.VERBOSE,
)


class Told(NamedTuple):
    """What was judged, and how.

    Attributes:
        aspect: The aspect.
        scenario: Of what.
        judged: The verdict, as the scenario alone gives it.
    """

    aspect: Aspect
    scenario: Scenario
    judged: Judged


class _Miss(NamedTuple):
    """What is one defect: a requirement, how gravely it is missed, and in which way."""

    requirement: str
    verdict: Verdict
    seen: str


def once(tests: Mapping[str, Told], profile: Profile) -> dict[str, Judged]:
    """Return the verdicts of a run, in which what is missed everywhere is red once.

    Args:
        tests: All that was judged, by the names of the tests, in the order of the catalogue.
        profile: What is accepted.
    """
    everywhere = _Everywhere(tests.values(), profile)
    missed = {name: everywhere.misses(test) for name, test in tests.items()}
    of: dict[_Miss, list[str]] = {}
    for name, misses in missed.items():
        for miss in dict.fromkeys(misses):
            if miss is not None:
                of.setdefault(miss, []).append(name)
    found: dict[str, Judged] = {}
    for name, test in tests.items():
        misses = missed[name]
        if not misses or any(miss is None or of[miss][0] == name for miss in misses):
            continue
        deciding = misses[_wrong(test.judged).index(weightiest(test.judged.findings))]
        assert deciding is not None
        modes = {tests[each].scenario.failure_mode.name for each in of[deciding]}
        found[name] = _left(test.judged, of[deciding][0], len(modes))
    return {name: found.get(name) or _passed_on(test.judged, found) for name, test in tests.items()}


def is_the_same(judged: Judged) -> bool:
    """Tell whether what a test found is the same as in the one that is red for it."""
    return bool(judged.because and judged.findings)


def head_of(observed: str) -> str:
    """Return what was seen, without what only this scenario has."""
    return _OWN.sub("_", _HEAD.split(_QUOTED.sub("_", observed), maxsplit=1)[0])


class _Everywhere:
    """Knows which requirements hold nowhere, or as good as nowhere, in a run or in a section."""

    def __init__(self, tests: Iterable[Told], profile: Profile) -> None:
        self._profile = profile
        self._modes: dict[tuple[str, str], set[str]] = {}
        self._held: dict[tuple[str, str], set[str]] = {}
        for test in tests:
            mode = test.scenario.failure_mode
            for requirement, held in _said(test, profile).items():
                for place in ("", mode.section.value):
                    self._modes.setdefault((requirement, place), set()).add(mode.name)
                    if held:
                        self._held.setdefault((requirement, place), set()).add(mode.name)

    def misses(self, test: Told) -> list[_Miss | None]:
        """Return for each wrong finding the defect that it may be told once as, if there is one."""
        judged = test.judged
        if judged.verdict not in RED or _is_lost(test, self._profile):
            return []
        return [self._miss(finding, test.scenario) for finding in _wrong(judged)]

    def _miss(self, finding: Finding, scenario: Scenario) -> _Miss | None:
        name, harm = finding.requirement, catalogue()[finding.requirement].harm
        if harm in _EACH_TIME or name in _HOSTILE or (finding.conclusive and harm in _IF_SEEN):
            return None
        places = [(name, place) for place in ("", scenario.failure_mode.section.value)]
        if any(map(self._is_missed, places)):
            return _Miss(name, finding.verdict, head_of(finding.observed))
        return None

    def _is_missed(self, place: tuple[str, str]) -> bool:
        judged, held = self._modes[place], self._held.get(place, ())
        return len(judged) > 1 and len(held) * _FEW <= len(judged)


def _said(test: Told, profile: Profile) -> dict[str, bool]:
    """Return the requirements of which one test says something, and whether they hold there."""
    said: dict[str, bool] = {}
    for finding in test.judged.findings:
        said[finding.requirement] = finding.holds and said.get(finding.requirement, True)
    if test.judged.verdict is Verdict.PASS:
        for name in test.aspect.also_hold(test.scenario.failure_mode, profile):
            said.setdefault(name, True)
    return said


def _wrong(judged: Judged) -> list[Finding]:
    return [finding for finding in judged.findings if finding.verdict in RED]


def _is_lost(test: Told, profile: Profile) -> bool:
    """Tell whether a test is about a message that vanished while it had to wait.

    One that is kept to the end of its lifetime and then dropped is not told of, as one is that was refused.
    """
    aspect, scenario, judged = test
    if judged.evidence is None or Fate.VANISHED not in aspect.owns:
        return False
    case = case_of(scenario, judged.evidence, profile, aspect.requirements)
    gone = judged.evidence.queue.in_the_end
    return case.fate is Fate.VANISHED and (gone.at is None or gone.at < waits_until(judged.evidence))


def _left(judged: Judged, name: str, modes: int) -> Judged:
    """Return the verdict on a test that finds what the one of that name found; its findings stay to be read."""
    reason = f"the same as in {name.removeprefix('test_')}, one of {counted(modes, 'failure mode')} with this finding"
    return replace(judged, verdict=Verdict.NOT_APPLICABLE, reason=reason, because=name)


def _passed_on(judged: Judged, left: Mapping[str, Judged]) -> Judged:
    """Return a verdict; what is left to a test that is not red any more is left to the one that is red in its place."""
    theirs = left.get(judged.because)
    return judged if theirs is None else replace(judged, because=theirs.because)


__all__ = ["Told", "head_of", "is_the_same", "once"]
