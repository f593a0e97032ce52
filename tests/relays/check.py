"""Compares the report of a run with the list of what is known of the relay."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .known import VERDICTS, Known, Trouble
from .met import met_before, no_longer_met

_JUDGED = ("pass", *VERDICTS)
_UNDECIDED = ("inconclusive", "error")


@dataclass
class Outcome:
    """What the comparison found.

    Attributes:
        wrong: What must not be, one sentence each; empty if all is as known.
        hints: Listed troubles that did not occur.
        counts: How often each verdict was given, by the report's footer.
        known: How many troubles are listed and occurred.
    """

    wrong: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    known: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in self.counts.items() if number)
        return (
            f"{counts or 'no verdicts'}: {self.known} known, {len(self.wrong)} wrong, "
            f"{len(self.hints)} listed but not seen"
        )


def check(report: Path, known: Known) -> Outcome:
    """Compare a report with a list.

    Raises:
        OSError: The report cannot be read.
        ValueError: It is not one JSON object a line.
    """
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()
    ]
    outcome = Outcome()
    _check_frame(rows, known, outcome)
    seen: set[Trouble] = set()
    for row in rows:
        if row.get("kind") == "verdict":
            _check_verdict(row, known, seen, outcome)
    outcome.wrong += [
        f"the fault of {name} was met before, and nothing was judged of it"
        for name in no_longer_met(rows, met_before(known.target))
    ]
    outcome.known = len(seen & known.why.keys())
    outcome.hints += [f"not seen: {trouble}" for trouble in sorted(known.why.keys() - seen)]
    return outcome


def _check_frame(rows: list[dict[str, Any]], known: Known, outcome: Outcome) -> None:
    """Check that the report is whole, and about the relay and the profile that the list is about."""
    header = next((row for row in rows if row.get("kind") == "header"), {})
    for key, wanted in (("target", known.target), ("profile", known.profile)):
        if header.get(key) != wanted:
            outcome.wrong.append(f"the report's {key} is {header.get(key)!r}, the list's {wanted!r}")
    footer = next((row for row in rows if row.get("kind") == "footer"), None)
    if footer is None:
        outcome.wrong.append("the report has no footer: the run did not come to its end")
    else:
        outcome.counts = footer["counts"]
        if footer["verdicts"] != footer["selected"]:
            outcome.wrong.append(
                f"{footer['verdicts']} verdicts, but {footer['selected']} tests were selected"
            )
    if not any(row.get("kind") == "verdict" and row["verdict"] in _JUDGED for row in rows):
        outcome.wrong.append("nothing was judged")


def _check_verdict(row: dict[str, Any], known: Known, seen: set[Trouble], outcome: Outcome) -> None:
    trouble = Trouble(row["verdict"], row["requirement"], row["aspect"], row["failure_mode"])
    if row["verdict"] in _UNDECIDED:
        outcome.wrong.append(f"{trouble}: {row['observed']}")
    elif row["verdict"] in VERDICTS:
        seen.add(trouble)
        if trouble not in known.why:
            outcome.wrong.append(f"{trouble}: expected {row['expected']}; {row['observed']}")
