"""Whether a waiver can ever apply: something must judge its requirement where it says that this does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.catalogue.course import Course
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.judging.aspect import Aspect
from conformance.waivers import Waiver, WaiverError, Waivers
from conformance.waivers.named import mode_of, split
from conformance.waivers.waiver import expression


def check_waivable(waivers: Waivers, aspects: Sequence[Aspect], profiles: Sequence[Profile]) -> None:
    """Make sure that each name of a row, or one of those that a pattern stands for, is judged by what the row names.

    Args:
        waivers: All rows.
        aspects: The aspects of the suite.
        profiles: What the file is about; one of them must ask it.

    Raises:
        WaiverError: A row can never apply; the text says which aspects, or courses, judge its requirement.
    """
    for waiver in waivers.rows:
        asked = _Asked(waiver, waivers.catalogue, profiles)
        named = [each for each in aspects if waiver.aspect in ("", each.name)]
        for entry in waiver.failure_modes:
            names = sorted(filter(expression(entry).fullmatch, waiver.modes))
            if not any(asked.by(aspect, name) for name in names for aspect in named):
                who = f"{waiver.aspect} does not judge" if waiver.aspect else "nothing judges"
                raise WaiverError(
                    f"{waiver.where}: failure_modes has {entry!r}, and {who} {waiver.requirement} there; "
                    + _instead(asked, names, named, aspects)
                )


def places(
    waiver: Waiver, aspect: Aspect, name: str, waivers: Waivers, profiles: Sequence[Profile]
) -> list[Scenario]:
    """Return the scenarios of what a name stands for in which an aspect judges the requirement of a row."""
    return list(_Asked(waiver, waivers.catalogue, profiles).scenarios(aspect, name))


class _Asked:
    """Knows where a requirement is judged, in a version of the catalogue."""

    def __init__(self, waiver: Waiver, version: str, profiles: Sequence[Profile]) -> None:
        self.requirement = waiver.requirement
        self._version, self._profiles = version, profiles

    def by(self, aspect: Aspect, name: str) -> bool:
        """Tell whether an aspect judges it for what a name stands for."""
        return any(True for _ in self.scenarios(aspect, name))

    def scenarios(self, aspect: Aspect, name: str) -> Iterator[Scenario]:
        """Yield where an aspect judges it for what a name stands for."""
        name, course = split(name)
        mode = mode_of(name)
        for each in aspect.courses:
            if course in ("", each) and aspect.reads(mode, each):
                scenario = Scenario(failure_mode=mode, course=each)
                if self._in(aspect, scenario):
                    yield scenario

    def anywhere(self, aspect: Aspect) -> bool:
        """Tell whether an aspect judges it at all."""
        return any(self._in(aspect, scenario) for scenario in aspect.scenarios())

    def about(self) -> str:
        profiles = " or ".join(profile.name for profile in self._profiles)
        return f"catalogue {self._version} and profile {profiles}"

    def _in(self, aspect: Aspect, scenario: Scenario) -> bool:
        return aspect.is_in(self._version, scenario) and any(
            self.requirement in aspect.may_find(scenario.failure_mode, profile) for profile in self._profiles
        )


def _instead(asked: _Asked, names: Sequence[str], named: Sequence[Aspect], aspects: Sequence[Aspect]) -> str:
    """Say what judges the requirement instead."""
    if others := [aspect.name for aspect in aspects if any(asked.by(aspect, name) for name in names)]:
        return f"there it is judged by {', '.join(others)}"
    modes = dict.fromkeys(split(name)[0] for name in names)
    courses = [f"{mode}-{course}" for mode in modes for course in Course]
    if found := [each for each in courses if any(asked.by(aspect, each) for aspect in named)]:
        return f"it is judged for {', '.join(found)}"
    if others := [aspect.name for aspect in aspects if asked.anywhere(aspect)]:
        return f"with {asked.about()} it is judged by {', '.join(others)}, for other failure modes"
    return f"with {asked.about()} nothing judges it"
