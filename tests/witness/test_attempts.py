"""How contacts become attempts, whatever they are: the theory at the top of `witness/attempts.py`, one test a claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.staging import GRANTED
from stories.story import Story

from conformance.witness.attempts import Contact, Witness

INTERVAL = GRANTED.retry_interval


def contact(at: float, host: str = "a", *, lasting: float = 0.0, mark: str = "", what: str = "") -> Contact:
    return Contact(at=at, end=at, latest_end=at + lasting, host=host, mark=mark, what=what)


def groups(
    *contacts: Contact, most: int = 1, connections: int = 1, either_end: bool = False, **milestones: float
) -> list[list[float]]:
    """Return when the contacts of each attempt began."""
    witness = Witness(sentence="x", see=lambda _: list(contacts), per_attempt=most, either_end=either_end)
    evidence = Story("plain").change(milestones=milestones).evidence()
    attempts = witness.attempts(evidence, connections=connections)
    return [[each.at for each in attempt.contacts] for attempt in attempts]


def test_nothing_seen_is_no_attempt() -> None:
    assert groups() == []


@pytest.mark.parametrize(("pause", "together"), [(0.9, True), (1.1, False)])
def test_what_follows_within_half_an_interval_belongs_together(pause: float, together: bool) -> None:
    assert INTERVAL == 2.0
    begins = [contact(1.0, lasting=0.5), contact(1.5 + pause, "b")]
    assert groups(*begins) == ([[1.0, 1.5 + pause]] if together else [[1.0], [1.5 + pause]])


def test_so_many_with_one_host_and_no_more() -> None:
    storm = [contact(1.0 + number / 10) for number in range(4)]
    assert groups(*storm) == [[1.0], [1.1], [1.2], [1.3]]
    assert groups(*storm, most=3) == [[1.0, 1.1, 1.2], [1.3]]
    assert groups(*storm, connections=2) == [[1.0, 1.1], [1.2, 1.3]]


def test_each_host_has_its_own_number() -> None:
    there = [contact(1.0, "a"), contact(1.1, "b")]
    assert groups(*there, contact(1.2, "c")) == [[1.0, 1.1, 1.2]]
    assert groups(*there, contact(1.2, "a")) == [[1.0, 1.1], [1.2]]


def test_each_question_has_its_own_number_and_a_new_one_may_take_its_time() -> None:
    asked = contact(1.0, what="AAAA udp")
    assert groups(asked, contact(2.9, what="A udp")) == [[1.0, 2.9]]
    assert groups(asked, contact(3.1, what="A udp")) == [[1.0], [3.1]]
    assert groups(asked, contact(1.1, what="A udp"), contact(1.2, what="AAAA udp")) == [[1.0, 1.1], [1.2]]


def test_a_retransmission_uses_nothing_up_and_may_come_late() -> None:
    again = [contact(at, mark="7") for at in (1.0, 2.5, 4.0)]
    assert groups(*again) == [[1.0, 2.5, 4.0]]
    assert groups(*again, contact(4.1, mark="8")) == [[1.0, 2.5, 4.0], [4.1]]
    assert groups(contact(1.0, mark="7"), contact(3.0, mark="7")) == [[1.0], [3.0]]
    assert groups(contact(1.0, "a", mark="7"), contact(2.5, "b", mark="7")) == [[1.0], [2.5]]


def test_a_moved_clock_separates_attempts() -> None:
    both = [contact(1.0, "a"), contact(1.2, "b")]
    assert groups(*both, stop=1.1) == [[1.0], [1.2]]
    assert groups(*both, stop=1.3) == [[1.0, 1.2]]


def test_where_either_end_is_possible_a_question_that_is_due_again_is_a_retry() -> None:
    asked = [contact(1.0, lasting=2.0), contact(2.9, lasting=2.0)]
    assert groups(*asked, most=3) == [[1.0, 2.9]]
    assert groups(*asked, most=3, either_end=True) == [[1.0], [2.9]]
    assert groups(asked[0], contact(2.7), most=3, either_end=True) == [[1.0, 2.7]]


def test_an_attempt_ends_with_the_last_of_its_contacts() -> None:
    seen = [contact(1.0, "a", lasting=3.0), replace(contact(1.2, "b", lasting=0.4), end=1.5)]
    witness = Witness(sentence="x", see=lambda _: seen)
    [attempt] = witness.attempts(Story("plain").evidence())
    assert (attempt.at, attempt.end, attempt.latest_end) == (1.0, 1.5, 4.0)


def test_a_long_pause_makes_two_of_one_which_nobody_can_see() -> None:
    assert groups(contact(1.0, "a"), contact(2.1, "b")) == [[1.0], [2.1]]
