"""`python -m foreign`: stages every foreign fault and every innocent oddity, and prints what is caught, and the rate.

The exit status is 0 if the rate is as high as asked for (`--at-least`), no oddity is accused and no requirement is
red on the unchanged relay where it should catch a fault; else 1. What is not caught for lack of a requirement
counts as missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .bench import Bench
from .change import KINDS, Change, Fault
from .faults import find_all
from .outcome import Fate, Outcome, is_good_enough, rate
from .page import page

_AT_LEAST = 90.0  # percent
_SIDE_BY_SIDE = 4  # changes; each is a wave or two, which mostly wait


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m foreign", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="those whose names contain this")
    parser.add_argument("--list", action="store_true", help="list them and stage none")
    parser.add_argument("--page", action="store_true", help="print docs/foreign-faults.md and stage none")
    parser.add_argument("--kind", type=int, action="append", choices=KINDS, help="only those of this kind")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="stage only what a fault names itself, if it names anything: a caught one is, a missed one may not be",
    )
    parser.add_argument("--jobs", type=int, default=_SIDE_BY_SIDE, help="side by side (%(default)s)")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep what was seen here; what is kept is not staged again",
    )
    parser.add_argument(
        "--at-least", type=float, default=_AT_LEAST, metavar="PERCENT", help="the rate (%(default).0f)"
    )
    options = parser.parse_args(arguments)
    chosen = [
        change
        for change in find_all()
        if (not options.names or any(part in change.name for part in options.names))
        and (not options.kind or change.kind in options.kind)
    ]
    if not chosen:
        parser.error("none has such a name; see --list")
    if options.page:
        print(page(find_all()), end="")
        return 0
    if options.list:
        for change in chosen:
            print(f"{change.kind} {change.name:44} {change.summary}")
        return 0
    return _run(chosen, options)


def _run(chosen: Sequence[Change], options: argparse.Namespace) -> int:
    started = time.monotonic()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="foreign-") as temporary:
        bench = Bench(options.keep or Path(temporary), options.quick)
        for outcome in bench.run(chosen, options.jobs):
            outcomes.append(outcome)
            print(outcome, flush=True)
    print("", *summary(outcomes), f"in {time.monotonic() - started:.0f} s", sep="\n")
    return 0 if is_good_enough(outcomes, options.at_least) else 1


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the rate, for each kind and for all, and how the oddities fared."""
    lines = []
    for kind, words in KINDS.items():
        caught, faults = rate(each for each in outcomes if each.change.kind == kind)
        if faults:
            lines.append(f"{kind} {words:36} {caught:3} of {faults}")
    caught, faults = rate(outcomes)
    if faults:
        lines.append(f"caught {caught} of {faults} foreign faults ({caught / faults:.0%})")
        fates = Counter(each.fate for each in outcomes if isinstance(each.change, Fault))
        lines.append(", ".join(f"{fate}: {number}" for fate, number in fates.most_common()))
    oddities = [each for each in outcomes if not isinstance(each.change, Fault)]
    if oddities:
        accused = sum(each.fate is Fate.ACCUSED for each in oddities)
        unseen = sum(each.fate is Fate.NEVER for each in oddities)
        lines.append(f"{len(oddities)} innocent oddities: {accused} accused, {unseen} that never occurred")
    return lines


if __name__ == "__main__":
    sys.exit(main())
