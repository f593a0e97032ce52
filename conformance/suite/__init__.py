"""The suite: one file for each aspect, `test_<aspect>.py`, found by its name.

Node ids and the terminal's table have the aspects in the order of their places: from 100 on what must arrive, from 200
TLS and where mail may go, from 300 what an error says, from 400 waiting, retries and recovery, from 500 refusals and
several recipients, from 600 the 24 hours and the report, from 700 repairs late in the day and whatever comes in a row,
from 800 the operator. One without a place comes last.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from conformance.catalogue.profile import Profile, ProfileError, load
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


def profile_of(name: str) -> Profile:
    """Load a profile whose rows all are about slots of aspects that there are.

    Raises:
        ProfileError: There is none of that name, its file is wrong, or it names a slot that no aspect has.
    """
    profile = load(name)
    unknown = sorted(profile.named_slots() - REQUIREMENTS.keys())
    if unknown:
        raise ProfileError(f"{name}.toml: no aspect has {', '.join(unknown)}")
    return profile


__all__ = ["ASPECTS", "REQUIREMENTS", "find", "profile_of"]
