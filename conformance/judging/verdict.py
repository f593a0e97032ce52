"""Verdicts, and the exceptions that say whose fault it is.

A test of the suite returns (pass) or raises one of these. They never mix: what the target broke, what could
not be judged, what does not apply, and what is broken on our own or on the adapter's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from conformance.catalogue.requirements import Level
from conformance.evidence.record import Fault
from conformance.waivers import Waiver


class Verdict(StrEnum):
    """What is said of one aspect of one scenario."""

    PASS = "pass"
    FAIL = "fail"
    DEVIATION = "deviation"
    WAIVED = "waived"  # one of the two above, and a waiver lets it pass
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison that was made: what a requirement asks and what was seen.

    Attributes:
        requirement: Catalogue id, `area/slug`.
        level: The level that counts here; a profile may ask less than the catalogue row.
        holds: Whether what was seen is what is asked.
        expected: What is asked, in words.
        observed: What was seen, in words.
        only_late: Whether all that is wrong is that something came too late, which a busy machine can do as well.
        conclusive: Whether something was seen that no busy machine brings about: a second copy, mail in clear. No later
            staging takes that back.
        slot: `aspect.slot`, by which a profile may leave it out; empty where a row of the profile itself asks for it.
        waived: The waiver that lets it pass; None: there is none.
    """

    requirement: str
    level: Level
    holds: bool
    expected: str
    observed: str
    only_late: bool = False
    conclusive: bool = False
    slot: str = ""
    waived: Waiver | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict that this finding alone would give."""
        return Verdict.WAIVED if self.waived is not None else self.unwaived

    @property
    def unwaived(self) -> Verdict:
        """Return the same, whatever is waived."""
        if self.holds or self.level is Level.MAY:
            return Verdict.PASS
        return Verdict.FAIL if self.level is Level.MUST else Verdict.DEVIATION


class Judgement(Exception):
    """Base of everything that ends a test of the suite with another verdict than pass.

    Attributes:
        see: The aspect that is about what left nothing to judge; the reader is told its name where it judges the
            scenario, and its test where that is red. Empty: there is none.
    """

    verdict: Verdict

    def __init__(self, message: str = "", *, see: str = "") -> None:
        super().__init__(message)
        self.see = see


class Inconclusive(Judgement):
    """The failure was not provoked, or we were too late to see it."""

    verdict = Verdict.INCONCLUSIVE


class NotApplicable(Judgement):
    """The target, the lab or the profile leaves nothing to judge; the text says why."""

    verdict = Verdict.NOT_APPLICABLE


class Left(NotApplicable):
    """What is wrong is left to the aspect that `see` names, if that one is red for it; else nothing is excused."""


class Broken(Judgement):
    """Nothing could be judged because something broke; `fault` says whose it is."""

    verdict = Verdict.ERROR

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


def weightiest(findings: Sequence[Finding]) -> Finding:
    """Return the finding that decides: the first failure, else deviation, else what is waived, else the first."""
    for verdict in (Verdict.FAIL, Verdict.DEVIATION, Verdict.WAIVED):
        for finding in findings:
            if finding.verdict is verdict:
                return finding
    return findings[0]
