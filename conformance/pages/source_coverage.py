"""docs/source-coverage.md: every sentence of the source document, and what judges it or why nothing can.

`python -m conformance.pages.source_coverage DOCUMENT` compares the sentences with the document itself (Markdown): none
is missing, none was changed. The document is not part of this repository.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import groupby, zip_longest
from pathlib import Path

from cattrs import Converter

from conformance.catalogue.requirements import catalogue
from conformance.pages.sentences import sentences

# What the catalogue calls the document in its sources.
DOCUMENT = "Mail flow intelligence in EOP"

_HEAD = """\
# The source document, sentence by sentence

Made by `mailflow-conformance pages docs` from `conformance/pages/source_document.toml`; do not edit. Each sentence of
*Mail flow intelligence in EOP* stands here by its first words, with the requirements it maps to (their texts and
sources are in `conformance/catalogue/requirements/`), or with the reason why nothing in it can be tested.
"""


@dataclass(frozen=True, kw_only=True)
class Covered:
    """One sentence.

    Attributes:
        section: The heading it stands under.
        quote: Its first words.
        digest: The beginning of the SHA-256 of its text.
        rows: The requirements it maps to.
        note: How they are staged for it.
        why: Without rows, why nothing in it can be tested.
    """

    section: str
    quote: str
    digest: str
    rows: list[str] = field(default_factory=list)
    note: str = ""
    why: str = ""


@cache
def covered() -> tuple[Covered, ...]:
    """Return every sentence, in the order of the document."""
    data = tomllib.loads(files(__package__).joinpath("source_document.toml").read_text("utf-8"))
    return tuple(Converter(forbid_extra_keys=True).structure(data["sentence"], list[Covered]))


def render() -> str:
    """Return the page."""
    tested = sum(bool(each.rows) for each in covered())
    lines = [
        _HEAD,
        f"{len(covered())} sentences: {tested} map to requirements, {len(covered()) - tested} cannot be tested.",
    ]
    numbered = list(enumerate(covered(), 1))
    for section, members in groupby(numbered, key=lambda each: each[1].section):
        lines += ["", f"## {section}", "", "| | sentence | requirements |", "|---|---|---|"]
        lines += [f"| {number} | {each.quote} | {_judged_by(each)} |" for number, each in members]
    return "\n".join(lines) + "\n"


def _judged_by(each: Covered) -> str:
    if not each.rows:
        return f"*not testable*: {each.why}"
    rows = ", ".join(f"`{row}` ({catalogue()[row].level})" for row in each.rows)
    return f"{rows}<br>{each.note}" if each.note else rows


def differences(document: str) -> Iterator[str]:
    """Yield what the document has that is not covered as it stands, and the other way round, in order."""
    for number, (found, known) in enumerate(zip_longest(sentences(document), covered()), 1):
        if found is None:
            yield f"{number}: not in the document: {known.quote}"
        elif known is None:
            yield f"{number}: not covered: {found.text}"
        elif (found.digest, found.section) != (known.digest, known.section):
            yield f"{number}: {found.text!r} stands where {known.quote!r} is covered"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare with the document; return 0 if nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m conformance.pages.source_coverage", description=__doc__)
    parser.add_argument("document", type=Path, metavar="DOCUMENT", help="the source document, Markdown")
    text = parser.parse_args(arguments).document.read_text(encoding="utf-8")
    found = list(differences(text))
    print("\n".join(found) or f"all {len(covered())} sentences are covered")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
