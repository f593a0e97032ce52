"""The page for authors of adapters names every capability, as the contract does."""

import re
from pathlib import Path

from conformance.target import Capability

PAGE = Path(__file__).parents[1] / "docs" / "adapters.md"


def test_the_table_lists_every_capability_once() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## What to offer\n")[2].partition("\n## ")[0]
    listed = re.findall(r"(?m)^\| `(\w+)` \|", section)
    assert sorted(listed) == sorted(capability.name for capability in Capability)
