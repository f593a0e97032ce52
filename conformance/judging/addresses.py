"""When two addresses are the same although they are written otherwise (RFC 5321 sections 2.4 and 4.1.2)."""

from __future__ import annotations

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header

from fake_servers.addresses import in_ascii

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# RFC 6531 section 3.3 lets what is beyond ASCII into an atom
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ESCAPED = re.compile(r"\\(.)")
_XTEXT = re.compile(r"(?:\+[0-9A-Fa-f]{2})+")


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


def may_mean(address: str) -> set[str]:
    """Return what an address may stand for where it is spelled in ASCII and ought to go beyond it, each canonical.

    RFC 6533 section 3 is read already (`evidence/report_addresses.py`). Who has it in xtext (RFC 3461 section 4) or in
    encoded words (RFC 2047) spells it as no RFC says, and names the right one all the same.
    """
    readings = (address, _XTEXT.sub(_octets, address), _words(address))
    return {unicodedata.normalize("NFC", in_ascii(canonical(each))) for each in readings}


def _words(address: str) -> str:
    try:
        parts = decode_header(address)
        return "".join(
            text if isinstance(text, str) else text.decode(charset or "ascii") for text, charset in parts
        )
    except (HeaderParseError, LookupError, UnicodeError):
        return address


def _octets(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("+", "")).decode("utf-8", "replace")
