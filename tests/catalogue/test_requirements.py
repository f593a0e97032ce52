from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue import requirements
from conformance.catalogue.requirements import CatalogueError, Level, catalogue

ROW = """
[[requirement]]
id = "a/b"
level = "MUST"
harm = "lost"
text = "It must."
source = "RFC 5321 section 1"
since = "0.1"
"""


def test_the_catalogue_is_well_formed() -> None:
    for key, row in catalogue().items():
        assert row.id == key
        assert key.count("/") == 1
        assert key == key.lower()
        assert " " not in key
        assert row.text.endswith(".")
        assert row.source
        assert row.since


def test_the_source_document_and_rfc_musts_alone_make_a_must_but_for_our_own_controls() -> None:
    for row in catalogue().values():
        if row.level is Level.MUST and not row.id.startswith("control/"):
            assert "Mail flow intelligence in EOP" in row.source or "RFC" in row.source, row.id


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ROW.replace("MUST", "OUGHT"), "rows.toml, row 1: 'OUGHT'"),
        (ROW + ROW.replace("since", "until").replace("a/b", "a/c"), "rows.toml, row 2: .*until"),
        (ROW.replace('source = "RFC 5321 section 1"\n', ""), "rows.toml, row 1: .*source"),
        (ROW.replace('level = "MUST"\nharm = "lost"\n', ""), "rows.toml, row 1: 'level'"),
        (ROW + ROW, "rows.toml, row 2: the id a/b is taken"),
    ],
)
def test_mistakes_are_named(text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.toml").write_text(text)
    (tmp_path / "else.txt").write_text("not a row")
    monkeypatch.setattr(requirements, "files", lambda _: tmp_path)
    with pytest.raises(CatalogueError, match=told):
        catalogue.__wrapped__()
