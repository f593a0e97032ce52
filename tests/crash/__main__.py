"""`python -m crash` in the folder tests, or `nox -s crash`: a long storm, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.targets.resolve import resolve

from .storm import Storm


def main(arguments: Sequence[str]) -> int:
    """Run a storm and print a summary; return 1 if anything was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what the moments are drawn from (default: 1)")
    parser.add_argument("--kills", type=int, default=200, help="how many times to kill (default: 200)")
    parser.add_argument("--mutant", default="", help="this mutant instead of the reference relay")
    options = parser.parse_args(arguments)
    target = resolve(f"mutants.target:{options.mutant}" if options.mutant else "reference")
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        storm = Storm(options.seed, Path(folder), target)
        outcome = asyncio.run(storm.run(options.kills))
    for how, times in sorted(outcome.kills.items()):
        print(f"  {how:18} {times:4}")
    for line in outcome.balance.wrong:
        print(f"wrong: {line}")
    print(outcome)
    return 1 if outcome.balance.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
