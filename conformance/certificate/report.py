"""The report of a run, and whether it is one that may be certified: whole, at its end, and conclusive throughout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance import __version__
from conformance.catalogue.message import Kind
from conformance.catalogue.versions import VersionError, newest
from conformance.certificate import digests
from conformance.certificate.refusal import Refused, listed, refuse_if
from conformance.judging.words import counted
from conformance.session import reported
from conformance.suite import ASPECTS, asked_in

Row = Mapping[str, Any]

NAME = "report.jsonl"


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
        return {_name(each) for each in self.verdicts}

    def verdict_on(self, test: str) -> str:
        """Return the verdict on a test, by its node id or its name; empty: it was not judged."""
        found = (row for name, row in self.verdicts.items() if test in (name, _name(name)))
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
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from error
    rows = [json.loads(line) for line in lines]
    return Report(
        folder=folder,
        header=known.header,
        verdicts={row["node_id"]: row for row in rows if row["kind"] == "verdict"},
        standings=[row for row in rows if row["kind"] == "requirement"],
        waivers=[row for row in rows if row["kind"] == "waiver"],
        footer=rows[-1],
        records=known.records,
    )


def check_version(suite: str) -> None:
    """Go on only if a run is of exactly this suite's version.

    Raises:
        Refused: It is of another one; the text says what to install.
    """
    if suite != __version__:
        raise Refused(
            f"it was judged by version {suite}, and this is {__version__}; install the one that judged it: "
            f"pip install mailflow-conformance=={suite}"
        )


def check_certifiable(report: Report) -> None:
    """Go on only if a run is complete, and everything in it could be judged.

    Raises:
        Refused: It is not.
    """
    reasons = [*_divided(report), *_broken(report), *_partial(report), *_unclear(report)]
    refuse_if(reasons)


def _divided(report: Report) -> Iterator[str]:
    part = report.header.get("shard")
    if part:
        yield (
            f"it is part {part['number']} of {part['count']} of a run, whose parts were judged apart; a certificate is "
            "about one whole run"
        )


def _broken(report: Report) -> Iterator[str]:
    for trouble in report.header["troubles"]:
        yield f"something broke in the run: {trouble['message']}"
    for wave in report.header["waves"]:
        if wave["seconds"] is None:
            yield f"{wave['record']} was cut short: its wave did not come to its end"
    if report.footer["selected"] != len(report.verdicts):
        yield f"{report.footer['selected']} tests were selected, and {len(report.verdicts)} were judged"


def _partial(report: Report) -> Iterator[str]:
    missing = sorted(whole(report.catalogue) - report.tests)
    if missing:
        yield (
            f"the run lacks {counted(len(missing), 'test')} of the suite, and a certificate is about a complete one "
            f"(without -k and --conformance-only): {listed(missing)}"
        )
    wanted = report.header.get("schedules", {}).get("count", 0)
    drawn = Counter(row["aspect"] for row in report.verdicts.values() if row["course"] == "schedule")
    if min((drawn[aspect.name] for aspect in ASPECTS if Kind.SCHEDULE in aspect.kinds), default=0) < wanted:
        yield f"{wanted} fault schedules were drawn, and not all of them were judged"


def _unclear(report: Report) -> Iterator[str]:
    for verdict in ("error", "inconclusive"):
        names = [name for name, row in report.verdicts.items() if row["verdict"] == verdict]
        if names:
            yield (
                f"{counted(len(names), 'verdict')} {verdict}, which proves nothing: "
                f"{listed([_name(each) for each in names])}"
            )
    for waiver in report.waivers:
        yield from waiver["misfits"]
    expected = [_name(name) for name, row in report.verdicts.items() if "xfail" in row]
    if expected:
        yield f"somebody expected failures (xfail), which nobody else can check; waive them: {listed(expected)}"


@cache
def whole(version: str) -> frozenset[str]:
    """Return the names of all tests that a complete run has, fault schedules apart: these are drawn.

    Raises:
        Refused: There is no such version of the catalogue.
    """
    try:
        return frozenset(aspect.test_name(scenario) for aspect, scenario in asked_in(version))
    except VersionError as error:
        raise Refused(str(error)) from error


def _name(nodeid: str) -> str:
    return nodeid.rpartition("::")[2]
