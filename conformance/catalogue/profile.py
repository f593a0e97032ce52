"""Profiles: which outcomes and codes are accepted for which failure mode, as data with sources."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from cattrs import Converter
from cattrs.errors import ClassValidationError

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.section import Section
from conformance.catalogue.versions import is_in, newest
from conformance.target import Outcome

NAMES = tuple(
    sorted(
        f.name.removesuffix(".toml")
        for f in files("conformance.catalogue.profiles").iterdir()
        if f.name.endswith(".toml")
    )
)
DEFAULT = "eop"
REPLIED = "{replied}"  # in a check: what the remote server said


class ProfileError(Exception):
    """A profile is wrong; the text names the file, the row and the reason."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing asked of a code.

    Attributes:
        what: `code` (the reply code) or `status` (the enhanced status code).
        any: Patterns of which one must fit; see `codes.matches`. `{replied}` stands for what the remote server said
            (the failure mode's `reply`); where it said no such code, there is nothing to compare.
        requirement: Catalogue id; its level counts.
        preferred: The member of a set that the profile would choose.
        if_shown: Judge only if the relay shows this code at all.
    """

    what: str
    any: list[str]
    requirement: str
    preferred: str = ""
    if_shown: bool = False


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One accepted outcome and what its error must say.

    Attributes:
        outcome: What becomes of the message.
        checks: What its code must be.
        titles: The fixed part of the error text, which is no detail.
    """

    outcome: Outcome
    checks: list[Check]
    titles: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ProfileRow:
    """Accepted outcomes for the failure modes of some sections, or for some failure modes by name."""

    source: str
    outcomes: list[Accepted]
    sections: list[str] = field(default_factory=list)
    failure_modes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile as loaded.

    Attributes:
        name: `eop`, `eop-observed`, `rfc`.
        about: What it stands for.
        rows: One for each failure mode that is no control.
        slots: Requirement ids by `aspect.slot`, where they are others than the aspect itself names; None: not asked.
        by_section: The same for the failure modes of a section.
        expired_by: The stop of a moved clock before which an expired message must have been returned.
        any_lifetime: Whether a relay may have another lifetime than 24 hours.
        catalogue: The version of the catalogue whose requirements count.
    """

    name: str
    about: str
    rows: Mapping[str, ProfileRow]
    slots: Mapping[str, str | None]
    by_section: Mapping[str, Mapping[str, str]]
    expired_by: str
    any_lifetime: bool = False
    catalogue: str = field(default_factory=newest)

    def asks(self, slot: str) -> bool:
        """Tell whether the profile asks anything under a slot of an aspect."""
        return slot not in self.slots or self.slots[slot] is not None

    def counts(self, requirement: str) -> bool:
        """Tell whether a requirement is in the version of the catalogue that is judged by."""
        return self.catalogue == newest() or is_in(catalogue()[requirement].since, self.catalogue)

    def requirement(self, slot: str, mode: FailureMode, own: str) -> Requirement:
        """Return the catalogue row behind a slot of an aspect, for a failure mode.

        Args:
            slot: `aspect.slot`.
            mode: The failure mode.
            own: The id that the aspect itself names; it counts where the profile has no other.
        """
        override = self.by_section.get(mode.section, {})
        return catalogue()[override.get(slot) or self.slots.get(slot) or own]

    def accepted(self, mode: FailureMode, outcome: Outcome) -> Accepted | None:
        """Return what an outcome must look like, or None if it is not accepted."""
        return next((a for a in self.rows[mode.name].outcomes if a.outcome is outcome), None)

    def accepts(self, mode: FailureMode, outcome: Outcome) -> bool:
        """Tell whether an outcome is accepted."""
        return self.accepted(mode, outcome) is not None

    def code_requirement(self, mode: FailureMode) -> Requirement:
        """Return the row that the error code of a failure mode serves first of all."""
        checks = [check for accepted in self.rows[mode.name].outcomes for check in accepted.checks]
        counting = (check for check in checks if self.counts(check.requirement))
        return catalogue()[next(counting, checks[0]).requirement]

    def code_requirements(self, mode: FailureMode) -> set[str]:
        """Return the ids of all rows that the error code of a failure mode serves."""
        named = {check.requirement for accepted in self.rows[mode.name].outcomes for check in accepted.checks}
        return set(filter(self.counts, named))

    def served(self, own: Mapping[str, str]) -> set[str]:
        """Return every requirement id that this profile can judge; codes are judged while a message waits.

        Args:
            own: The ids that the aspects themselves name, by `aspect.slot`.
        """
        waiting = (row for name, row in self.rows.items() if ALL[name].kind is Kind.TRANSIENT)
        return self._ids({**own, **self.slots}, waiting)

    def named(self) -> set[str]:
        """Return every requirement id that stands in this profile, judged or not."""
        return self._ids(self.slots, self.rows.values())

    def named_slots(self) -> set[str]:
        """Return every `aspect.slot` of which this profile has a word."""
        return {*self.slots, *(slot for rows in self.by_section.values() for slot in rows)}

    def _ids(self, slots: Mapping[str, str | None], rows: Iterable[ProfileRow]) -> set[str]:
        ids = {row for row in slots.values() if row is not None}
        for section in self.by_section.values():
            ids |= set(section.values())
        for row in rows:
            ids |= {check.requirement for outcome in row.outcomes for check in outcome.checks}
        return ids


@cache
def load(name: str) -> Profile:
    """Load a profile that comes with the suite.

    Raises:
        ProfileError: There is none of that name, or its file is wrong.
    """
    if name not in NAMES:
        raise ProfileError(f"no profile is called {name!r}; there are {', '.join(NAMES)}")
    data = tomllib.loads(files("conformance.catalogue.profiles").joinpath(f"{name}.toml").read_text("utf-8"))
    base = load(data["extends"]) if "extends" in data else None
    _must_be_sections(name, data.get("sections", {}))
    try:
        rows = Converter(forbid_extra_keys=True).structure(data["row"], list[ProfileRow])
    except (ClassValidationError, ExceptionGroup) as error:
        raise ProfileError(f"{name}.toml: {error!r}") from error
    profile = Profile(
        name=name,
        about=data["about"],
        rows=_by_mode(name, rows, base.rows if base else {}),
        slots={**(base.slots if base else {}), **_slots(name, data.get("aspects", {}))},
        by_section=_merged(base.by_section if base else {}, data.get("sections", {})),
        expired_by=data["limits"]["expired_by"] if "limits" in data or base is None else base.expired_by,
        any_lifetime=bool(data.get("limits", {}).get("any_lifetime", base is not None and base.any_lifetime)),
    )
    unknown = profile.named() - set(catalogue())
    if unknown:
        raise ProfileError(f"{name}.toml: no such requirement: {', '.join(sorted(unknown))}")
    return profile


def _must_be_sections(name: str, sections: Iterable[str]) -> None:
    unknown = set(sections) - set(Section)
    if unknown:
        raise ProfileError(
            f"{name}.toml: no such section: {', '.join(sorted(unknown))}; there are {', '.join(Section)}"
        )


def _slots(name: str, table: Mapping[str, object]) -> dict[str, str | None]:
    """Read what a profile says of the slots of aspects: the id of another row, or false where it does not ask."""
    slots: dict[str, str | None] = {}
    for slot, row in table.items():
        if row is False:
            slots[slot] = None
        elif isinstance(row, str):
            slots[slot] = row
        else:
            raise ProfileError(f"{name}.toml: {slot} = {row!r} is neither the id of a requirement nor false")
    return slots


def _merged(
    base: Mapping[str, Mapping[str, str]], own: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    return {
        section: {**base.get(section, {}), **own.get(section, {})} for section in dict.fromkeys((*base, *own))
    }


def _by_mode(name: str, rows: list[ProfileRow], base: Mapping[str, ProfileRow]) -> dict[str, ProfileRow]:
    """Resolve rows to failure modes: a row by name wins over a row by section."""
    chosen: dict[str, Any] = dict(base)
    for row in rows:
        unknown = set(row.failure_modes) - set(ALL)
        if unknown:
            raise ProfileError(f"{name}.toml: no such failure mode: {', '.join(sorted(unknown))}")
        _must_be_sections(name, row.sections)
    for row in (*[r for r in rows if r.sections], *[r for r in rows if r.failure_modes]):
        for mode in ALL.values():
            if mode.section in row.sections or mode.name in row.failure_modes:
                chosen[mode.name] = row
    named = Counter(mode for row in rows for mode in row.failure_modes)
    twice = sorted(mode for mode, times in named.items() if times > 1)
    if twice:
        raise ProfileError(f"{name}.toml: two rows name {', '.join(twice)}")
    missing = [m.name for m in ALL.values() if m.fails and m.name not in chosen]
    if missing:
        raise ProfileError(f"{name}.toml: no row for {', '.join(missing)}")
    return chosen
