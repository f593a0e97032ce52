"""What a relay asks with the suffix of its search list is a trace of its scenario, and no proof."""

from __future__ import annotations

import pytest
from stories.story import Story
from stories.wire import answer, query

from conformance.catalogue.failure_modes import ALL


@pytest.mark.parametrize(
    "mode", ["dns_aaaa_servfail", "dns_aaaa_nxdomain", "dns_cname_loop", "dns_truncated"]
)
def test_an_answer_under_a_suffix_proves_nothing(mode: str) -> None:
    story = Story(mode)
    name = f"{story.site().name}.office.example.org"
    for way in ("nxdomain", "servfail", "cname", "truncated"):
        story.note(query(name, at=1.1), answer(name, way, at=1.1))
    evidence = story.evidence()
    assert len(evidence.events) == 8
    assert ALL[mode].witness.attempts(evidence) == []
