"""Reads reply codes and enhanced status codes where they belong: at the beginning of an error text.

A code is never searched for in the text: an address like 127.4.4.1 or a quoted reply of somebody else is
not the relay's own code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

# RFC 5321 section 4.2: three digits, then a space or a hyphen. RFC 3463 section 2: class.subject.detail,
# one to three digits each, no leading zeros.
_LEADING = re.compile(
    r"\s*(?:(?P<code>[2-5][0-9]{2})(?:[ \t-]\s*|$))?"
    r"(?:(?P<status>[245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2}))(?=[\s:;,\[(]|$))?\s*"
)


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What an error text begins with.

    Attributes:
        code: Reply code such as `450`; empty if the text begins with none.
        status: Enhanced status code such as `4.4.316`; empty if there is none at that place.
        rest: The text after the codes.
        elsewhere: What other lines of a reply have where the first has `status`.
    """

    code: str
    status: str
    rest: str
    elsewhere: tuple[str, ...] = ()


def read(text: str, *, code: str = "", status: str = "") -> Codes:
    """Split an error text; `code` and `status` recorded apart from the text win over the text.

    Example::

        read("450 4.4.316 Connection refused [Message=...]").status == "4.4.316"
        read("connect to 127.4.4.1: Connection refused").status == ""
    """
    found = _LEADING.match(text)
    assert found is not None  # every part is optional
    return Codes(
        code=code or found["code"] or "",
        status=status or found["status"] or "",
        rest=text[found.end() :],
    )


def read_reply(code: int, lines: Sequence[str]) -> Codes:
    """Read a reply of a server, by its first line.

    Each line has the same status (RFC 2034 section 4). Where they differ, which of them a client reads it from is its
    own choice; one without a status says no more than the class of the code.
    """
    first, *others = (read(f"{code} {line}") for line in lines)
    if not first.status:
        return first
    elsewhere = (each.status or f"{each.code[:1]}.0.0" for each in others if each.status != first.status)
    return replace(first, elsewhere=tuple(elsewhere))


def can_be_an_error(value: str) -> bool:
    """Tell whether a reply code or an enhanced status code does not say that all is well; none at all does not."""
    return value[:1] not in ("1", "2", "3")


def matches(pattern: str, value: str) -> bool:
    """Tell whether a code fits a pattern: `450`, `4yz`, `4.4.316`, `4.4.*`, `4.*.*`."""
    if "." in pattern:
        wanted, parts = pattern.split("."), value.split(".")
        return len(wanted) == len(parts) and all(w in ("*", p) for w, p in zip(wanted, parts, strict=True))
    if pattern.endswith("yz"):
        return len(value) == 3 and value.isdigit() and value[0] == pattern[0]
    return pattern == value
