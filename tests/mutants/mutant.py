"""What the catalogue says of a mutant."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A verdict other than pass that a mutant must get.

    Attributes:
        aspect: Which aspect gives it.
        verdict: The verdict.
        requirement: The catalogue row that must decide; empty: whichever does.
        modes: The failure modes (or controls) for which it is given; empty: all that are staged and that the
            aspect applies to.
        profile: The profile that it is judged with.
        why: Why the sin cannot but have this consequence; empty if it is the very point.
    """

    aspect: str
    verdict: Verdict
    requirement: str = ""
    modes: tuple[str, ...] = ()
    profile: str = "eop"
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A relay that is wrong in one way.

    Attributes:
        name: The sin's function.
        sin: What it does, one sentence.
        scenarios: The failure modes and controls to stage; what they rely on is staged as well.
        caught: The verdicts that prove their requirement.
        also: Verdicts that are an unavoidable consequence.
        profiles: Profiles to judge with, beyond those that `caught` and `also` name.
    """

    name: str
    sin: str
    scenarios: tuple[str, ...]
    caught: tuple[Expected, ...]
    also: tuple[Expected, ...] = ()
    profiles: tuple[str, ...] = ()

    @property
    def judged_with(self) -> tuple[str, ...]:
        """The profiles that its record is judged with."""
        named = (each.profile for each in (*self.caught, *self.also))
        return tuple(dict.fromkeys(("eop", *self.profiles, *named)))


def fails(aspect: str, requirement: str, *modes: str, profile: str = "eop") -> Expected:
    """Return a MUST that must be seen to be broken."""
    return Expected(
        aspect=aspect, verdict=Verdict.FAIL, requirement=requirement, modes=modes, profile=profile
    )


def deviates(aspect: str, requirement: str, *modes: str, profile: str = "eop") -> Expected:
    """Return a SHOULD that must be seen to be broken."""
    return Expected(
        aspect=aspect, verdict=Verdict.DEVIATION, requirement=requirement, modes=modes, profile=profile
    )


def hence(
    why: str, *aspects: str, verdict: Verdict = Verdict.FAIL, modes: tuple[str, ...] = (), profile: str = "eop"
) -> tuple[Expected, ...]:
    """Return what a sin cannot but do to other aspects."""
    return tuple(
        Expected(aspect=aspect, verdict=verdict, modes=modes, profile=profile, why=why) for aspect in aspects
    )
