"""Contrast of every text on its ground, in both schemes: at least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""

from __future__ import annotations

import re

import pytest

from conformance.html.render import environment

STYLE = str(environment().globals["style"])
LEAST = 4.5
# What is drawn, on the ground of its card (success criterion 1.4.11).
DRAWN = ("tick", "fault", "arrived", "returned", "focus")
LEAST_DRAWN = 3.0

# Texts whose ground has another name.
ELSEWHERE = {
    "card-quiet": ("card-ground",),
    "card-link": ("card-ground",),
    "page-quiet": ("page-ground",),
    "page-link": ("page-ground",),
    "code-fault": ("code-ground",),
    "code-well": ("code-ground",),
    "code-told": ("code-ground",),
}


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    )
    return {"light": light, "dark": {**light, **dark}}


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(scheme: str) -> None:
    colours = _schemes()[scheme]
    pairs = [
        (name, ground)
        for name in colours
        for ground in ELSEWHERE.get(
            name, (name.removesuffix("-text") + "-ground",) if name.endswith("-text") else ()
        )
    ]
    assert len(pairs) >= 17
    assert {
        f"{a} on {b}": contrast(colours[a], colours[b])
        for a, b in pairs
        if contrast(colours[a], colours[b]) < LEAST
    } == {}
    assert [name for name in DRAWN if contrast(colours[name], colours["card-ground"]) < LEAST_DRAWN] == []


def test_both_schemes_have_every_colour() -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    light, dark = (set(re.findall(r"--([a-z-]+):", block)) for block in blocks)
    assert light == dark
    used = set(re.findall(r"var\(--([a-z-]+)\)", STYLE))
    assert used == light


def test_the_reckoning_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
