"""The suite: one file for each aspect, `test_<aspect>.py`, found by its name.

Node ids and the terminal's table have the aspects in the order of their places: from 100 on what must arrive, from 200
TLS and where mail may go, from 300 what an error says, from 400 waiting, retries and recovery, from 500 refusals and
several recipients, from 600 the 24 hours and the report, from 700 repairs late in the day and whatever comes in a row,
from 800 the operator. One without a place comes last.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, replace
from functools import cache
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import Profile, ProfileError, load
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.versions import checked, is_in, since_of_mode
from conformance.judging.aspect import Aspect, AspectError


def find() -> tuple[Aspect, ...]:
    """Return the aspects of this folder, one for each of its files, in the order of their places.

    Raises:
        AspectError: A file holds no aspect of its name.
    """
    return tuple(sorted(_found(), key=lambda each: (each.place, each.name)))


def _found() -> Iterator[Aspect]:
    for name in (module.name for module in iter_modules(__path__)):
        found = getattr(import_module(f"{__name__}.{name}"), name, None)
        if not isinstance(found, Aspect):
            raise AspectError(f"{name}.py in the suite holds no aspect {name}")
        yield found


ASPECTS = find()

# The catalogue ids that the aspects themselves name, by `aspect.slot`.
REQUIREMENTS: Mapping[str, str] = {slot: row for each in ASPECTS for slot, row in each.requirements.items()}


def profile_of(name: str, version: str | None = None) -> Profile:
    """Load a profile whose rows all are about slots of aspects that there are.

    Args:
        name: Its name.
        version: The version of the catalogue whose requirements count; None: the newest.

    Raises:
        ProfileError: There is none of that name, its file is wrong, or it names a slot that no aspect has.
        VersionError: There is no such version.
    """
    profile = load(name)
    unknown = sorted(profile.named_slots() - REQUIREMENTS.keys())
    if unknown:
        raise ProfileError(f"{name}.toml: no aspect has {', '.join(unknown)}")
    return profile if version is None else replace(profile, catalogue=checked(version))


def asked_in(version: str) -> Iterator[tuple[Aspect, Scenario]]:
    """Yield every test of a version of the catalogue in the order of node ids, but for fault schedules: they are drawn.

    Raises:
        VersionError: There is no such version.
    """
    checked(version)
    for each in ASPECTS:
        for scenario in each.scenarios():
            if each.is_in(version, scenario):
                yield each, scenario


@cache
def digest_of(version: str) -> str:
    """Return the digest of what a version of the catalogue asks, `sha256:` and 64 hexadecimal digits.

    It is made from its requirements, what its failure modes say of themselves, and the names of its tests: two suites
    with the same digest ask the same. How they see it, and what a profile accepts, is not in it.

    Raises:
        VersionError: There is no such version.
    """
    tests = [each.test_name(scenario) for each, scenario in asked_in(version)]
    asked = {
        "catalogue": version,
        "requirements": [astuple(row) for row in catalogue().values() if is_in(row.since, version)],
        "failure_modes": [
            (mode.name, mode.kind, mode.section, mode.staged)
            for mode in ALL.values()
            if is_in(since_of_mode(mode.name), version)
        ],
        "tests": tests,
    }
    return f"sha256:{sha256(json.dumps(asked).encode()).hexdigest()}"


__all__ = ["ASPECTS", "REQUIREMENTS", "asked_in", "digest_of", "find", "profile_of"]
