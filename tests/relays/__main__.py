"""`python -m relays REPORT.jsonl KNOWN.toml` in the folder tests: is the verdict on a real relay the known one?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .check import check
from .known import KnownError, read_known

_MOST_LINES = 100  # a run that went wrong as a whole says the same thing two thousand times


def main(arguments: Sequence[str]) -> int:
    """Print what is new and what was not seen; return 1 if anything is new, undecided or missing, 2 on bad input."""
    parser = argparse.ArgumentParser(prog="python -m relays", description=__doc__)
    parser.add_argument("report", type=Path, help="report.jsonl of the run (--conformance-report)")
    parser.add_argument("known", type=Path, help="the relay's list of known verdicts")
    options = parser.parse_args(arguments)
    try:
        outcome = check(options.report, read_known(options.known))
    except (KnownError, OSError, ValueError) as error:
        print(f"cannot compare {options.report} with {options.known}: {error}", file=sys.stderr)
        return 2
    for line in outcome.hints:
        print(f"hint: {line}")
    for line in outcome.wrong[:_MOST_LINES]:
        print(f"wrong: {line}")
    if len(outcome.wrong) > _MOST_LINES:
        print(f"wrong: ... and {len(outcome.wrong) - _MOST_LINES} more")
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
