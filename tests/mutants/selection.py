"""Failure modes chosen by what they are declared with, instead of by name.

A relay starts with the file of its mutation, and the declarations would bring half of the suite with them. What is
chosen is looked up when a mutant is judged, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode

# Where the grid names what another file declares, because no server is there to do anything.
_WITHOUT_SERVER = ("connect_timeout", "connection_refused")


@dataclass(frozen=True, eq=False)
class Selection:
    """Names that are looked up late.

    Attributes:
        find: Looks them up.
    """

    find: Callable[[], Iterable[str]]

    def each(self, form: str) -> Selection:
        """Return the same names in a form, such as `{}.expires`."""
        return Selection(lambda: [form.format(name) for name in self.find()])

    def without(self, *others: str | Selection) -> Selection:
        """Return all but some."""
        return Selection(lambda: [name for name in self.find() if name not in names(others)])


Names = tuple[str | Selection, ...]


def names(chosen: Names) -> tuple[str, ...]:
    """Look up what is chosen.

    Raises:
        LookupError: A selection is empty: an expectation without names would be about everything.
    """
    found: list[str] = []
    for each in chosen:
        more = [each] if isinstance(each, str) else list(each.find())
        if not more:
            raise LookupError("nothing has what this selection asks for")
        found += more
    return tuple(found)


def modes(which: Callable[[FailureMode], bool]) -> Selection:
    """Return the failure modes and controls of which something is true."""

    def find() -> list[str]:
        from conformance.catalogue.failure_modes import ALL

        return [name for name, mode in ALL.items() if which(mode)]

    return Selection(find)


def cells(*actions: str, section: str = "", chunks: bool = False) -> Selection:
    """Return the temporary failures in some columns of the grid, of one section or of all.

    The reference relay sends no chunks, so there is nothing to be seen of it at their stages.

    Args:
        *actions: The columns.
        section: The section; empty: any.
        chunks: Whether the stages are those of chunks, or all others.
    """

    def find() -> list[str]:
        from conformance.catalogue.failure_modes import ALL
        from conformance.catalogue.failure_modes.grid import CELLS

        return [
            mode.name
            for mode in (
                ALL[cell.failure_mode]
                for cell in CELLS
                if cell.action in actions and cell.failure_mode and chunks is cell.stage.startswith("bdat")
            )
            if mode.kind == "transient" and mode.name not in _WITHOUT_SERVER and section in ("", mode.section)
        ]

    return Selection(find)
