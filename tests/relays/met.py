"""Failure modes whose fault a relay has met before: `met/RELAY.txt`, one name a line.

What servers offer and how they are staged may change, and a fault that nobody meets any more is judged by nobody. The
lists were made when no server of the fake world offered an extension. A mode counts as met if anything was judged of
it, since without an attempt that met the fault nothing is (`conformance.judging.judge`).

`python -m relays.met REPORT.jsonl` in the folder tests compares the report of a run with the list of its target.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LISTS = Path(__file__).parent / "met"
_JUDGED = ("pass", "fail", "deviation", "waived")


def met_before(target: str) -> frozenset[str]:
    """Return the failure modes that a relay has met before; none of a relay without a list."""
    path = LISTS / f"{target}.txt"
    return frozenset(path.read_text(encoding="ascii").split()) if path.exists() else frozenset()


def no_longer_met(rows: Iterable[dict[str, Any]], before: frozenset[str]) -> list[str]:
    """Return the failure modes of a list that are in a report, and of which nothing was judged there."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.get("kind") == "verdict":
            seen[row["failure_mode"]].add(row["verdict"])
    return sorted(name for name in before & seen.keys() if not seen[name].intersection(_JUDGED))


def main(report: Path) -> int:
    """Print what is no longer met; return 1 if there is any."""
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    before = met_before(next(row["target"] for row in rows if row.get("kind") == "header"))
    missing = no_longer_met(rows, before)
    for name in missing:
        print(f"wrong: the fault of {name} was met before, and nothing was judged of it")
    print(f"{len(before) - len(missing)} of {len(before)} failure modes that were met before")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
