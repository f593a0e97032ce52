"""`mailflow-conformance page`: the page of a report that was written earlier."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.html.page import page
from conformance.html.told import rows_in

# The exit status if there is no page: pytest's for a wrong command line.
_NO_PAGE = 4


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Write the page and return the exit status: 0, or 4 if the report cannot be read or the page not be written."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Writes a report as one file of HTML, as --conformance-html does in a run.",
        epilog="Nothing is judged again: the page says what the report says. For the parts of a run that was divided "
        "`mailflow-conformance merge DIR DIR -- --conformance-html=FILE` makes one page.",
    )
    parser.add_argument(
        "report",
        type=Path,
        metavar="REPORT",
        help="what --conformance-report=DIR wrote: the folder, or its report.jsonl",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="write the page here"
    )
    options = parser.parse_args(arguments)
    try:
        text = page(rows_in(options.report))
    except ValueError as error:
        print(f"{parser.prog}: {options.report}: {error}", file=sys.stderr)
        return _NO_PAGE
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"{parser.prog}: cannot write {options.output}: {error.strerror}", file=sys.stderr)
        return _NO_PAGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
