"""A scenario drawn: lanes from DNS to the report, on one axis of seconds, as paths of SVG.

Lanes and their names are the same in all drawings, so they are drawn once in a page (`#lanes`). Everything of one look
is one path: a drawing is some hundred octets, and a page may have a thousand of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Units of a drawing: its width, where time begins and ends in it, the height of a lane, and where the first one lies.
WIDTH, _LEFT, _RIGHT = 1000, 64, 990
_LANE, _TOP = 20, 14
LANES = ("DNS", "TCP", "TLS", "SMTP", "relay", "queue", "NDR")
_BOTTOM = _TOP + _LANE * (len(LANES) - 1) + 12
HEIGHT = _BOTTOM + 20

# Steps of an axis, in seconds, and at most so many of them.
_STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
_MOST = 9

_LANE_OF = {**{name: number for number, name in enumerate(LANES)}, "notice": LANES.index("NDR")}
_WIRE = ("TCP", "TLS", "SMTP")
# Ours in front of what happened on a connection; on these lanes nothing from outside stands before it.
_CONNECTION = re.compile(r"#(\d+) ")

# What lasts is a bar, what is worth a look has a sign of its own.
_SHAPES = {
    "fault": "M{x} {y}m0-7l6 7-6 7-6-7z",
    "arrived": "M{x} {y}m-6-6h12l-6 12z",
    "returned": "M{x} {y}m-7-5h14v10h-14z",
}


@dataclass(frozen=True)
class Tick:
    """One stroke of the axis: where it is, in units, and what stands at it."""

    x: int
    text: str


@dataclass(frozen=True)
class Drawing:
    """One scenario.

    Attributes:
        paths: The paths, by their looks.
        ticks: The axis.
    """

    paths: Mapping[str, str]
    ticks: tuple[Tick, ...]


def lane_names() -> list[tuple[str, int]]:
    """Return the names of the lanes and where they lie."""
    return [(name, _TOP + _LANE * number) for name, number in _LANE_OF.items() if name in LANES]


def draw(timeline: Iterable[Mapping[str, Any]]) -> Drawing | None:
    """Draw what happened; None: nothing did."""
    entries = list(timeline)
    if not entries:
        return None
    begin, end = min(0.0, float(entries[0]["at"])), max(float(entries[-1]["at"]), 0.1)
    scale = (_RIGHT - _LEFT) / (end - begin)

    def x_of(at: float) -> int:
        return round(_LEFT + (at - begin) * scale)

    marks: dict[str, dict[str, None]] = {}

    def mark(look: str, path: str) -> None:
        marks.setdefault(look, {})[path] = None

    for since, until in _connections(entries):
        mark("bar", _bar(x_of(since), x_of(until), LANES.index("TCP")))
    for since, until in _waits(entries, end):
        mark("wait", _bar(x_of(since), x_of(until), LANES.index("queue")))
    for entry in entries:
        x, layer, sign = x_of(entry["at"]), entry["layer"], entry.get("sign")
        lane = _LANE_OF.get(layer)
        if sign in _SHAPES:
            mark(sign, _SHAPES[sign].format(x=x, y=_TOP + _LANE * (lane or 0)))
        elif sign == "mended":
            mark("mended", f"M{x} 4V{_BOTTOM}")
        elif lane is None:
            # of what is ours only moments of the scenario, nothing that is told of one connection
            if not entry["text"].startswith("#"):
                mark("ours", f"M{x} {_BOTTOM - 5}v5")
        elif not _is_in_a_bar(entry):
            mark("tick", f"M{x} {_TOP + _LANE * lane - 5}v10")
    return Drawing(
        paths={look: "".join(found) for look, found in marks.items()},
        ticks=tuple(Tick(x_of(at), text) for at, text in _axis(begin, end)),
    )


def _is_in_a_bar(entry: Mapping[str, Any]) -> bool:
    layer = entry["layer"]
    return layer == "queue" or (layer == "TCP" and _CONNECTION.match(entry["text"]) is not None)


def _bar(begin: int, end: int, lane: int) -> str:
    return f"M{begin} {_TOP + _LANE * lane}h{max(end - begin, 2)}"


def _connections(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, float]]:
    """Yield from when to when something is known of each connection."""
    known: dict[str, tuple[float, float]] = {}
    for entry in entries:
        found = _CONNECTION.match(entry["text"]) if entry["layer"] in _WIRE else None
        if found:
            known[found[1]] = (known.get(found[1], (entry["at"], 0.0))[0], entry["at"])
    yield from known.values()


def _waits(entries: Iterable[Mapping[str, Any]], end: float) -> Iterator[tuple[float, float]]:
    """Yield from when to when the message was seen in the queue."""
    since: float | None = None
    for entry in entries:
        if entry.get("sign") == "waits" and since is None:
            since = entry["at"]
        elif entry.get("sign") == "gone" and since is not None:
            yield since, entry["at"]
            since = None
    if since is not None:
        yield since, end


def _axis(begin: float, end: float) -> Iterator[tuple[float, str]]:
    """Yield the strokes of an axis, in seconds, and what stands at them."""
    step = next((each for each in _STEPS if (end - begin) / each <= _MOST), end - begin)
    for number in range(math.ceil(begin / step), math.floor(end / step) + 1):
        at = number * step
        yield at, f"{at:g} s"
