"""Judges the records of a report once more, by the suite that is installed here, and compares all that is certified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.certificate.refusal import Refused, refuse_if
from conformance.certificate.report import Report, Row, read
from conformance.session.afresh import ONLY_SAID, Asked, CannotBeJudged, judge_afresh, with_what_is_only_said

# What of a verdict, of how a requirement stands, and of the end must be the same; of a waiver all of it.
_VERDICT = ("verdict", "requirement", "level", "broken", "because", "waivers")
_STANDING = ("standing", "level", "tests", "because")
_FOOTER = ("selected", "verdicts", "counts", "misfits")


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
    header = with_what_is_only_said(again.header, report.header)
    return replace(again, folder=report.folder, header=header, records=report.records)


def _again(report: Report, folder: Path) -> Report:
    into = folder / "report"
    try:
        judge_afresh([report.folder], into, Asked.by(report.header, report.folder))
    except CannotBeJudged as error:
        raise Refused(f"the records cannot be judged: {error}") from error
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
    for key in sorted({*report.header, *again.header} - ONLY_SAID):
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
