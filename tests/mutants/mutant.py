"""How a mutation declares what it does, what is to be staged and which verdicts must change.

Every relay with a mutation imports this as it starts, so nothing here may import what only judges: verdicts and
courses are words, and failure modes are names or a selection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from .selection import Names, Selection, names

VerdictName = Literal["pass", "fail", "deviation", "inconclusive", "not_applicable"]
Routes = Literal["many", "one", "only"]
Mutation = Callable[[], None]
Declare = Callable[[Mutation], Mutation]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """A verdict other than pass that a mutant must get.

    Attributes:
        aspect: Which aspect gives it.
        verdict: The verdict.
        requirement: The catalogue row that must decide; empty: whichever does.
        modes: The failure modes (or controls) for which it is given; empty: all that are staged and that the
            aspect applies to.
        courses: The courses for which it is given; empty: all that are staged and that the aspect reads.
        besides: Further catalogue rows that the same mutation breaks under this aspect; no other row may be broken.
        profile: The profile that it is judged with.
        why: Why the mutation has this consequence; empty if it is the very point.
        certain: Whether the verdict is always given; else it depends on the moment, and a pass is as good.
    """

    aspect: str
    verdict: VerdictName
    requirement: str = ""
    modes: Names = ()
    courses: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    profile: str = "eop"
    why: str = ""
    certain: bool = True

    @property
    def proves(self) -> set[str]:
        """The catalogue rows that are seen to be broken."""
        return {self.requirement, *self.besides}


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """A relay that is wrong, or at least unusual, in one way.

    Attributes:
        name: The name of its mutation, a function.
        summary: What it does otherwise, one sentence.
        mutate: The mutation: makes the reference relay of this process wrong.
        scenarios: What to stage: failure modes and controls on the first course of their kind, or
            `mode.course`; what they rely on is staged as well, and no clock that none of them needs.
        caught: The verdicts that prove their requirement; none for a relay that is unusual and innocent, all of
            whose verdicts must be passes.
        also: Verdicts that are an unavoidable consequence, each with the reason.
        brings: Requirements that it breaks as well where the whole suite is staged, each with the reason.
        profiles: Profiles to judge with, beyond those that `caught` and `also` name.
        granted: Factors on times it is asked for, by name: what it then runs with and says that it granted.
        fixed: What cannot be set, by name of a time in `Schedule`: what it runs with and says that it granted.
        routes: How many destinations an instance serves: `many`; `one`, and the way back to the senders besides; `only`
            one, which reports take as well.
        lacks: What the reference relay is capable of and it is not, as `Capability` calls it.
    """

    name: str
    summary: str
    mutate: Mutation
    scenarios: Names
    caught: tuple[Expected, ...] = ()
    also: tuple[Expected, ...] = ()
    brings: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    granted: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    routes: Routes = "many"
    lacks: tuple[str, ...] = ()

    @property
    def innocent(self) -> bool:
        """Whether it does nothing wrong, and must not be accused."""
        return not self.caught

    @property
    def judged_with(self) -> tuple[str, ...]:
        """The profiles that its record is judged with."""
        named = (each.profile for each in (*self.caught, *self.also))
        return tuple(dict.fromkeys(("eop", *self.profiles, *named)))

    def looked_up(self) -> Mutant:
        """Return the same with names in the place of selections."""
        caught, also = (
            tuple(replace(each, modes=names(each.modes)) for each in expected)
            for expected in (self.caught, self.also)
        )
        return replace(self, scenarios=names(self.scenarios), caught=caught, also=also)


# What the files that were imported declare, by name.
DECLARED: dict[str, Mutant] = {}


def mutation(
    *,
    scenarios: Names,
    caught: tuple[Expected, ...] = (),
    also: tuple[Expected, ...] = (),
    brings: Mapping[str, str] | None = None,
    profiles: tuple[str, ...] = (),
    granted: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
    routes: Routes = "many",
    lacks: tuple[str, ...] = (),
) -> Declare:
    """Declare a function that makes the reference relay of this process wrong; its docstring is the summary."""

    def declare(mutate: Mutation) -> Mutation:
        name = mutate.__name__
        assert name not in DECLARED, f"two mutations are called {name}"
        DECLARED[name] = Mutant(
            name=name,
            summary=mutate.__doc__ or "",
            mutate=mutate,
            scenarios=scenarios,
            caught=caught,
            also=also,
            brings=brings or {},
            profiles=profiles,
            granted=granted or {},
            fixed=fixed or {},
            routes=routes,
            lacks=lacks,
        )
        return mutate

    return declare


def fails(
    aspect: str,
    requirement: str,
    *modes: str | Selection,
    courses: tuple[str, ...] = (),
    besides: tuple[str, ...] = (),
    profile: str = "eop",
) -> Expected:
    """Return a MUST that must be seen to be broken."""
    return Expected(
        aspect=aspect,
        verdict="fail",
        requirement=requirement,
        modes=modes,
        courses=courses,
        besides=besides,
        profile=profile,
    )


def deviates(
    aspect: str,
    requirement: str,
    *modes: str | Selection,
    courses: tuple[str, ...] = (),
    besides: tuple[str, ...] = (),
    profile: str = "eop",
) -> Expected:
    """Return a SHOULD that must be seen to be broken."""
    return Expected(
        aspect=aspect,
        verdict="deviation",
        requirement=requirement,
        modes=modes,
        courses=courses,
        besides=besides,
        profile=profile,
    )


def hence(
    why: str,
    *aspects: str,
    verdict: VerdictName = "fail",
    modes: Names = (),
    courses: tuple[str, ...] = (),
    profile: str = "eop",
    certain: bool = True,
) -> tuple[Expected, ...]:
    """Return what a mutation does to other aspects without being about them."""
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
