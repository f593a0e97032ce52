"""Lists of known verdicts, one TOML file for each relay: `postfix.toml` and its like.

A file names the target and the profile it is about, and has one row `[[known]]` for each thing that is known::

    [[known]]
    verdict = "deviation"
    requirement = "session/total-deadline"
    aspect = "times_out"
    failure_modes = ["trickle_at_ehlo"]
    why = "One sentence: the evidence, and the reason as far as it is known."
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERDICTS = ("fail", "deviation")
_TEXTS = ("requirement", "aspect", "why")
_KEYS = {"verdict", "failure_modes", *_TEXTS}


class KnownError(Exception):
    """A list cannot be read; the text names the file, the row, the key, and what is valid."""


@dataclass(frozen=True, order=True)
class Trouble:
    """One verdict that is not a pass, as the list and the report name it."""

    verdict: str
    requirement: str
    aspect: str
    failure_mode: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.requirement}: test_{self.aspect}[{self.failure_mode}]"


@dataclass(frozen=True)
class Known:
    """A list: what it is about, and why each trouble in it is one."""

    target: str
    profile: str
    why: Mapping[Trouble, str]


def read_known(path: Path) -> Known:
    """Read a list.

    Raises:
        KnownError: It is not to be read, or not well-formed.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KnownError(f"{path}: {error}") from error
    strange = table.keys() - {"target", "profile", "known"}
    if strange:
        raise KnownError(f"{path}: unknown key {min(strange)}; valid are target, profile, known")
    why: dict[Trouble, str] = {}
    for number, row in enumerate(table.get("known", []), start=1):
        where = f"{path}: row {number}"
        for trouble in _row(row, where):
            if trouble in why:
                raise KnownError(f"{where}: {trouble} is listed twice")
            why[trouble] = row["why"]
    return Known(_text(table, "target", str(path)), _text(table, "profile", str(path)), why)


def _row(row: Mapping[str, Any], where: str) -> list[Trouble]:
    if row.keys() != _KEYS:
        odd = min(row.keys() ^ _KEYS)
        raise KnownError(f"{where}: key {odd} is missing or unknown; a row has {', '.join(sorted(_KEYS))}")
    for key in _TEXTS:
        _text(row, key, where)
    if row["verdict"] not in VERDICTS:
        raise KnownError(f"{where}: verdict is {row['verdict']!r}; valid are {', '.join(VERDICTS)}")
    modes = row["failure_modes"]
    if not isinstance(modes, list) or not modes or not all(isinstance(mode, str) for mode in modes):
        raise KnownError(f"{where}: failure_modes must be a list of one name or more")
    if len(set(modes)) < len(modes):
        raise KnownError(f"{where}: failure_modes names one twice")
    return [Trouble(row["verdict"], row["requirement"], row["aspect"], mode) for mode in modes]


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise KnownError(f"{where}: {key} must be a text that is not empty")
    return value
