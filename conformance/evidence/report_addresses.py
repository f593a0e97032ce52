"""The address of a typed field of a report, as it is meant: RFC 3464 section 2.1.2, RFC 6533 section 3."""

from __future__ import annotations

import re
from email.message import Message

from fake_servers.addresses import in_ascii

_TYPE = re.compile(r"([\w.-]+)\s*;\s*")
# What stands in quotes, as a local part may, is no comment, whatever there is in it.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|.', re.DOTALL)
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_LAST = 0x10FFFF


def address_of(group: Message, name: str) -> str:
    """Return the address of a field without its type; empty if there is none.

    Of an address of the type utf-8, what is beyond ASCII is returned as it is, in UTF-8 or by its numbers, but in the
    domain in A-labels, of which it is another spelling (RFC 5890 section 2.3.2.1). The type rfc822 knows neither.
    """
    text = _value(group, name)
    typed = _TYPE.match(text)
    address = text[typed.end() :] if typed else text
    if not typed or typed[1].lower() != "utf-8":
        return address
    return in_ascii(_EMBEDDED.sub(_character, address))


def type_of(group: Message, name: str) -> str:
    """Return the type of the address of a field, in lower case; empty if it has none."""
    typed = _TYPE.match(_value(group, name))
    return typed[1].lower() if typed else ""


def _value(group: Message, name: str) -> str:
    # the parsed value has lost the octets that are not ASCII
    raw = next((value for key, value in group.raw_items() if key.lower() == name.lower()), "")
    text = str(raw).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return without_comments_beside_quotes(re.sub(r"\r?\n[ \t]+", " ", text))


def without_comments_beside_quotes(text: str) -> str:
    """Return a field in which quotes may stand without its comments (RFC 3464 section 2.1.1), some within others.

    A parenthesis that is never closed begins none.
    """
    kept, depth = [], 0
    for piece in _PIECE.findall(text):
        depth += piece == "("
        if not depth:
            kept.append(piece)
        depth -= piece == ")" and depth > 0
    return text.strip() if depth else "".join(kept).strip()


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number <= _LAST else found[0]
