"""The generated pages of the manual are those that the data gives today."""

from pathlib import Path

import pytest

from conformance.pages.__main__ import PAGES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: mailflow-conformance pages docs"
