"""Where views write, how wide it is, and lists of names in it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Protocol

# Wider than this no text is easy to read.
_WIDEST = 120


class Writes(Protocol):
    """What a view needs of a terminal; pytest's reporter is one."""

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line."""

    def write_sep(
        self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool
    ) -> None:
        """Write a line of one character with a title in its middle."""


def width() -> int:
    """Return how many columns a text may have: those of the terminal, up to 120."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


def write_names(reporter: Writes, names: Sequence[str], *, all_names: bool) -> None:
    """Write names, one a line; of many only the first unless all are asked for."""
    shown = names if all_names or len(names) <= 4 else names[:3]
    for name in shown:
        reporter.write_line(f"    {name}")
    if len(shown) < len(names):
        reporter.write_line(f"    ... and {len(names) - len(shown)} more (-v shows all)")
