"""Drawn timelines, the day of retries, and how much of a timeline a page has."""

from __future__ import annotations

import re

import pytest
from hand_made_run import in_order, telling

from conformance.catalogue.course import Course
from conformance.html.day import days
from conformance.html.drawing import LANES, draw
from conformance.html.page import page
from conformance.html.room import Lines, fitted
from conformance.html.told import Told
from conformance.report.jsonl import rows_of
from conformance.report.took import Took


def _told(run: object) -> Told:
    return Told(rows_of(run, selected=1, status=0, interrupted="", took=Took()))  # type: ignore[arg-type]


def _entry(at: float, layer: str, text: str = "", sign: str = "") -> dict[str, object]:
    return {"at": at, "layer": layer, "text": text, **({"sign": sign} if sign else {})}


def _starts(path: str) -> list[int]:
    return [int(x) for x in re.findall(r"M(-?\d+) ", path)]


def test_what_happened_has_its_lane_and_its_moment() -> None:
    drawn = draw(
        [
            _entry(0.0, "suite", "message accepted"),
            _entry(1.0, "TCP", "#3 connection from"),
            _entry(2.0, "SMTP", "#3 fault played: close", "fault"),
            _entry(3.0, "TCP", "#3 closed by server"),
            _entry(4.0, "queue", "waiting: why", "waits"),
            _entry(5.0, "suite", "destination repaired", "mended"),
            _entry(6.0, "SMTP", "#4 message accepted", "arrived"),
            _entry(8.0, "queue", "not in the queue", "gone"),
            _entry(10.0, "suite", "window closed"),
        ]
    )
    assert drawn is not None
    second = (990 - 64) / 10
    assert _starts(drawn.paths["bar"])[0] == round(64 + second)
    assert re.search(r"h(\d+)", drawn.paths["bar"])[1] == str(round(64 + 3 * second) - round(64 + second))  # type: ignore[index]
    assert _starts(drawn.paths["fault"]) == [round(64 + 2 * second)]
    assert _starts(drawn.paths["wait"]) == [round(64 + 4 * second)]
    assert _starts(drawn.paths["mended"]) == [round(64 + 5 * second)]
    assert [tick.text for tick in drawn.ticks] == ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]
    assert LANES[0] == "DNS"


def test_words_of_the_relay_begin_no_connection() -> None:
    drawn = draw([_entry(0.0, "relay", "#7 connection"), _entry(1.0, "TCP", "1.2.3.4 refuses connections")])
    assert drawn is not None
    assert set(drawn.paths) == {"tick"}


def test_nothing_happened() -> None:
    assert draw([]) is None
    assert draw([_entry(0.0, "suite", "window closed")]) is not None


def test_a_story_is_told_in_signs() -> None:
    [first, *_] = _told(telling("oops")).scenarios
    signs = {entry.get("sign") for entry in first.timeline}
    assert {"fault", "arrived", "mended", "waits"} <= signs


@pytest.mark.parametrize("hours", [24.0, 12.0])
def test_the_day_has_an_attempt_where_it_began(hours: float) -> None:
    run = in_order()
    rows = [*rows_of(run, selected=1, status=0, interrupted="", took=Took())]  # type: ignore[arg-type]
    for row in rows:
        if row["kind"] in ("verdict", "evidence"):
            row["course"] = Course.DAY
        if row["kind"] == "evidence":
            row["scenario"] = "greeting_421.day"
            row["day"] = {"seconds": 12.0, "attempts": [0.0, 0.25, hours]}
    [day] = days(Told(rows).scenarios)
    assert day.path == f"M0 4v16M9 4v16M{round(hours * 36)} 4v16"
    assert (day.first_gap, day.last) == ("15 min", f"{hours:.1f} h")
    assert day.longest_gap == f"{(hours - 0.25) * 60:.0f} min"


def test_what_is_in_order_is_cut_before_what_is_not() -> None:
    green, red = Lines(["x" * 9] * 300, False), Lines(["y" * 9] * 300, True)
    whole = fitted([green, red], 6_000)
    assert [cut.left_out for cut in whole] == [0, 0]
    first, second = fitted([green, red], 4_000)
    assert first.left_out == 200
    assert len(first.first) + len(first.last) == 100
    assert second.left_out == 0
    assert all(cut.left_out for cut in fitted([green, red], 1_000))


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_a_page_of_everything_stays_small(verdict: str) -> None:
    """As many scenarios and verdicts as the suite has, all red or none, with more to tell than any relay had."""
    rows = [*rows_of(in_order(), selected=5, status=0, interrupted="", took=Took())]  # type: ignore[arg-type]
    header = rows[0]
    [evidence] = [row for row in rows if row["kind"] == "evidence"]
    sample = next(row for row in rows if row["kind"] == "verdict")
    entries = [
        {
            "at": at / 10,
            "layer": "SMTP",
            "text": f"#{at // 25} < 250-mx1.some-mode.healed.test says this and that",
        }
        for at in range(200)
    ]
    made = [header]
    for number in range(830):
        name = f"mode_{number}"
        made.append({**evidence, "scenario": f"{name}.healed", "failure_mode": name, "timeline": entries})
        for aspect in range(5):
            node = f"a.py::test_aspect_{aspect}[{name}]"
            about = {"failure_mode": name, "course": "healed", "aspect": f"aspect_{aspect}"}
            made.append({**sample, **about, "node_id": node})
            made[-1]["verdict"] = verdict if aspect == 0 else "pass"
    text = page(made)
    assert len(text.encode()) < 5_000_000
    assert "entries left out" in text
    assert "\0" not in text
