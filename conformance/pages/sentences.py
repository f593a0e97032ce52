"""The sentences of the source document, as Markdown: what the page docs/source-coverage.md goes through one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

INTRODUCTION = "Introduction"

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")
# A full stop ends a sentence where another one begins; `for example, ...)` and `(also known as ...)` go on.
_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Sentence:
    """One sentence, without markup, and the heading that it stands under."""

    section: str
    text: str

    @property
    def digest(self) -> str:
        """What tells whether it is still the same sentence: the beginning of its SHA-256."""
        return sha256(self.text.encode()).hexdigest()[:12]

    def quote(self, words: int) -> str:
        """Return so many words of it."""
        every = self.text.split()
        return " ".join(every[:words]) + (" ..." if len(every) > words else "")


def sentences(document: str) -> Iterator[Sentence]:
    """Yield every sentence of paragraphs, notes and list items, in order; headings only say where these stand."""
    section = INTRODUCTION
    for block in re.split(r"\n\s*\n", document):
        text = " ".join(block.split())
        if text.startswith("#"):
            level, _, title = text.partition(" ")
            section = INTRODUCTION if level == "#" else title
            continue
        for sentence in _END.split(_plain(_ITEM.sub("", block))):
            if sentence:
                yield Sentence(section, sentence)


def _plain(block: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE.sub("", block))
    text = re.sub(r"\*\*|\\|(?<!\w)_|_(?!\w)", "", text)
    return " ".join(text.split())
