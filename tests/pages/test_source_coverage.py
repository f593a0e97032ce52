"""Every sentence of the source document is covered, and everything that cites it is reached from a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue.profile import load
from conformance.catalogue.requirements import catalogue
from conformance.pages import source_coverage
from conformance.pages.sentences import INTRODUCTION, sentences
from conformance.pages.source_coverage import DOCUMENT, Covered, covered, differences, main
from conformance.suite import REQUIREMENTS

PAGE = """\
# A title

One, e.g. this. Two (see [there](https://there.test/a_b))
goes on.

- An **item** ![icon](x.gif)

## A section

   2. Mail flow \\> _Connectors_, two_words. **Note**: three.
"""


def test_each_sentence_has_either_rows_or_a_reason() -> None:
    for each in covered():
        assert bool(each.rows) != bool(each.why), each.quote
        assert not each.note or each.rows
        assert len(each.rows) == len(set(each.rows))
        assert len(each.quote.split()) <= 13


def test_every_row_exists_and_is_judged_by_the_eop_profile() -> None:
    rows = {row for each in covered() for row in each.rows}
    assert rows <= set(catalogue())
    assert rows <= load("eop").served(REQUIREMENTS)


def test_everything_that_cites_the_document_is_reached_from_a_sentence() -> None:
    citing = {row.id for row in catalogue().values() if DOCUMENT in row.source}
    assert citing - {row for each in covered() for row in each.rows} == set()


def test_the_sections_of_the_document_are_all_there_in_order() -> None:
    sections = list(dict.fromkeys(each.section for each in covered()))
    codes = ["4.4.312", "4.4.315", "4.4.316", "4.4.317", "4.4.318", "4.7.320"]
    assert sections[0] == INTRODUCTION
    assert sections[-1] == "Other error codes"
    assert [section.split()[3] for section in sections[1:-1:2]] == codes
    assert [section.split()[-1].rstrip("?") for section in sections[2:-1:2]] == codes
    assert len(covered()) == 67


def test_sentences_are_found_without_their_markup() -> None:
    assert [(s.section, s.text) for s in sentences(PAGE)] == [
        (INTRODUCTION, "One, e.g. this."),
        (INTRODUCTION, "Two (see there) goes on."),
        (INTRODUCTION, "An item"),
        ("A section", "Mail flow > Connectors, two_words."),
        ("A section", "Note: three."),
    ]


def _known(text: str) -> tuple[Covered, ...]:
    return tuple(Covered(section=s.section, quote=s.quote(3), digest=s.digest) for s in sentences(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PAGE, []),
        (PAGE + "\nFour.\n", ["6: not covered: Four."]),
        (PAGE.replace(" **Note**: three.", ""), ["5: not in the document: Note: three."]),
        (
            PAGE.replace("An **item**", "No item"),
            ["3: 'No item' stands where 'An item' is covered"],
        ),
    ],
)
def test_what_differs_from_the_document_is_told(
    text: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_coverage, "covered", lambda: _known(PAGE))
    assert list(differences(text)) == told


def test_the_exit_status_tells_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "document.md"
    document.write_text(PAGE)
    assert main([str(document)]) == 1
    assert "stands where" in capsys.readouterr().out
