"""When two addresses are the same although they are written otherwise (RFC 5321 sections 2.4 and 4.1.2)."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ESCAPED = re.compile(r"\\(.)")


def canonical(address: str) -> str:
    """Return an address with quotes where it needs them and nowhere else, and its domain in lower case.

    Without the quotes that it needs it is another one, or none.
    """
    local, at, domain = address.strip().removeprefix("<").removesuffix(">").rpartition("@")
    if _QUOTED.fullmatch(local):
        plain = unquoted(local)
        local = plain if _DOT_STRING.fullmatch(plain) else '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
    return local + at + domain.lower()


def unquoted(local: str) -> str:
    """Return what a local part says, without its quotes and escapes."""
    return _ESCAPED.sub(r"\1", local[1:-1]) if _QUOTED.fullmatch(local) else local
