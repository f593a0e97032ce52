"""Which scenarios show whether a requirement is met, and in which of them a situation has occurred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from mutants.waves import scenario_of

from conformance.catalogue import profile as profiles
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.scenario import Scenario
from conformance.evidence.record import Staged
from conformance.suite import ASPECTS
from fake_servers.addresses import known_as

from .change import Change
from .marker import MARKS

# Scenarios of one wave and clock: as many as a relay is given at once without one being hurt by the crowd.
_LOT = 60


def exists(requirement: str) -> bool:
    """Tell whether the catalogue has a requirement."""
    return requirement in catalogue()


def judged_by(requirement: str) -> tuple[str, list[Scenario]]:
    """Return the profile that asks for a requirement, and the scenarios that it is judged for."""
    for name in profiles.NAMES:
        profile = profiles.load(name)
        found = {
            scenario.id: scenario
            for aspect in ASPECTS
            for scenario in aspect.scenarios()
            if requirement in aspect.judges(scenario.failure_mode, profile)
        }
        if found:
            return name, list(found.values())
    return profiles.NAMES[0], []


def lots_of(change: Change, *, quick: bool = False) -> Iterator[list[Scenario]]:
    """Yield what is to be staged for a change, in lots: what it names itself first, and each clock by itself then.

    Args:
        change: The change.
        quick: Whether what it names itself is enough, if it names anything.
    """
    first = [scenario_of(name) for name in change.first]
    if first:
        yield first
    if first and quick:
        return
    known = {scenario.id for scenario in first}
    rest = {
        scenario.id: scenario
        for requirement in change.requirements
        for scenario in judged_by(requirement)[1]
        if scenario.id not in known
    }
    yield from lots(rest.values())


def lots(scenarios: Iterable[Scenario]) -> Iterator[list[Scenario]]:
    """Yield scenarios in lots, each on one clock."""
    ordered = sorted(scenarios, key=lambda scenario: scenario.timing)
    for _, group in groupby(ordered, key=lambda scenario: scenario.timing):
        same = list(group)
        yield from (same[start : start + _LOT] for start in range(0, len(same), _LOT))


def marks_below(folder: Path) -> list[str]:
    """Return what the relays of a wave have marked."""
    return [
        line
        for file in sorted(folder.rglob(MARKS))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line
    ]


def is_marked(staged: Staged, marks: Sequence[str]) -> bool:
    """Tell whether a mark is about a scenario: one of its addresses, a name of its domain, or a server of its own."""
    return any(_is_about(known_as(mark), staged) for mark in marks)


def _is_about(mark: str, staged: Staged) -> bool:
    people = (staged.sender, staged.recipient, *staged.others, *(offer.recipient for offer in staged.offers))
    if mark in {address.lower() for address in people}:
        return True
    host = mark.rpartition("@")[2].rstrip(".")
    domain = staged.domain.lower()
    if host == domain or host.endswith(f".{domain}"):
        return True
    return any(mark in (site.host.lower(), site.name.lower()) for site in staged.sites)
