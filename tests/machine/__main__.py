"""`python -m machine`: makes small changes to the reference relay, one at a time, and prints who notices.

The exit status is 0 if enough of them are killed (`--at-least`), of those that are neither equivalent nor words only
nor out of scope, and no more than a fifth of all are said to be equivalent; else 1.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .bench import Bench
from .draw import draw, product_seed
from .executed import find_executed
from .outcome import Fate, is_valid, rate, summary
from .sentences import read
from .target import FOLDER

_AT_LEAST = 90.0  # percent
_NUMBER = 150
_SEARCHED = 2  # times the number: some of those that are drawn do not start
_SIDE_BY_SIDE = 4  # changes; each is a wave or two, which mostly wait


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m machine", description=__doc__)
    parser.add_argument(
        "--seed", help="which decides of the changes (the last commit that changed conformance/)"
    )
    parser.add_argument("--number", type=int, default=_NUMBER, help="of changes (%(default)s)")
    parser.add_argument("--list", action="store_true", help="list them and stage none")
    parser.add_argument("--jobs", type=int, default=_SIDE_BY_SIDE, help="side by side (%(default)s)")
    parser.add_argument(
        "--most",
        type=int,
        default=0,
        metavar="N",
        help="stage at most N scenarios of each; 0: all that could see it",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep what was seen here; what is kept is not staged again",
    )
    parser.add_argument(
        "--at-least", type=float, default=_AT_LEAST, metavar="PERCENT", help="the rate (%(default).0f)"
    )
    parser.add_argument(
        "--only", metavar="TEXT", help="of the changes those whose line, as --list has it, has this"
    )
    parser.add_argument(
        "--scenario", action="append", metavar="ID", help="stage this one and no other; may be repeated"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="machine-") as temporary:
        return _run(options, (options.keep or Path(temporary)).resolve())


def _run(options: argparse.Namespace, folder: Path) -> int:
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[FOLDER] = str(folder / "files")
    seed = options.seed or product_seed()
    executed = find_executed(folder)
    print(f"seed {seed}, {options.number} changes", flush=True)
    changes = draw(seed, executed)
    if options.only:
        some = itertools.islice(changes, _SEARCHED * options.number)
        changes = (change for change in some if options.only in str(change))
    if options.list:
        for change, _ in zip(changes, range(options.number), strict=False):
            print(change)
        return 0
    outcomes = []
    bench = Bench(folder, executed, read(), options.most, named=tuple(options.scenario or ()))
    for outcome in bench.run(changes, options.number, options.jobs):
        print(outcome, flush=True)
        if outcome.fate is not Fate.UNBORN:
            outcomes.append(outcome)
    killed, all_ = rate(outcomes)
    print("", *summary(outcomes), f"in {time.monotonic() - started:.0f} s", sep="\n")
    return 0 if is_valid(outcomes) and 100 * killed >= options.at_least * all_ else 1


if __name__ == "__main__":
    sys.exit(main())
