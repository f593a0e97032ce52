"""The report of a run, with the files that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.catalogue.versions import newest
from conformance.certificate import digests
from conformance.certificate.refusal import Refused, refuse_if
from conformance.session import reported

Row = Mapping[str, Any]

NAME = "report.jsonl"

# What a row of each kind must have, by which a run is certified; every version that could be certified wrote it.
_NEEDED: Mapping[str, Mapping[str, type]] = {
    "header": {
        **dict.fromkeys(
            ("suite_version", "target", "target_module", "profile", "lab", "platform", "started"), str
        ),
        "strict": bool,
        "capabilities": list,
        "troubles": list,
        "waves": list,
    },
    "verdict": dict.fromkeys(("node_id", "failure_mode", "course", "aspect", "verdict"), str),
    "requirement": {"requirement": str, "standing": str, "because": list},
    "waiver": {**dict.fromkeys(("requirement", "verdict", "reason", "expires"), str), "misfits": list},
    "footer": {"selected": int, "counts": dict},
}
# What it may have, and then is so.
_OPTIONAL: Mapping[str, Mapping[str, type]] = {
    "header": dict.fromkeys(("schedules", "waivers", "shard"), dict),
    "verdict": {"broken": list},
    "schedules": {"depth": int},
}
# The same of what a header has in it, where it has it: by the key, of each thing in a list.
_WITHIN: Mapping[str, Mapping[str, type]] = {
    "troubles": {"message": str},
    "waves": {"record": str, "seconds": object},
    "schedules": {"count": int, "seed": int},
    "waivers": {"file": str},
    "shard": {"number": int, "count": int},
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report, row by row.

    Attributes:
        folder: Where it lies, with its records.
        header: Its first row.
        verdicts: What is said of each test, by node id; of one that was run twice what was said last.
        standings: How each requirement stands.
        waivers: The waivers that the run had.
        footer: Its last row.
        records: The files of its records.
    """

    folder: Path
    header: Row
    verdicts: Mapping[str, Row]
    standings: Sequence[Row]
    waivers: Sequence[Row]
    footer: Row
    records: Sequence[Path]

    @property
    def waiver_file(self) -> Path | None:
        """The file of waivers that the run had, as it was kept beside the report; None: it had none."""
        known = self.header.get("waivers")
        return self.folder / known["file"] if known else None

    @property
    def files(self) -> list[Path]:
        """The report, its records, and its waivers if it had any."""
        return [self.folder / NAME, *self.records, *([self.waiver_file] if self.waiver_file else [])]

    @property
    def catalogue(self) -> str:
        """The version of the catalogue that was asked; of a report that does not say, the newest."""
        return str(self.header.get("catalogue", newest()))

    @property
    def tests(self) -> set[str]:
        """The names of all tests that were judged."""
        return {name_of(each) for each in self.verdicts}

    def verdict_on(self, test: str) -> str:
        """Return the verdict on a test, by its node id or its name; empty: it was not judged."""
        found = (row for name, row in self.verdicts.items() if test in (name, name_of(name)))
        return str(next(found, {}).get("verdict", ""))

    def subjects(self) -> dict[str, str]:
        """Return the digest of each of its files, by name.

        Raises:
            Refused: One cannot be read.
        """
        found = {}
        for path in self.files:
            try:
                found[path.name] = digests.of_file(path)
            except OSError as error:
                raise Refused(f"{path.name}: {error.strerror}") from error
        return found


def read(folder: Path) -> Report:
    """Read the report in a folder.

    Raises:
        Refused: There is none that is complete.
    """
    try:
        known = reported.read(folder)
    except ValueError as error:
        raise Refused(str(error)) from error
    rows = known.rows
    refuse_if([f"{folder / NAME}, {text}" for text in _missing(rows)])
    report = Report(
        folder=folder,
        header=known.header,
        verdicts={row["node_id"]: row for row in rows if row["kind"] == "verdict"},
        standings=[row for row in rows if row["kind"] == "requirement"],
        waivers=[row for row in rows if row["kind"] == "waiver"],
        footer=rows[-1],
        records=known.records,
    )
    refuse_if(
        [f"{path}: it lies elsewhere than the report" for path in report.files if path.parent != folder]
    )
    return report


def _missing(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what is missing in a report, or is something else than it has to be, with its line."""
    for number, row in enumerate(rows, 1):
        for text in _wrong(row, row["kind"]):
            yield f"line {number}: {text}"
    for key in _WITHIN:
        found = rows[0].get(key) or []
        for each in found if isinstance(found, list) else [found]:
            for text in _wrong(each, key) if isinstance(each, dict) else [f"is {each!r}"]:
                yield f"line 1: {key}: {text}"


def _wrong(row: Row, kind: str) -> Iterator[str]:
    needed, may = _NEEDED.get(kind) or _WITHIN.get(kind, {}), _OPTIONAL.get(kind, {})
    for key, type_ in {**may, **needed}.items():
        if key not in row and key in needed:
            yield f"{key} is missing; it is of another version, or was edited"
        elif key in row and not isinstance(row[key], type_):
            yield f"{key} is not what it has to be; it is of another version, or was edited"


def name_of(nodeid: str) -> str:
    """Return the name of a test without its file."""
    return nodeid.rpartition("::")[2]
