"""`mailflow-conformance matrix REPORT...`: relays side by side, requirement by requirement, on one page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from conformance.across.compare import add_judging, write
from conformance.across.given import reports
from conformance.across.reading import Report, ReportUnfit, Stands, Test
from conformance.catalogue.requirements import catalogue
from conformance.html.render import render
from conformance.report.standing import Standing
from conformance.report.summary import code

_REFUSED = 4

# The letter of each; what is not judged, or not asked of this relay, is no pass.
LETTERS: Mapping[Standing, str] = {
    Standing.PASS: "\N{CHECK MARK}",
    Standing.FAIL: "F",
    Standing.DEVIATION: "D",
    Standing.WAIVED: "w",
    Standing.ERROR: "E",
    Standing.INCONCLUSIVE: "I",
    Standing.NOT_JUDGED: "m",
    Standing.NOT_APPLICABLE: "n",
}
_NOT_ASKED = " "

_LEGEND = (
    "\N{CHECK MARK} passed, **F** failed, **D** deviation from a SHOULD, **w** waived, **E** error, "
    "**I** inconclusive, **m** not judged, since another test is red for it, **n** not applicable, "
    "empty: not asked in that run. Only \N{CHECK MARK} is passed. The others but n lead to what was seen."
)

# What leads to evidence, and how many tests are named of each.
_TOLD = tuple(each for each in LETTERS if each not in (Standing.PASS, Standing.NOT_APPLICABLE))
_FEW = 3


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Write the matrix and return the exit status: 0, or 4 if a report cannot be read or the page not be written."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Puts the reports of any number of runs side by side: requirements by relays.",
        epilog="exit status: 0: the page was written, whatever it says of relays; 2: the command line is wrong; "
        "4: a report cannot be read, says nothing of requirements, or the page cannot be written",
    )
    parser.add_argument(
        "reports",
        nargs="+",
        type=Path,
        metavar="REPORT",
        help="a report or its folder, a record, or a folder of records, which are judged first",
    )
    parser.add_argument(
        "--format", choices=("markdown", "html"), default="markdown", help="default: markdown"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it here")
    add_judging(parser)
    options = parser.parse_args(arguments)
    try:
        with reports(
            options.reports,
            profile=options.profile or "",
            catalogue=options.catalogue or "",
            waivers=options.waivers or "",
            again=options.again,
        ) as found:
            _must_say_how_they_stand(found)
            page = html(found) if options.format == "html" else "\n".join(markdown(found)) + "\n"
    except ReportUnfit as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return _REFUSED
    return 0 if write(options.output, page, parser.prog) else _REFUSED


def _must_say_how_they_stand(found: Sequence[Report]) -> None:
    for report in found:
        if not report.stands:
            raise ReportUnfit(
                f"{report.path}: it has no row of kind requirement; it is of an earlier version: judge its records "
                "again (--again)"
            )


def html(found: Sequence[Report]) -> str:
    """Return the page as one file of HTML."""
    return render(
        "matrix.html",
        reports=found,
        requirements=_requirements(found),
        legend=[standing.value for standing in LETTERS],
        told=_TOLD,
        anchor=anchor,
        evidence=_seen,
    )


def markdown(found: Sequence[Report]) -> Iterator[str]:
    """Yield the lines of the page in Markdown."""
    yield from ("# Relays and requirements", "", _LEGEND, "")
    yield from ("| | relay | profile | lab | catalogue | suite | date |", "|---|---|---|---|---|---|---|")
    for number, report in enumerate(found, 1):
        said = (report.said(key) for key in ("profile", "lab", "catalogue", "suite_version"))
        yield f"| {number} | {code(report.relay)} | {' | '.join(map(code, said))} | {report.date or '-'} |"
    heading = " | ".join(f"{number} {code(report.said('target'))}" for number, report in enumerate(found, 1))
    yield from ("", f"| level | requirement | {heading} |", f"|---|---|{'---|' * len(found)}")
    for name, level in _requirements(found):
        cells = " | ".join(
            _cell(report.stands.get(name), anchor(number, name)) for number, report in enumerate(found, 1)
        )
        yield f"| {level} | {code(name)} | {cells} |"
    for number, report in enumerate(found, 1):
        yield from _evidence(number, report)


def anchor(number: int, requirement: str) -> str:
    """Return the name to link to, for a requirement in one of the reports."""
    return f"r{number}-{''.join(each if each.isalnum() else '-' for each in requirement)}"


def _requirements(found: Sequence[Report]) -> list[tuple[str, str]]:
    """Return all that was asked of one of them, in the order of the catalogue, with how binding it is."""
    levels = {name: stands.level for report in found for name, stands in report.stands.items()}
    order = {name: place for place, name in enumerate(catalogue())}
    return sorted(levels.items(), key=lambda each: (order.get(each[0], len(order)), each[0]))


def _cell(stands: Stands | None, where: str) -> str:
    if stands is None:
        return _NOT_ASKED
    letter = LETTERS[stands.standing]
    return f"[{letter}](#{where})" if stands.standing in _TOLD else letter


def _evidence(number: int, report: Report) -> Iterator[str]:
    """Yield what was seen of a relay, where a requirement is not passed."""
    yield from ("", f"## {number} {code(report.relay)}, profile {code(report.said('profile'))}", "")
    yield f"From {code(report.path.parent.name + '/' + report.path.name)}."
    for name, stands, tests, more in _seen(report):
        counts = ", ".join(f"{many} {word.replace('_', ' ')}" for word, many in stands.tests.items())
        yield ""
        yield f'- <a id="{anchor(number, name)}"></a>**{LETTERS[stands.standing]}** {code(name)} ({counts})'
        for each in tests:
            yield f"    - {code(each.name)}: {code(each.observed)}"
        if more:
            yield f"    - and {more} more"
        if not tests:
            for because in stands.because[:_FEW]:
                yield f"    - see {code(because)}"


def _seen(report: Report) -> Iterator[tuple[str, Stands, Sequence[Test], int]]:
    """Yield each requirement that is not passed, how it stands, some tests that say so, and how many more do."""
    tests: dict[str, list[Test]] = {}
    for test in report.tests.values():
        tests.setdefault(test.requirement, []).append(test)
    for name, stands in report.stands.items():
        if stands.standing in _TOLD:
            shown = [each for each in tests.get(name, ()) if each.standing is stands.standing]
            yield name, stands, shown[:_FEW], max(len(shown) - _FEW, 0)
