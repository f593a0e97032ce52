"""Words that several texts share."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 attempt`, `2 attempts`; the plural of the noun is one with an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
