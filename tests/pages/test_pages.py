"""The pages of the manual: those that are generated are current, and one by hand names what the contract does."""

import re
from pathlib import Path

import pytest

from conformance.pages.__main__ import PAGES
from conformance.target import Capability

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: mailflow-conformance pages docs"


def test_the_page_for_authors_of_adapters_lists_every_capability_once() -> None:
    page = (DOCS / "adapters.md").read_text(encoding="utf-8")
    section = page.partition("\n## What to offer\n")[2].partition("\n## ")[0]
    listed = re.findall(r"(?m)^\| `(\w+)` \|", section)
    assert sorted(listed) == sorted(capability.name for capability in Capability)
