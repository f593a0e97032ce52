"""`--conformance-only`: keeps the tests of exactly what is named, and so stages nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import Profile
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.section import Section
from conformance.catalogue.versions import is_in, newest, since_of_mode
from conformance.judging.aspect import Aspect
from conformance.schedules.sequence import FaultSequence
from conformance.session.near import near
from conformance.suite import ASPECTS, REQUIREMENTS

OPTION = "--conformance-only"


class Only:
    """What is kept: of one kind anything that is named, of several kinds what fits each.

    Args:
        given: `mode:NAME`, `requirement:ID`, `section:CODE` or `aspect:NAME`, as often as somebody likes.
        profile: What is accepted; requirements are those of this profile. Needed if anything is given.

    Raises:
        ValueError: One of them names nothing; the text says what it may be.
    """

    def __init__(self, given: Sequence[str] = (), profile: Profile | None = None) -> None:
        self._named: dict[str, set[str]] = {}
        if not given:
            return
        assert profile is not None
        self._profile = profile
        valid: Mapping[str, Collection[str]] = {
            "mode": [name for name in ALL if is_in(since_of_mode(name), profile.catalogue)],
            "requirement": sorted(filter(profile.counts, profile.served(REQUIREMENTS))),
            "section": [section.value for section in Section],
            "aspect": [aspect.name for aspect in ASPECTS],
        }
        for each in given:
            kind, colon, name = each.partition(":")
            if not colon or kind not in valid:
                raise ValueError(f"{OPTION}={each}: it is one of {', '.join(f'{k}:NAME' for k in valid)}")
            if name not in valid[kind] and not (kind == "mode" and _is_schedule(name)):
                where = "" if profile.catalogue == newest() else f" in catalogue {profile.catalogue}"
                raise ValueError(f"{OPTION}={each}: there is no such {kind}{where}{_hint(name, valid[kind])}")
            self._named.setdefault(kind, set()).add(name)

    @property
    def schedules(self) -> list[str]:
        """The fault schedules that are named."""
        return [name for name in self._named.get("mode", ()) if name not in ALL]

    def keeps(self, aspect: Aspect, scenario: Scenario) -> bool:
        """Tell whether a test is kept."""
        mode = scenario.failure_mode
        has: Mapping[str, Collection[str]] = {
            "mode": (mode.name,),
            "section": (mode.section.value,),
            "aspect": (aspect.name,),
        }
        return all(
            not names.isdisjoint(has[kind] if kind in has else aspect.judges(mode, self._profile))
            for kind, names in self._named.items()
        )


def _is_schedule(name: str) -> bool:
    try:
        FaultSequence.parse(name)
    except ValueError:
        return False
    return True


def _hint(name: str, valid: Collection[str]) -> str:
    found = near(name, valid)
    if found:
        return f"; did you mean {' or '.join(found)}?"
    if len(valid) <= 80:
        return f"; there are {', '.join(valid)}"
    return "; pytest --co -q with the same target lists all"
