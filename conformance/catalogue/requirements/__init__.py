"""The requirement catalogue: TOML rows, one file for each section of the source document, plus `rfc.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Level(StrEnum):
    """How binding a requirement is: RFC 2119 words, by the rule of the catalogue, and below them good housekeeping."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    HYGIENE = "HYGIENE"


class Harm(StrEnum):
    """Whom it hurts if a requirement is not met, gravest first: the order in which to mend."""

    LOST = "lost"  # mail is lost, or never reaches a destination that is well
    TWICE = "twice"  # mail arrives, or is told of, more than once
    EXPOSED = "exposed"  # mail goes in clear, or to a host that must not get it
    ALTERED = "altered"  # mail is not what was sent
    UNTOLD = "untold"  # a sender is not told of the end, or somebody is told who must not be
    DELAYED = "delayed"  # mail is tried too seldom or too often, waits for nothing, or is given up too soon
    CODE = "code"  # an error has a wrong code
    WORDS = "words"  # an error or a report says too little, or in a wrong form
    HOUSE = "house"  # no mail, but the machine


class CatalogueError(Exception):
    """A row of the catalogue is wrong; the text names the file, the row and the reason."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One row.

    Attributes:
        id: `area/slug`, chosen once and never reused.
        level: MUST only from the source document or an RFC MUST; SHOULD if documented elsewhere or sampled;
            MAY if inferred. Rows of the area `control` are the suite's own: what must be in order before anything
            else can be concluded. They are a MUST by that reason, which their source names. HYGIENE: no standard asks
            for it and no message suffers, but the machine does; its source is the reason. It is shown as a SHOULD is.
        harm: Whom it hurts if it does not hold.
        text: What must hold, one sentence.
        source: Where it is said.
        since: Version of this suite that judged it first.
    """

    id: str
    level: Level
    harm: Harm
    text: str
    source: str
    since: str


@cache
def catalogue() -> Mapping[str, Requirement]:
    """Return all rows by id.

    Raises:
        CatalogueError: A row is incomplete, has an unknown key or level, or its id is taken.
    """
    rows: dict[str, Requirement] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for number, row in enumerate(tomllib.loads(file.read_text("utf-8"))["requirement"], 1):
            try:
                requirement = Requirement(**{**row, "level": Level(row["level"]), "harm": Harm(row["harm"])})
            except (TypeError, KeyError, ValueError) as error:
                raise CatalogueError(f"{file.name}, row {number}: {error}") from error
            if requirement.id in rows:
                raise CatalogueError(f"{file.name}, row {number}: the id {requirement.id} is taken")
            rows[requirement.id] = requirement
    return rows
