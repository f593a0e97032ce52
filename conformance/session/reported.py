"""Folders with reports, each of a whole run or of a part of one, to be judged again from the records beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.catalogue.course import Course
from conformance.evidence.record import Record, load
from conformance.schedules.sequence import FaultSequence

# What the parts of one run have in common, as the header of a report names it, and how it is called.
_COMMON = {
    "suite_version": "suite version",
    "target": "target",
    "target_module": "adapter",
    "target_version": "target version",
    "capabilities": "capabilities",
    "profile": "profile",
    "catalogue": "catalogue",
    "catalogue_digest": "catalogue digest",
    "strict": "--conformance-strict",
    "lab": "lab",
    "day": "--conformance-day",
    "schedules": "fault schedules",
}

# What reading something else than a report comes to.
_NO_REPORT = (
    IndexError,
    KeyError,
    TypeError,
    RecursionError,
    UnicodeDecodeError,
    json.JSONDecodeError,
)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One folder with a report of a run that came to its end.

    Attributes:
        folder: The folder.
        header: The first row of its report.
        modes: The failure mode of each test that was judged, by node id.
        records: Its records, in the order in which they were staged.
        rows: All rows of its report.
    """

    folder: Path
    header: Mapping[str, Any]
    modes: Mapping[str, str]
    records: Sequence[Path]
    rows: Sequence[Mapping[str, Any]]

    @property
    def part(self) -> tuple[int, int] | None:
        """Which part of how many it is; None: it is whole."""
        shard = self.header.get("shard")
        return (shard["number"], shard["count"]) if shard else None


def read(folder: Path) -> Reported:
    """Read a report.

    Raises:
        ValueError: There is none, or it is not complete; the text names the file.
    """
    path = folder / "report.jsonl"
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        header, verdicts, last = rows[0], [row for row in rows if row["kind"] == "verdict"], rows[-1]
        if header["kind"] != "header" or last["kind"] != "footer":
            raise ValueError(f"{path}: the run that wrote it did not come to its end; run that part again")
        records = [folder / wave["record"] for wave in header["waves"]]
        modes = {row["node_id"]: row["failure_mode"] for row in verdicts}
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; --conformance-report=DIR writes one") from error
    except _NO_REPORT as error:
        raise ValueError(f"{path}: it is no report of this suite, or it was cut") from error
    missing = [record for record in records if not record.exists()]
    if missing:
        raise ValueError(f"{missing[0]}: it is not there; the records belong to the report beside them")
    return Reported(folder=folder, header=header, modes=modes, records=records, rows=rows)


def together(folders: Iterable[Path]) -> list[Reported]:
    """Read the parts of one run, or one whole run, and return the parts in their order.

    Raises:
        ValueError: They do not belong together, or one is missing; the text says what differs.
    """
    found = [read(folder) for folder in folders]
    if not found:
        raise ValueError("no folder is named")
    first = found[0]
    for other in found[1:]:
        for key, name in _COMMON.items():
            ours, theirs = first.header.get(key), other.header.get(key)
            if ours != theirs:
                raise ValueError(
                    f"{first.folder} and {other.folder} are of different runs: {name} {_text(ours)} and {_text(theirs)}"
                )
    whole = [each for each in found if each.part is None]
    if whole and len(found) > 1:
        raise ValueError(
            f"{whole[0].folder} has a run that was not divided (--conformance-shard=K/N divides one)"
        )
    if whole:
        return found
    _check_complete(found)
    return sorted(found, key=lambda each: each.part or (0, 0))


def _check_complete(parts: Sequence[Reported]) -> None:
    of: dict[int, Path] = {}
    count = parts[0].header["shard"]["count"]
    for each in parts:
        number, its = each.part or (0, 0)
        if its != count or each.header["shard"]["tests"] != parts[0].header["shard"]["tests"]:
            raise ValueError(
                f"{parts[0].folder} and {each.folder} are of different runs: "
                f"{_part(parts[0])} and {_part(each)}; every part needs the same options"
            )
        if number in of:
            raise ValueError(f"{of[number]} and {each.folder} are the same part, {number}/{count}")
        of[number] = each.folder
    missing = [f"{number}/{count}" for number in range(1, count + 1) if number not in of]
    if missing:
        raise ValueError(f"of {count} parts there is no {', '.join(missing)}")


def _part(each: Reported) -> str:
    shard = each.header["shard"]
    return f"part {shard['number']}/{shard['count']} of {shard['tests']} tests"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Parts of a run, or a whole one, that are judged again.

    Attributes:
        tests: The node ids that were judged.
        records: All records, part by part.
        paths: Their files.
        of_mode: The records of the part that a failure mode was judged in, by its name. A control is staged in every
            part that relies on it, and judged in one.
        asked: What all of them were asked for that no record tells, as their headers have it.
        schedules: The fault schedules that were judged, those too that nobody could stage.
    """

    tests: frozenset[str]
    records: Sequence[Record]
    paths: Sequence[Path]
    of_mode: Mapping[str, Sequence[Record]]
    asked: Mapping[str, object]
    schedules: Sequence[FaultSequence]


def loaded(reports: Sequence[Reported]) -> Parts:
    """Load the records of parts.

    Raises:
        RecordError: One cannot be read.
        ValueError: One has a fault schedule that is none; the text names the file.
    """
    records: list[Record] = []
    paths: list[Path] = []
    of_mode: dict[str, Sequence[Record]] = {}
    tests: set[str] = set()
    for report in reports:
        own = [load(path) for path in report.records]
        records += own
        paths += report.records
        of_mode |= dict.fromkeys(report.modes.values(), own)
        tests |= report.modes.keys()
    asked = {key: reports[0].header[key] for key in ("schedules", "day") if key in reports[0].header}
    schedules = dict.fromkeys(each for report in reports for each in _schedules(report))
    return Parts(
        tests=frozenset(tests),
        records=records,
        paths=paths,
        of_mode=of_mode,
        asked=asked,
        schedules=list(schedules),
    )


def _schedules(report: Reported) -> Iterator[FaultSequence]:
    for row in report.rows:
        if row["kind"] == "verdict" and row.get("course") == Course.SCHEDULE:
            try:
                yield FaultSequence.parse(row["failure_mode"])
            except ValueError as error:
                raise ValueError(f"{report.folder / 'report.jsonl'}: {error}") from error
