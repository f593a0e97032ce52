"""What readers have said of changes that no user would notice, in `sentences.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .outcome import Fate
from .places import Change

SENTENCES = Path(__file__).with_name("sentences.toml")
SAYABLE = (Fate.EQUIVALENT, Fate.WORDS, Fate.OUT_OF_SCOPE)

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Why a change is not counted.

    Attributes:
        file: The file.
        operator: The operator.
        before: The line as it is.
        after: The line as it is with the change; empty: whatever that operator makes of the line.
        within: The function that the line is in, where it stands in several; empty: wherever it is.
        fate: What the change is.
        why: One sentence: of an equivalent one why no input tells the two apart.
    """

    file: str
    operator: str
    before: str
    after: str = ""
    within: str = ""
    fate: Fate
    why: str


def read(path: Path = SENTENCES) -> dict[Key, Sentence]:
    """Return what is said, by what it is said of."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("change", [])
    found = {}
    for row in rows:
        sentence = Sentence(**{**row, "fate": Fate(row["fate"])})
        key = (sentence.file, sentence.operator, sentence.before, sentence.after, sentence.within)
        assert sentence.fate in SAYABLE, f"{key}: nobody can say that it is {sentence.fate}"
        assert key not in found, f"{key}: two sentences"
        found[key] = sentence
    return found


def said_of(change: Change, sentences: Mapping[Key, Sentence]) -> Sentence | None:
    """Return the sentence on a change, if there is one."""
    key = change.file, change.operator, change.before
    keys = ((*key, after, within) for after in (change.after, "") for within in (change.within, ""))
    return next((sentences[each] for each in keys if each in sentences), None)
