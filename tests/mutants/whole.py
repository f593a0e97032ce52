"""Stages the whole suite against mutants, as their users would, and keeps what is to be counted.

`pytest --target=mutants.target:NAME` is run as anybody would run it, so whatever it stages a second time, masks or
groups is counted as a reader sees it. Of each run stay the verdicts that are no passes, and the text of the terminal;
the records, a hundred megabytes of them, go.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.evidence.record import Fault

from .mutant import Mutant
from .waves import TESTS

VERDICTS = "verdicts.jsonl"
TERMINAL = "terminal.txt"

_SILENT = ("pass", "not_applicable")
_JUDGED = (0, 1)  # exit statuses of a run that came to its end and says something of the mutant
_BROKE = 3  # that of one in which something broke: the mutant's relay, or our machine
_TAIL = 12  # lines of a terminal that say why nothing came of it


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is left of one run of the whole suite.

    Attributes:
        mutant: The mutant.
        rows: The verdicts that are neither passes nor not applicable, as `report.jsonl` has them.
        terminal: What was to be read.
    """

    mutant: Mutant
    rows: Sequence[dict[str, Any]]
    terminal: str


class NotStaged(Exception):
    """A run did not come to its end; the text is the end of what it printed."""


def stage_all(
    mutants: Iterable[Mutant], folder: Path, jobs: int, options: Sequence[str] = ()
) -> Iterator[tuple[Mutant, Kept | NotStaged]]:
    """Stage everything for each mutant of which the folder has nothing yet; yield what it has, in their order.

    Args:
        mutants: The mutants.
        folder: Where to keep what is to be counted.
        jobs: So many side by side. Each stages hundreds of scenarios.
        options: Further ones of pytest's.
    """

    def staged(mutant: Mutant) -> tuple[Mutant, Kept | NotStaged]:
        try:
            if not (folder / mutant.name / VERDICTS).exists():
                _stage(mutant, folder / mutant.name, options)
            return mutant, read(mutant, folder)
        except NotStaged as broken:
            return mutant, broken

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(staged, mutants)


def profile_of(mutant: Mutant) -> str:
    """Return the profile that a mutant is judged by: the one that catches it."""
    return mutant.caught[0].profile if mutant.caught else "eop"


def read(mutant: Mutant, folder: Path) -> Kept:
    """Return what is kept of a mutant."""
    kept = folder / mutant.name
    rows = [json.loads(line) for line in (kept / VERDICTS).read_text(encoding="utf-8").splitlines()]
    return Kept(mutant=mutant, rows=rows, terminal=(kept / TERMINAL).read_text(encoding="utf-8"))


def _stage(mutant: Mutant, kept: Path, options: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{mutant.name}-") as temporary:
        report = Path(temporary, "report")
        command = [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={temporary}/base"),
            *(f"--target=mutants.target:{mutant.name}", f"--conformance-profile={profile_of(mutant)}"),
            *(f"--conformance-report={report}", *options),
        ]
        done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
        rows = _rows(report / "report.jsonl")
        if not _was_judged(done.returncode, rows):
            raise NotStaged("\n".join((done.stdout + done.stderr).splitlines()[-_TAIL:]))
    kept.mkdir(parents=True, exist_ok=True)
    (kept / TERMINAL).write_text(done.stdout, encoding="utf-8")
    loud = [row for row in rows if row["kind"] == "verdict" and row["verdict"] not in _SILENT]
    fresh = kept / f"{VERDICTS}.new"
    fresh.write_text("".join(json.dumps(row) + "\n" for row in loud), encoding="utf-8")
    fresh.rename(kept / VERDICTS)  # the last step: what is there is complete


def _was_judged(status: int, rows: list[dict[str, Any]]) -> bool:
    """Tell whether a run says something of the mutant: also one whose relay broke, if not from the beginning."""
    if not rows or rows[-1]["kind"] != "footer":
        return False
    ours = any(trouble["fault"] == Fault.HARNESS for trouble in rows[0]["troubles"])
    return status in _JUDGED or (status == _BROKE and not ours and rows[-1]["counts"]["pass"] > 0)


def _rows(report: Path) -> list[dict[str, Any]]:
    if not report.exists():
        return []
    return [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
