"""Text from outside as it may be shown: what would do something to a terminal, or to the order of words, is spelled.

Servers, relays, logs and adapters write what they like. Whatever shows it to somebody passes it through here.
"""

from __future__ import annotations

import unicodedata

# Unicode's categories of what is no sign to be read: control, format (bidirectional overrides among them), surrogate,
# private use, not assigned; and the separators of lines and paragraphs.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# But for these: they join letters or keep them apart, in Persian and the languages of India.
_JOINERS = "\u200c\u200d"
# An octet that was no text stands in a string as one of these (PEP 383).
_OCTETS = range(0xDC80, 0xDD00)


def printable(text: str) -> str:
    r"""Return a text as one line of signs that can be read; the rest is spelled as in a literal: `\x1b`, `\u202e`.

    A text that was returned may come again and stays as it is, so backslashes are left alone.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_SPELLING)


def printable_lines(text: str) -> str:
    """Return the same of a text of several lines: line ends stay, and tabs are blanks."""
    return "\n".join(map(printable, text.replace("\r\n", "\n").expandtabs().split("\n")))


class _Spelling(dict[int, str]):
    """What to show for each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = spelled = _spelled(chr(code))
        return spelled


def _spelled(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNFIT:
        return character
    if ord(character) in _OCTETS:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


_SPELLING = _Spelling()
