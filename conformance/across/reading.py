"""One report as views of several runs read it; what cannot be taken for a whole run is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.catalogue.requirements import Level
from conformance.evidence.record import Fault
from conformance.report.failure import at_fault
from conformance.report.jsonl import FORMAT
from conformance.report.standing import Standing
from conformance.report.writing import line_of

# What is wrong, whether or not somebody lets it pass.
RED = (Standing.FAIL, Standing.DEVIATION, Standing.WAIVED)

# What a row of a kind must have; everything else may be missing in a report of an earlier version.
_NEEDED: Mapping[str, Sequence[str]] = {
    "header": ("target", "profile", "suite_version"),
    "verdict": ("node_id", "failure_mode", "aspect", "requirement", "level", "verdict", "observed"),
    "requirement": ("requirement", "level", "standing"),
}


class ReportUnfit(ValueError):
    """A report cannot be used; the text names the file and the reason."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """What is said of one test.

    Attributes:
        node_id: Its node id.
        requirement: The catalogue id that decided.
        level: How binding that is.
        standing: What is said of it.
        observed: What was seen.
        because: The test that is red for what masked it; empty: there is none.
        broken: Every requirement that does not hold in it; None: the report does not say.
    """

    node_id: str
    requirement: str
    level: str
    standing: Standing
    observed: str
    because: str = ""
    broken: Sequence[str] | None = ()

    @property
    def name(self) -> str:
        """The aspect and the failure mode, as a reader knows them: `retried[greeting_421]`."""
        return self.node_id.rpartition("::")[2].removeprefix("test_")


@dataclass(frozen=True, kw_only=True)
class Stands:
    """How one requirement stands in a run.

    Attributes:
        level: How binding it is.
        standing: What is said of it.
        tests: How many tests said what of it, by standing.
        because: The tests that are red for what masked it.
    """

    level: str
    standing: Standing
    tests: Mapping[str, int]
    because: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of a whole run.

    Attributes:
        path: The file.
        header: Its first row.
        tests: What is said of each test, by node id.
        stands: How each requirement stands, by its id; none in a report that is too old to say so.
    """

    path: Path
    header: Mapping[str, Any]
    tests: Mapping[str, Test]
    stands: Mapping[str, Stands]

    def said(self, key: str) -> str:
        """Return what the header says of something; `-`: nothing."""
        value = self.header.get(key)
        return "-" if value is None else line_of(value if isinstance(value, str) else json.dumps(value))

    @cached_property
    def relay(self) -> str:
        """The relay, with its version if that is known."""
        version = self.header.get("target_version")
        return self.said("target") + (f" {line_of(str(version))}" if version else "")

    @property
    def date(self) -> str:
        """The day on which the run began."""
        return self.said("started")[:10]


def read(path: Path) -> Report:
    """Read a report.

    Args:
        path: The file, or its folder.

    Raises:
        ReportUnfit: There is none, it is no report of this suite or of a later one, or not of a whole run.
    """
    file = path / "report.jsonl" if path.is_dir() else path
    rows = _rows(file)
    header = rows[0]
    if header["kind"] != "header":
        raise ReportUnfit(
            f"{file}: its first line is no header; it is no report of this suite, or it was cut"
        )
    number = header.get("format", FORMAT)
    if not isinstance(number, int) or number > FORMAT:
        raise ReportUnfit(
            f"{file}: format is {line_of(str(number))}, and this version of the suite knows formats up to {FORMAT}; "
            "install a later one"
        )
    if rows[-1]["kind"] != "footer":
        raise ReportUnfit(f"{file}: the run that wrote it did not come to its end; run it again")
    if shard := header.get("shard"):
        raise ReportUnfit(
            f"{file}: shard is {shard.get('number')} of {shard.get('count')}: it is a part of a run; "
            "`mailflow-conformance merge` puts the parts together"
        )
    return Report(
        path=file,
        header=header,
        tests={row["node_id"]: _test(row, file) for row in rows if row["kind"] == "verdict"},
        stands={row["requirement"]: _stands(row, file) for row in rows if row["kind"] == "requirement"},
    )


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportUnfit(f"{file}: {error.strerror}; --conformance-report=DIR writes one") from error
    except UnicodeDecodeError as error:
        raise ReportUnfit(f"{file}: it is no text in UTF-8, so it is no report of this suite") from error
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line and number == text.count("\n") + 1:
            break
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ReportUnfit(
                f"{file}, line {number}: it is no JSON; the report was cut, or edited"
            ) from error
        kind = row.get("kind") if isinstance(row, dict) else None
        if not isinstance(kind, str):
            raise ReportUnfit(f"{file}, line {number}: it has no kind; it is no report of this suite")
        for key in _NEEDED.get(kind, ()):
            if not isinstance(row.get(key), str):
                raise ReportUnfit(f"{file}, line {number}: {key} is missing, or no text")
        rows.append(row)
    if not rows:
        raise ReportUnfit(f"{file}: it is empty")
    return rows


def _test(row: Mapping[str, Any], file: Path) -> Test:
    because = row.get("because") or ""
    standing = _standing(row, because, file)
    return Test(
        node_id=line_of(row["node_id"]),
        requirement=line_of(row["requirement"]),
        level=line_of(row["level"]),
        standing=standing,
        observed=line_of(row["observed"]),
        because=line_of(str(because)),
        broken=_broken(row, standing, file),
    )


def _broken(row: Mapping[str, Any], standing: Standing, file: Path) -> Sequence[str] | None:
    if "broken" not in row:  # of what is red a report of an earlier version says no more than what decided
        return None if standing in RED else ()
    if not isinstance(row["broken"], list):
        raise ReportUnfit(f"{file}: broken in {line_of(row['node_id'])} is no list")
    return [line_of(str(each)) for each in row["broken"]]


def _standing(row: Mapping[str, Any], because: str, file: Path) -> Standing:
    """Return what a test says: what broke by the relay's fault is a failure of the relay's.

    One that was compared, and found what another test is red for, is as red as that one (`report/standing.py`).
    """
    verdict = row["verdict"]
    if verdict == "not_applicable" and because:
        if not row.get("broken"):
            return Standing.NOT_JUDGED
        return Standing.FAIL if row["level"] == Level.MUST else Standing.DEVIATION
    if verdict == "error" and row["observed"].startswith(at_fault(Fault.TARGET)):
        return Standing.FAIL
    return _known(verdict, "verdict", file)


def _stands(row: Mapping[str, Any], file: Path) -> Stands:
    tests = row.get("tests", {})
    if not isinstance(tests, dict) or not all(isinstance(number, int) for number in tests.values()):
        raise ReportUnfit(f"{file}: tests of the requirement {line_of(row['requirement'])} are no numbers")
    return Stands(
        level=line_of(row["level"]),
        standing=_known(row["standing"], "standing", file),
        tests=tests,
        because=[line_of(str(each)) for each in row.get("because", ())],
    )


def _known(word: str, key: str, file: Path) -> Standing:
    try:
        return Standing(word)
    except ValueError as error:
        raise ReportUnfit(f"{file}: {key} is {line_of(word)!r}; there are {', '.join(Standing)}") from error
