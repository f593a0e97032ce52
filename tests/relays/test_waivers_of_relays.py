"""What is known of each relay: every row can be read, and is about the relay that the file is named after."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.suite import ASPECTS
from conformance.waivers import KNOWN_FILES, load
from conformance.waivers.reading import LONGEST

FILES = sorted([*Path(__file__).parent.glob("*.toml"), *KNOWN_FILES.glob("*.toml")])
NAMES = [aspect.name for aspect in ASPECTS]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_waivers_of_a_relay(file: Path) -> None:
    """On a day on which they are valid, whatever day it is."""
    last = max(row["expires"] for row in tomllib.loads(file.read_text(encoding="utf-8"))["waiver"])
    waivers = load(file, aspects=NAMES, today=last - timedelta(days=LONGEST))
    assert (waivers.target, bool(waivers.profile)) == (file.stem, True)
    assert waivers.rows
    for row in waivers.rows:
        assert row.aspect, row.where
        assert len(row.reason) > 20, row.where
