"""A limit on what is tried in one attempt is a relay's own, if it is two or more and everywhere the same."""

from __future__ import annotations

import pytest
from stories.story import Story
from stories.wire import fault

from conformance.catalogue.failure_modes import ALL
from conformance.judging.depth import limit
from conformance.judging.verdict import Verdict


def tried(mode: str, *hosts: int, attempts: int = 2, number: int = 1) -> Story:
    """Return attempts that try these hosts or addresses in turn, 3 s apart, all in vain."""
    story = Story(mode, number=number)
    for attempt in range(attempts):
        for place, host in enumerate(hosts):
            story.connects(1.2 + 3.0 * attempt + 0.2 * place, fault(), host=host)
    return story


def limit_of(story: Story, *others: Story) -> int:
    return limit(ALL[story.mode], story.evidence(*others))


@pytest.mark.parametrize(
    ("mode", "hosts", "most"),
    [
        ("deep_smart_hosts", (0,), 0),
        ("deep_smart_hosts", (0, 1), 2),
        ("deep_smart_hosts", (0, 1, 2), 3),
        ("deep_addresses", (0, 1), 2),
        ("deep_mx_addresses", (0, 2), 2),
        ("deep_addresses", (0,), 0),
        ("hosts_close_then_421", (0, 1), 0),
    ],
)
def test_two_at_least(mode: str, hosts: tuple[int, ...], most: int) -> None:
    assert limit_of(tried(mode, *hosts)) == most


def test_who_goes_further_elsewhere_has_none() -> None:
    further = tried("deep_mx", 0, 1, 2, number=2)
    assert limit_of(tried("deep_smart_hosts", 0, 1), further) == 0
    assert limit_of(tried("deep_smart_hosts", 0, 1), tried("deep_mx", 0, 1, number=2)) == 2


def test_who_delivers_elsewhere_at_the_fourth_address_has_none_either() -> None:
    delivers = tried("deep_mx", 0, 1, 2, attempts=1, number=2).delivers(2.0, host=3)
    assert limit_of(tried("deep_addresses", 0, 1, 2), delivers) == 0


def test_of_the_last_attempt_in_a_window_nothing_is_known() -> None:
    story = tried("deep_smart_hosts", 0, 1, 2).connects(7.3, fault(), host=0)
    assert limit_of(story) == 3


def test_another_attempt_that_arrives_is_no_deferral_where_there_is_a_limit() -> None:
    tries_two = tried("deep_smart_hosts", 0, 1, attempts=1)
    tries_two.connects(4.2, fault(), host=2).delivers(4.5, host=3)
    assert tries_two.judge("delivers_anyway").verdict is Verdict.PASS


def test_the_verdict() -> None:
    assert tried("deep_smart_hosts", 0, 1).verdict("delivers_anyway") is Verdict.NOT_APPLICABLE
    assert tried("deep_smart_hosts", 0).verdict("delivers_anyway") is Verdict.FAIL
