"""The page that says what becomes of what is broken: `docs/broken-adapters.md`. Run as a program it is written anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from broken_cases import SECTIONS
from hostile_cases import HOSTILE

PAGE = Path(__file__).parents[2] / "docs" / "broken-adapters.md"

_HEAD = """\
# What becomes of a broken adapter, and of a hostile relay

Whatever is brought, a run ends by itself, says once and first whose fault it was, and leaves nothing behind. This page
is made from the tests that show so (`tests/plugin/broken_cases.py`), each with a class of its own in `tests/plugin/`.
Most runs take a few seconds; where one of our own limits must pass first it is longer. Which call may take how long
stands in [adapters.md](adapters.md#where-your-code-runs-and-for-how-long).
"""


def page() -> str:
    """Return the page as it must be."""
    return "\n".join([_HEAD, *_lines()])


def _lines() -> Iterator[str]:
    for heading, cases in SECTIONS.items():
        yield f"## {heading}"
        yield ""
        yield "| what is done | at fault | exit status | about |"
        yield "|---|---|---|---|"
        for case in cases:
            yield f"| {case.does} | {case.fault} | {case.status} | {case.seconds} s |"
        yield ""
    yield "## Hostile relays"
    yield ""
    yield "Each delivers mail as it should, and beside that does this:"
    yield ""
    yield "| what is done | at fault | exit status | about |"
    yield "|---|---|---|---|"
    for hostile in HOSTILE:
        for act in hostile.acts:
            yield f"| {act} | {hostile.fault} | {hostile.status} | {hostile.seconds} s |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
