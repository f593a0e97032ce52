"""`mailflow-conformance compare OLD NEW`: what changed from one run to another, for people and for CI."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.across.comparing import compare
from conformance.across.given import reports
from conformance.across.reading import ReportUnfit
from conformance.across.told import html, markdown, text

# The exit status if there is nothing to compare: pytest's for a wrong command line.
_REFUSED = 4

_STATUS = """exit status: 0: no verdict got worse; 1: one did, or a requirement stands worse by a test that
was compared before; 2: the command line is wrong; 3: none is seen to be
worse, but some of what held is not known any more (late, broken, masked, or not there); 4: the two cannot be compared,
or not be read. Tests that are new, or could not be judged before, and are red, are told and do not count
(--count-new lets them)."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Compare two runs and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Says what changed from one run to another, requirement by requirement.",
        epilog=_STATUS,
    )
    kinds = "a report or its folder, a record, or a folder of records, which are judged first"
    parser.add_argument("old", type=Path, metavar="OLD", help=kinds)
    parser.add_argument("new", type=Path, metavar="NEW", help="the same, of the run that came later")
    parser.add_argument(
        "--format", choices=("text", "markdown", "html"), default="text", help="default: text"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it here")
    parser.add_argument(
        "--all",
        action="store_true",
        help="name every test, and not only some of each requirement (html names all)",
    )
    parser.add_argument(
        "--count-new", action="store_true", help="let what is newly known to be red count as worse"
    )
    add_judging(parser)
    options = parser.parse_args(arguments)
    try:
        with reports(
            [options.old, options.new],
            profile=options.profile or "",
            catalogue=options.catalogue or "",
            waivers=options.waivers or "",
            again=options.again,
        ) as (old, new):
            comparison = compare(old, new)
    except ReportUnfit as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return _REFUSED
    if options.format == "html":
        page = html(comparison, count_new=options.count_new)
    else:
        tell = markdown if options.format == "markdown" else text
        lines = tell(comparison, everything=options.all, count_new=options.count_new)
        page = "\n".join(lines) + "\n"
    if not write(options.output, page, parser.prog):
        return _REFUSED
    return comparison.status(count_new=options.count_new)


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how records are judged."""
    parser.add_argument(
        "--again",
        action="store_true",
        help="judge the records beside reports again, by this version of the suite",
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="by which profile records are judged (default: that of the report beside them, else eop)",
    )
    parser.add_argument(
        "--catalogue",
        metavar="VERSION",
        help="for which version of the catalogue they are (default: that of the report, else the newest)",
    )
    parser.add_argument(
        "--waivers",
        metavar="FILE",
        help="with which waivers, or none (default: those beside the report, else none)",
    )


def write(path: Path | None, page: str, prog: str) -> bool:
    """Write a page into a file, or to standard output; return whether it could be written."""
    if path is None:
        sys.stdout.write(page)
        return True
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        print(f"{prog}: cannot write {path}: {error.strerror}", file=sys.stderr)
        return False
    return True
