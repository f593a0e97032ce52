"""Where views write, how wide it is, and lists of names in it.

All that comes from outside (a server, the relay, its log, its adapter) is spelled out here on its way to a reader: what
our own views write by `Clean`, what pytest and its plugins show of ours by `line_of` and `lines_of`, and rows of data
by `cleaned`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fake_servers.printable import printable as line_of
from fake_servers.printable import printable_lines as lines_of

__all__ = ["Clean", "Writes", "cleaned", "line_of", "lines_of", "width", "write_lines", "write_names"]

# Wider than this no text is easy to read.
_WIDEST = 120

# What of a row has lines of its own.
_OF_LINES = ("log",)


class Writes(Protocol):
    """What a view needs of a terminal; pytest's reporter is one."""

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line."""

    def write_sep(
        self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool
    ) -> None:
        """Write a line of one character with a title in its middle."""


class Clean:
    """A writer to which anything may be given: a line stays one line, and nothing in it does anything to a terminal."""

    def __init__(self, writer: Writes) -> None:
        self._writer = writer

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line."""
        self._writer.write_line(line_of(line), **markup)

    def write_sep(
        self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool
    ) -> None:
        """Write a line of one character with a title in its middle."""
        self._writer.write_sep(sep, None if title is None else line_of(title), fullwidth, **markup)


def cleaned(value: Any, name: str = "") -> Any:
    """Return a row of data, of whatever depth, with every text in it spelled out; a log keeps its lines."""
    if isinstance(value, str):
        return lines_of(value) if name in _OF_LINES else line_of(value)
    if isinstance(value, Mapping):
        return {key: cleaned(each, key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each, name) for each in value]
    return value


def write_lines(reporter: Writes, text: str) -> None:
    """Write a text of several lines, such as somebody's message: all but the first are set back, so none looks ours."""
    first, *others = lines_of(text).split("\n")
    reporter.write_line(first)
    for line in others:
        reporter.write_line(f"    {line}")


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
