"""Judges the records of a report once more, by the suite that is installed here, and compares all that is certified."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.certificate.refusal import Refused, refuse_if
from conformance.certificate.report import Report, Row, read
from conformance.session.waiving import NONE

# What of a verdict, of how a requirement stands, and of the end must be the same; of a waiver all of it.
_VERDICT = ("verdict", "requirement", "level", "broken", "because", "waivers")
_STANDING = ("standing", "level", "tests", "because")
_FOOTER = ("selected", "verdicts", "counts", "misfits")
# What a header has from the command line or from the adapter, and no record: only the report can say it.
_OWN = {"target_version", "schedules", "day"}
# Variables by which somebody's habits would reach the pytest that judges.
_HABITS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "GITHUB_STEP_SUMMARY")
# Pytest's: all passed, some failed, and ours for what could not be judged.
_JUDGED = (0, 1, 3)


def judged_again(report: Report) -> Report:
    """Return what a report says by its records: all of it was judged again, but for what no record has.

    Raises:
        Refused: The report says something else, or the records cannot be judged.
    """
    with TemporaryDirectory(prefix="mailflow-") as folder:
        again = _again(report, Path(folder))
    # a waiver may have expired since
    refuse_if([text for waiver in again.waivers for text in waiver["misfits"]])
    refuse_if(list(_differences(report, again)))
    own = {key: report.header[key] for key in _OWN if key in report.header}
    return replace(again, folder=report.folder, header={**again.header, **own}, records=report.records)


def _again(report: Report, folder: Path) -> Report:
    """Judge in a process of its own, in which nothing but this suite takes part: no plugin, no conftest, no setting."""
    settings, into = folder / "pytest.ini", folder / "report"
    settings.write_text("[pytest]\n")
    command = [
        *(sys.executable, "-P", "-m", "pytest", "-q", "--tb=no", "--color=no"),
        *("-p", "mailflow_conformance_pytest", "-p", "no:cacheprovider", "-c", str(settings)),
        f"--rootdir={folder}",
        f"--basetemp={folder / 'temporary'}",
        f"--conformance-replay={report.folder.resolve()}",
        f"--conformance-profile={report.header['profile']}",
        f"--conformance-catalogue={report.catalogue}",
        *(["--conformance-strict"] if report.header["strict"] else []),
        f"--conformance-waivers={report.waiver_file.resolve() if report.waiver_file else NONE}",
        f"--conformance-report={into}",
    ]
    environment = {name: value for name, value in os.environ.items() if name not in _HABITS}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, errors="replace"
    )
    if ended.returncode not in _JUDGED:
        said = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        raise Refused(f"the records cannot be judged: {said[-1] if said else 'pytest said nothing'}")
    for path in report.files[1:]:  # beside a report that was made from records nothing is kept
        (into / path.name).symlink_to(path.resolve())
    return read(into)


def _differences(report: Report, again: Report) -> Iterator[str]:
    yield from _headers(report, again)
    yield from _verdicts(report, again)
    yield from _standings(report, again)
    yield from _waivers(report, again)
    yield from _row("the footer", report.footer, again.footer, _FOOTER)


def _headers(report: Report, again: Report) -> Iterator[str]:
    for key in sorted({*report.header, *again.header} - _OWN):
        said, seen = report.header.get(key), again.header.get(key)
        if said != seen:
            yield f"the report's header has {key} {said!r}, and by its records it is {seen!r}"


def _verdicts(report: Report, again: Report) -> Iterator[str]:
    for name in dict.fromkeys([*report.verdicts, *again.verdicts]):
        said, seen = report.verdicts.get(name), again.verdicts.get(name)
        if said is None or seen is None:
            yield f"{name}: " + (
                "it is not in the report" if said is None else "the records do not tell of it"
            )
        else:
            yield from _row(name, said, seen, _VERDICT)


def _standings(report: Report, again: Report) -> Iterator[str]:
    ours = {row["requirement"]: row for row in again.standings}
    theirs = {row["requirement"]: row for row in report.standings}
    for name in dict.fromkeys([*theirs, *ours]):
        yield from _row(name, theirs.get(name, {}), ours.get(name, {}), _STANDING)


def _waivers(report: Report, again: Report) -> Iterator[str]:
    for number, (said, seen) in enumerate(zip_longest(report.waivers, again.waivers), 1):
        if said is None or seen is None:
            has = "there is none in the report" if said is None else "the file of waivers has no such row"
            yield f"waiver {number}: {has}"
        else:
            yield from _row(f"waiver {number}", said, seen, tuple(dict.fromkeys([*seen, *said])))


def _row(name: str, said: Row, seen: Row, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        if said.get(key) != seen.get(key):
            yield f"{name}: {key} is {said.get(key)!r} in the report, and {seen.get(key)!r} by its records"
            return
