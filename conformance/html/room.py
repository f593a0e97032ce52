"""How much of each timeline a page has room for: all of it where something is wrong, of others what is left.

A page is read on a telephone too, and is attached to a mail. `report.jsonl` has everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

# Octets of a page, and of all timelines in it, as text.
MOST = 4_900_000
TEXT = 2_400_000

# So many lines of each, if there is room; of what is in order fewer, before anything else is cut.
_LIMITS = (100_000, 1_000, 500, 300, 200, 150, 120, 100, 80, 60, 50, 40, 30, 24, 18, 12, 8, 4)


@dataclass(frozen=True)
class Lines:
    """A timeline as text.

    Attributes:
        lines: Its lines, as they are written.
        grave: Whether something is wrong in its scenario.
    """

    lines: Sequence[str]
    grave: bool

    @cached_property
    def octets(self) -> list[int]:
        """How many octets each line has, with its end."""
        return [len(line.encode("utf-8")) + 1 for line in self.lines]

    def ends(self, limit: int) -> tuple[int, int]:
        """Return how many lines there are before a cut and after it, if so many may stay."""
        if len(self.lines) <= limit:
            return len(self.lines), 0
        # how it began says more than how it ended
        last = limit // 3
        return limit - last, last


@dataclass(frozen=True)
class Cut:
    """What a page has of a timeline: its beginning, how many lines are left out, and its end."""

    first: Sequence[str]
    left_out: int
    last: Sequence[str]


def fitted(timelines: Sequence[Lines], room: int) -> list[Cut]:
    """Return of each timeline what there is room for, in octets; a few lines of each in any case."""
    whole, least = _LIMITS[0], _LIMITS[-1]
    steps = [*((limit, whole) for limit in _LIMITS), *((least, limit) for limit in _LIMITS)]
    chosen = next(
        (step for step in steps if sum(_size(each, *step) for each in timelines) <= room), (least, least)
    )
    return [_cut(each, *chosen) for each in timelines]


def _size(each: Lines, green: int, red: int) -> int:
    first, last = each.ends(red if each.grave else green)
    return sum(each.octets[:first]) + sum(each.octets[len(each.octets) - last :])


def _cut(each: Lines, green: int, red: int) -> Cut:
    first, last = each.ends(red if each.grave else green)
    end = len(each.lines) - last
    return Cut(each.lines[:first], end - first, each.lines[end:])
