"""What the catalogue says of a mutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.catalogue.course import Course
from conformance.judging.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A verdict other than pass that a mutant must get.

    Attributes:
        aspect: Which aspect gives it.
        verdict: The verdict.
        requirement: The catalogue row that must decide; empty: whichever does.
        modes: The failure modes (or controls) for which it is given; empty: all that are staged and that the
            aspect applies to.
        courses: The courses for which it is given; empty: all that are staged and that the aspect reads.
        besides: Further catalogue rows that the same sin breaks under this aspect; no other row may be broken.
        profile: The profile that it is judged with.
        why: Why the sin has this consequence; empty if it is the very point.
        certain: Whether the verdict is always given; else it depends on the moment, and a pass is as good.
    """

    aspect: str
    verdict: Verdict
    requirement: str = ""
    modes: tuple[str, ...] = ()
    courses: tuple[Course, ...] = ()
    besides: tuple[str, ...] = ()
    profile: str = "eop"
    why: str = ""
    certain: bool = True

    @property
    def proves(self) -> set[str]:
        """The catalogue rows that are seen to be broken."""
        return {self.requirement, *self.besides}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A relay that is wrong, or at least unusual, in one way.

    Attributes:
        name: The name of its sin, a function.
        sin: What it does otherwise, one sentence.
        scenarios: What to stage: failure modes and controls on the first course of their kind, or
            `mode.course`; what they rely on is staged as well, and no clock that none of them needs.
        caught: The verdicts that prove their requirement; none for a relay that is unusual and innocent, all of
            whose verdicts must be passes.
        also: Verdicts that are an unavoidable consequence, each with the reason.
        profiles: Profiles to judge with, beyond those that `caught` and `also` name.
        granted: Factors on times it is asked for, by name: what it then runs with and says that it granted.
    """

    name: str
    sin: str
    scenarios: tuple[str, ...]
    caught: tuple[Expected, ...] = ()
    also: tuple[Expected, ...] = ()
    profiles: tuple[str, ...] = ()
    granted: Mapping[str, float] = field(default_factory=dict)

    @property
    def innocent(self) -> bool:
        """Whether it does nothing wrong, and must not be accused."""
        return not self.caught

    @property
    def judged_with(self) -> tuple[str, ...]:
        """The profiles that its record is judged with."""
        named = (each.profile for each in (*self.caught, *self.also))
        return tuple(dict.fromkeys(("eop", *self.profiles, *named)))


def fails(
    aspect: str,
    requirement: str,
    *modes: str,
    courses: tuple[Course, ...] = (),
    besides: tuple[str, ...] = (),
    profile: str = "eop",
) -> Expected:
    """Return a MUST that must be seen to be broken."""
    return Expected(
        aspect=aspect,
        verdict=Verdict.FAIL,
        requirement=requirement,
        modes=modes,
        courses=courses,
        besides=besides,
        profile=profile,
    )


def deviates(
    aspect: str,
    requirement: str,
    *modes: str,
    courses: tuple[Course, ...] = (),
    besides: tuple[str, ...] = (),
    profile: str = "eop",
) -> Expected:
    """Return a SHOULD that must be seen to be broken."""
    return Expected(
        aspect=aspect,
        verdict=Verdict.DEVIATION,
        requirement=requirement,
        modes=modes,
        courses=courses,
        besides=besides,
        profile=profile,
    )


def hence(
    why: str,
    *aspects: str,
    verdict: Verdict = Verdict.FAIL,
    modes: tuple[str, ...] = (),
    courses: tuple[Course, ...] = (),
    profile: str = "eop",
    certain: bool = True,
) -> tuple[Expected, ...]:
    """Return what a sin does to other aspects without being about them."""
    return tuple(
        Expected(
            aspect=aspect,
            verdict=verdict,
            modes=modes,
            courses=courses,
            profile=profile,
            why=why,
            certain=certain,
        )
        for aspect in aspects
    )
