"""Whether words explain a failure, once the names are left out that we gave and a relay only repeats."""

from __future__ import annotations

import re

from conformance.judging.case import Case

_ADDRESS = re.compile(r"\[?\b\d{1,3}(?:\.\d{1,3}){3}\]?(?::\d+)?")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")


def says(told: str, word: str) -> bool:
    """Tell whether a text has a word; a number counts only if it stands alone."""
    if word.isdigit():
        return re.search(rf"(?<!\d){word}(?!\d)", told) is not None
    return _NOT_PLAIN.sub("", word.lower()) in _NOT_PLAIN.sub("", told.lower())


def without_names(case: Case, text: str) -> str:
    """Return a text without the names and addresses that we gave, which tell what was staged."""
    for name in _given_names(case):
        if name.lower() not in text.lower():
            continue  # each name is a pattern of its own, and costs much to compile
        text = re.sub(rf"{re.escape(name)}(?::\d+)?", " ", text, flags=re.IGNORECASE)
    return _ADDRESS.sub(" ", text)


def _given_names(case: Case) -> list[str]:
    """Return every name that we gave, longest first."""
    staged = case.evidence.staged
    names = {staged.domain, staged.sender, staged.recipient, staged.scenario, staged.failure_mode}
    names |= {name for site in staged.sites for name in (site.name, site.host)}
    return sorted(names, key=len, reverse=True)
