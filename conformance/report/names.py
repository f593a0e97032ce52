"""Lists of names in the terminal, and how wide it is."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest

# Wider than this no text is easy to read.
_WIDEST = 120


def width() -> int:
    """Return how many columns a text may have: those of the terminal, up to 120."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


def write_names(reporter: pytest.TerminalReporter, names: Sequence[str], *, all_names: bool) -> None:
    """Write names, one a line; of many only the first unless all are asked for."""
    shown = names if all_names or len(names) <= 4 else names[:3]
    for name in shown:
        reporter.write_line(f"    {name}")
    if len(shown) < len(names):
        reporter.write_line(f"    ... and {len(names) - len(shown)} more (-v shows all)")
