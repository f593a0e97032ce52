"""What somebody may have meant whose words select nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

_MOST = 3
# What may stand in an expression of -k between `and`, `or`, `not` and brackets, as pytest reads it.
_WORD = re.compile(r"[\w:+.\-\[\]\\/]+")
_OPERATORS = ("and", "or", "not")


def near(name: str, valid: Collection[str]) -> list[str]:
    """Return what is like a name, or has it in it: a few at most, the nearest first."""
    return (
        get_close_matches(name, valid, n=_MOST, cutoff=0.5)
        or [each for each in valid if name and name in each][:_MOST]
    )


def why_nothing(expression: str, tests: Sequence[str], names: Collection[str]) -> str:
    """Say why an expression of `-k` selects nothing; empty if it is not to blame, or not to be understood.

    Args:
        expression: As given on the command line.
        tests: What it is looked for in, one text for each test.
        names: The names from which somebody may have meant one.
    """
    words = [word for word in _WORD.findall(expression) if word.lower() not in _OPERATORS]
    unknown = [word for word in dict.fromkeys(words) if not _is_in(word, tests)]
    if not words:
        return ""
    if not unknown:
        return f"-k '{expression}' selects no test, though there are some for each of its words"
    return f"-k '{expression}' selects no test: " + "; ".join(_told(word, names) for word in unknown)


def _is_in(word: str, tests: Iterable[str]) -> bool:
    """Tell whether a word alone would select a test: pytest looks for it anywhere, in capitals or not."""
    return any(word.lower() in test.lower() for test in tests)


def _told(word: str, names: Collection[str]) -> str:
    found = near(word.lower(), names)
    meant = (
        f"did you mean {' or '.join(found)}?" if found else "pytest --co -q with the same target lists all"
    )
    return f"no name has {word!r} in it; {meant}"
