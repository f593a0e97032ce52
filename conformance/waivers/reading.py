"""Reads a file of waivers; every mistake is told with the file, the row, the key and what is valid.

::

    catalogue = "0.1.0"
    target = "mail-product"     # optional, and so is a profile

    [[waiver]]
    verdict = "fail"
    requirement = "mx/self-undeliverable"
    aspect = "returned_at_once"     # optional
    failure_modes = ["mx_relay_is_best"]
    observed = "deferred at _*"
    reason = "A message for a domain whose best host is the relay itself is frozen; mended in the next release."
    expires = 2027-03-31
    link = "https://..."            # optional
    sometimes = true                # optional: it need not be seen in each run
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import NAMES as PROFILES
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.versions import is_in, since_of_mode, versions
from conformance.schedules.sequence import FaultSequence
from conformance.waivers.waiver import ANY, Waiver, Waivers, expression

# The name under which a file is found in a project.
NAME = "mailflow-waivers.toml"
# What is known of built-in targets, each in a file of its name.
KNOWN_FILES = Path(__file__).parent / "known"
# What may be waived.
VERDICTS = ("fail", "deviation")
# What a file says that was written and not filled in.
GENERATED = "to be filled in: why this may be so for now"
# So many days ahead a waiver expires at the latest.
LONGEST = 366
# Where the day begins earlier than in UTC, a year ahead is a day more.
GRACE = timedelta(days=1)

_HEAD = ("catalogue", "target", "profile", "waiver")
_NEEDED = ("verdict", "requirement", "failure_modes", "observed", "reason", "expires")
_KEYS = (*_NEEDED, "aspect", "link", "sometimes")
_LINK = re.compile(r"https?://\S+")


class WaiverError(Exception):
    """A file of waivers cannot be used; the text names the file, the row, the key and what is valid."""


def load(
    path: Path, *, aspects: Collection[str], today: date | None = None, shown: Path | None = None
) -> Waivers:
    """Read a file of waivers.

    Args:
        path: The file.
        aspects: The names of all aspects.
        today: The day by which they are valid; today in UTC, if nothing is said.
        shown: How a reader is told of the file; as it is read, if nothing is said.

    Raises:
        WaiverError: It is not to be read, or something in it is wrong.
    """
    day = today or today_in_utc()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a BOM
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WaiverError(f"{shown or path}: {getattr(error, 'strerror', None) or error}") from error
    lies, path = path, shown or path
    _check_keys(table, _HEAD, ("catalogue",), str(path))
    version = _text(table, "catalogue", str(path))
    if version not in versions():
        raise WaiverError(f"{path}: catalogue is {version!r}; there are {', '.join(versions())}")
    profile = _text(table, "profile", str(path)) if "profile" in table else ""
    if profile and profile not in PROFILES:
        raise WaiverError(
            f"{path}: profile is {profile!r}, and there is no such one{_hint(profile, PROFILES)}"
        )
    given = table.get("waiver", [])
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise WaiverError(f"{path}: each row begins with [[waiver]]")
    rows: list[Waiver] = []
    for number, row in enumerate(given, start=1):
        rows.append(_Row(path, number, row, version, aspects, day).read())
    _check_apart(rows)
    return Waivers(
        file=path,
        lies=lies,
        catalogue=version,
        rows=tuple(rows),
        today=day,
        target=_text(table, "target", str(path)) if "target" in table else "",
        profile=profile,
    )


def today_in_utc() -> date:
    """Return the day by which waivers are valid: the same for everybody, wherever the run is."""
    return datetime.now(UTC).date()


class _Row:
    """Reads one row."""

    def __init__(
        self,
        path: Path,
        number: int,
        row: Mapping[str, Any],
        version: str,
        aspects: Collection[str],
        today: date,
    ) -> None:
        self._path, self._number, self._row = path, number, row
        self._version, self._aspects, self._today = version, aspects, today
        named = row.get("requirement")
        self._where = f"{path}, row {number}" + (f" ({named})" if isinstance(named, str) and named else "")

    def read(self) -> Waiver:
        row = self._row
        _check_keys(row, _KEYS, _NEEDED, self._where)
        written = self._texts("failure_modes")
        reason = self._text("reason")
        if " ".join(reason.split()).casefold().startswith(GENERATED.casefold()):
            raise WaiverError(
                f"{self._where}: reason is still the one that was generated; say why it may be so"
            )
        link = self._text("link") if "link" in row else ""
        if link and not _LINK.fullmatch(link):
            raise WaiverError(f"{self._where}: link is {link!r}; it begins with http:// or https://")
        return Waiver(
            file=self._path,
            number=self._number,
            verdict=self._one_of("verdict", VERDICTS),
            requirement=self._one_of("requirement", catalogue()),
            aspect=self._one_of("aspect", self._aspects) if "aspect" in row else "",
            failure_modes=written,
            modes=frozenset().union(*map(self._expanded, written)),
            observed=self._texts("observed", alone=True),
            reason=reason,
            expires=self._date(),
            link=link,
            sometimes=self._sometimes(),
        )

    def _sometimes(self) -> bool:
        given = self._row.get("sometimes", False)
        if not isinstance(given, bool):
            raise WaiverError(f"{self._where}: sometimes is {given!r}; it is true or false, without quotes")
        return given

    def _expanded(self, written: str) -> frozenset[str]:
        """Return what one entry stands for in the version of the catalogue that the file names."""
        existing = [name for name in ALL if is_in(since_of_mode(name), self._version)]
        name, dash, course = written.partition("-")
        if ANY not in written:
            if name in existing and (not dash or course in [*Course]):
                return frozenset({written})
            if name not in ALL and _is_schedule(written):
                return frozenset({written})
        valid = [f"{each}-{which}" for each in existing for which in Course] if dash else existing
        found = frozenset(filter(expression(written).fullmatch, valid))
        if not found:
            newer = name in ALL and name not in existing
            raise WaiverError(
                f"{self._where}: failure_modes has {written!r}, and "
                + (
                    f"that is newer than the catalogue {self._version} that the file names"
                    if newer
                    else f"there is no such failure mode in the catalogue {self._version}{_hint(written, valid)}"
                )
            )
        return found

    def _date(self) -> date:
        given = self._row["expires"]
        if not isinstance(given, date) or isinstance(given, datetime):
            raise WaiverError(f"{self._where}: expires is {given!r}; it is a date without quotes, 2027-03-31")
        latest = self._today + timedelta(days=LONGEST)
        if given > latest + GRACE:
            raise WaiverError(
                f"{self._where}: expires is {given}; at most a year ahead is valid, up to {latest} today"
            )
        return given

    def _one_of(self, key: str, valid: Collection[str]) -> str:
        given = self._text(key)
        if given not in valid:
            raise WaiverError(
                f"{self._where}: {key} is {given!r}, and there is no such one{_hint(given, valid)}"
            )
        return given

    def _texts(self, key: str, *, alone: bool = False) -> tuple[str, ...]:
        """Return a list of texts; one alone stands for itself if that is allowed."""
        given = self._row[key]
        if alone and isinstance(given, str):
            given = [given]
        what = "a text, or a list of some" if alone else "a list of one name or pattern, or more"
        if not isinstance(given, list) or not given:
            raise WaiverError(f"{self._where}: {key} is {given!r}; it must be {what}")
        if not all(isinstance(each, str) and each.strip() for each in given):
            raise WaiverError(f"{self._where}: {key} has something else than texts that are not empty")
        if len(set(given)) < len(given):
            raise WaiverError(f"{self._where}: {key} names one twice")
        return tuple(given)

    def _text(self, key: str) -> str:
        return _text(self._row, key, self._where)


def _check_keys(
    table: Mapping[str, Any], valid: Collection[str], needed: Collection[str], where: str
) -> None:
    strange = sorted(table.keys() - set(valid))
    if strange:
        raise WaiverError(f"{where}: {strange[0]} is no key; valid are {', '.join(valid)}")
    missing = [key for key in needed if key not in table]
    if missing:
        raise WaiverError(f"{where}: {missing[0]} is missing; needed are {', '.join(needed)}")


def _check_apart(rows: Collection[Waiver]) -> None:
    """Make sure that no finding is waived by two rows: which of them must fire then?"""
    taken: dict[tuple[str, str], list[tuple[Waiver, str]]] = {}
    for row in rows:
        for name in sorted(row.modes):
            mode, _, course = name.partition("-")
            earlier = taken.setdefault((row.requirement, mode), [])
            for other, its in earlier:
                apart = (row.aspect and other.aspect and row.aspect != other.aspect) or (
                    course and its and course != its
                )
                if not apart and other is not row:
                    raise WaiverError(
                        f"{row.where}: failure_modes has {name}, which row {other.number} waives already; "
                        "observed may be a list of patterns"
                    )
            earlier.append((row, course))


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise WaiverError(f"{where}: {key} must be a text that is not empty")
    return value


def _is_schedule(name: str) -> bool:
    try:
        FaultSequence.parse(name)
    except ValueError:
        return False
    return True


def _hint(name: str, valid: Collection[str]) -> str:
    found = get_close_matches(name, valid, n=3, cutoff=0.5)
    if found:
        return f"; did you mean {' or '.join(found)}?"
    return f"; valid are {', '.join(valid)}" if len(valid) <= 80 else ""
