"""Which changes are made: drawn from a seed, among the places that a run reaches."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from conformance import reference

from .executed import Executed
from .places import Change, find_places

_ROOT = Path(reference.__file__).parents[2]
_IMPORT_ALL = """
import importlib, pkgutil, sys
from conformance import reference
reference.__path__.insert(0, sys.argv[1])
for each in pkgutil.iter_modules(reference.__path__[1:]):
    if each.name != "__main__":
        importlib.import_module(f"conformance.reference.{each.name}")
"""
_IMPORTED_WITHIN = 60.0  # seconds


def product_seed() -> str:
    """Return the id of the last commit that changed what is judged, or judges."""
    command = ["git", "log", "-1", "--format=%H", "--", "conformance"]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True).stdout.strip()


def draw(seed: str, executed: Executed) -> Iterator[Change]:
    """Yield changes, each of another place that is run; every place is as likely, and so is each change at it.

    What is run for one scenario more or less changes nothing for the others: each has its own lot.
    """
    run = executed.all()
    places = sorted(find_places(), key=lambda place: _lot(seed, place[0]))
    for place in places:
        if not place[0].runs or any((place[0].file, line) in run for line in place[0].runs):
            yield min(place, key=lambda change: _lot(seed, change))


def write(change: Change, folder: Path) -> None:
    """Put the changed file where the relay finds it."""
    path = folder / change.name / change.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(change.source, encoding="utf-8")


def is_born(change: Change, folder: Path) -> bool:
    """Tell whether the relay with a change, which was written below a folder, can be imported at all."""
    command = [sys.executable, "-c", _IMPORT_ALL, str(folder / change.name)]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_IMPORTED_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _lot(seed: str, change: Change) -> str:
    words = f"{seed} {change.file} {change.operator} {change.occurrence}"
    return sha256(words.encode()).hexdigest()
