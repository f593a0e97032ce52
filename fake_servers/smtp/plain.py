"""Reads an address that can be read in one way only, and is read a hundred times as fast as any other."""

from __future__ import annotations

import re
from typing import Final

# RFC 5321, section 4.1.2: a Dot-string and a Domain, of letters that nobody quotes or encodes; then parameters.
_ATOMS: Final = r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*"
_PLAIN: Final = re.compile(rf"<({_ATOMS}@{_ATOMS})>(?: +([A-Za-z0-9][!-'*-~ ]*))?")


def plain_address(argument: str) -> tuple[str, str] | None:
    """Return the address, and the parameters as they were sent; None: it takes a closer look.

    Args:
        argument: That of MAIL or RCPT, behind the colon.
    """
    match = _PLAIN.fullmatch(argument)
    return match and (match[1], match[2] or "")
