"""Whether an error text begins with the words of a remote server, so that its code is not the relay's own.

Many relays show of a session that failed what the server said last, word for word and nothing besides: `554 5.7.0 No
mail today`, or `354 Go ahead` where nothing went wrong until then. So a code at the beginning of a text is the
server's if a server of the scenario really said it *with these words*; or if it is none that an error can have: replies
of 2yz and 3yz (and 1yz) say that all is well (RFC 5321 section 4.2.1). A code that nobody said, or said with other
words, is the relay's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.evidence import codes

_NOT_PLAIN = re.compile(r"[^a-z0-9]")

# So many letters and digits are words: a log may cut a long reply short.
_SOME_WORDS = 8


def quotes(text: str, replies: Iterable[str]) -> bool:
    """Tell whether the codes that a text begins with are a remote server's.

    Args:
        text: An error.
        replies: What the servers said, whole replies of one or more lines.
    """
    read = codes.read(text)
    if not codes.can_be_an_error(read.code) or not codes.can_be_an_error(read.status):
        return True
    return is_said(text, replies)


def is_said(text: str, replies: Iterable[str]) -> bool:
    """Tell whether a text begins with a reply that was really given, code and words, whatever it says."""
    read = codes.read(text)
    if not read.code:
        return False
    words = _plain(read.rest)
    return any(_begins_with(read, words, line) for reply in replies for line in reply.splitlines())


def _begins_with(read: codes.Codes, words: str, line: str) -> bool:
    """Tell whether what a text begins with is a line of a reply: whole, with more behind it, or cut short."""
    said = codes.read(line)
    if (read.code, read.status) != (said.code, said.status):
        return False
    theirs = _plain(said.rest)
    if not theirs or not words:
        return theirs == words
    return words.startswith(theirs) or (len(words) >= _SOME_WORDS and theirs.startswith(words))


def _plain(words: str) -> str:
    return _NOT_PLAIN.sub("", words.lower())
