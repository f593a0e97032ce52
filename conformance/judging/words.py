"""Words that several texts share."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 attempt`, `2 attempts`; the plural has an s, unless it is given."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
