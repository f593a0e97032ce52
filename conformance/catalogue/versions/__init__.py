"""Versions of the catalogue: what was asked of a relay when. One file for each, the newest of which is in the making.

A requirement says itself since when it is asked (`since` in its row). What a file here lists is since when there is a
failure mode, and since when an aspect judges failure modes of a kind on a course: an aspect that is extended to further
kinds reaches old requirements and old failure modes anew. A test exists in a version if all three do.

A version freezes what is asked, and not how well we see: a verdict that is corrected is corrected in all of them, and
CHANGELOG.md lists it. What no file lists is of the newest version, so nothing has to be written down to be tried out; a
test fails as long as it is not (`mailflow-conformance catalogue --write` does that).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from conformance.catalogue.course import Course
from conformance.catalogue.message import Kind


class VersionError(ValueError):
    """There is no such version of the catalogue; the text names those that there are."""


class Reach(NamedTuple):
    """That an aspect judges failure modes of a kind on a course."""

    aspect: str
    course: Course
    kind: Kind

    def __str__(self) -> str:
        return f"{self.aspect} {self.course} {self.kind}"

    @classmethod
    def parse(cls, text: str) -> Reach:
        """Read what `str` wrote.

        Raises:
            ValueError: It is none.
        """
        aspect, course, kind = text.split()
        return cls(aspect, Course(course), Kind(kind))


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version, and what came with it.

    Attributes:
        name: `0.3`.
        about: What came, in a few words.
        modes: Names of failure modes and controls; also of some that there are no more.
        reach: What aspects judge.
    """

    name: str
    about: str
    modes: frozenset[str]
    reach: frozenset[Reach]


@cache
def versions() -> Mapping[str, Version]:
    """Return all versions by name, the oldest first."""
    found = (
        _read(entry.name.removesuffix(".toml"), entry.read_text("utf-8"))
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".toml")
    )
    return {each.name: each for each in sorted(found, key=lambda each: _number(each.name))}


def _read(name: str, text: str) -> Version:
    data = tomllib.loads(text)
    return Version(
        name=name,
        about=data["about"],
        modes=frozenset(data["modes"]),
        reach=frozenset(map(Reach.parse, data["reach"])),
    )


@cache
def newest() -> str:
    """Return the name of the version in the making: all that there is."""
    return list(versions())[-1]


def checked(name: str) -> str:
    """Return the name of a version that somebody asked for.

    Raises:
        VersionError: There is none of that name.
    """
    if name not in versions():
        raise VersionError(f"there is no catalogue {name!r}; there are {', '.join(versions())}")
    return name


def is_in(since: str, version: str) -> bool:
    """Tell whether what is there since one version is in another one."""
    return _number(since) <= _number(version)


def since_of_mode(name: str) -> str:
    """Return the version with which a failure mode came; a fault schedule came with the aspects that judge it."""
    return _modes().get(name, newest())


def since_of_reach(reach: Reach) -> str:
    """Return the version since which an aspect judges failure modes of a kind on a course."""
    return _reaches().get(reach, newest())


@cache
def _modes() -> Mapping[str, str]:
    return {mode: each.name for each in _from_the_newest() for mode in each.modes}


@cache
def _reaches() -> Mapping[Reach, str]:
    return {reach: each.name for each in _from_the_newest() for reach in each.reach}


def _from_the_newest() -> list[Version]:
    return list(versions().values())[::-1]


def _number(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))
