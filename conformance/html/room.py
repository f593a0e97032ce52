"""How much of each timeline a page has room for: all of it where something is wrong, of others what is left.

A page is read on a telephone too, and is attached to a mail. `report.jsonl` has everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Octets of all timelines of a page, as text.
ROOM = 2_400_000

# So many lines of each, if there is room; of what is in order fewer, before anything else is cut.
_LIMITS = (100_000, 1_000, 500, 300, 200, 150, 120, 100, 80, 60, 50, 40, 30, 24, 18, 12, 8)


@dataclass(frozen=True)
class Lines:
    """A timeline as text.

    Attributes:
        lines: Its lines, as they are written.
        grave: Whether something is wrong in its scenario.
    """

    lines: Sequence[str]
    grave: bool


@dataclass(frozen=True)
class Cut:
    """What a page has of a timeline: its beginning, how many lines are left out, and its end."""

    first: Sequence[str]
    left_out: int
    last: Sequence[str]


def fitted(timelines: Sequence[Lines], room: int = ROOM) -> list[Cut]:
    """Return of each timeline what there is room for."""
    for green, red in [
        *((limit, _LIMITS[0]) for limit in _LIMITS),
        *((_LIMITS[-1], limit) for limit in _LIMITS),
    ]:
        cuts = [_cut(each.lines, red if each.grave else green) for each in timelines]
        if sum(_size(cut) for cut in cuts) <= room:
            break
    return cuts


def _cut(lines: Sequence[str], limit: int) -> Cut:
    if len(lines) <= limit:
        return Cut(lines, 0, ())
    # how it began says more than how it ended
    last = limit // 3
    return Cut(lines[: limit - last], len(lines) - limit, lines[-last:])


def _size(cut: Cut) -> int:
    return sum(map(len, cut.first)) + sum(map(len, cut.last)) + len(cut.first) + len(cut.last)
