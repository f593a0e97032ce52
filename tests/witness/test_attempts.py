"""How contacts become attempts, whatever they are: the theory at the top of `witness/attempts.py`, one test a claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.staging import GRANTED
from stories.story import Story
from stories.wire import fault

from conformance.catalogue.failure_modes import ALL
from conformance.witness.attempts import Witness, either, lingering
from conformance.witness.contact import Contact
from fake_servers.events import TlsOffered

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


@pytest.mark.parametrize(("told", "together"), [(1.05, True), (0.95, False)])
def test_what_was_opened_before_the_first_one_failed_does_not_come_back(told: float, together: bool) -> None:
    first, second, third = (replace(contact(at), told=at + told - 1.0) for at in (0.9, 1.0, 1.2))
    first = replace(first, told=told)
    assert groups(first, second, third) == ([[0.9, 1.0], [1.2]] if together else [[0.9], [1.0], [1.2]])


def test_each_host_has_its_own_number() -> None:
    there = [contact(1.0, "a"), contact(1.1, "b")]
    assert groups(*there, contact(1.2, "c")) == [[1.0, 1.1, 1.2]]
    assert groups(*there, contact(1.2, "a")) == [[1.0, 1.1], [1.2]]


def test_each_address_of_a_host_has_its_own_number() -> None:
    here, there = (
        replace(contact(at), address=each) for at, each in ((1.0, "[::1]:25"), (1.1, "127.0.0.1:25"))
    )
    assert groups(here, there) == [[1.0, 1.1]]
    assert groups(here, there, replace(here, at=1.2, end=1.2, latest_end=1.2)) == [[1.0, 1.1], [1.2]]


def test_either_of_two_witnesses_will_do() -> None:
    one, other = (
        Witness(sentence=name, see=lambda _, at=at: [contact(at)], per_attempt=most)
        for name, at, most in (("one", 5.0, 1), ("other", 1.0, 3))
    )
    both = either(one, other)
    assert (both.sentence, both.per_attempt) == ("one; or other", 3)
    assert [each.at for each in both.see(Story("plain").evidence())] == [1.0, 5.0]


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


def test_what_is_asked_again_after_longer_than_any_resolver_waits_is_a_retry() -> None:
    asked = [contact(at, lasting=150.0, mark="0", what="A udp") for at in (1.0, 61.0, 121.0)]
    assert groups(*asked, most=3) == [[1.0], [61.0], [121.0]]
    assert groups(*asked[:1], contact(6.0, lasting=150.0, mark="0", what="A udp"), most=3) == [[1.0, 6.0]]


def test_a_resolver_that_backs_off_waits_longer_each_time_and_makes_one_attempt_of_it() -> None:
    """OpenSMTPD's: by the rule above the third repetition of a question was a second attempt, and mail was late."""
    asked = [contact(at, lasting=300.0, mark="7", what="AAAA udp") for at in (1.0, 6.0, 16.001, 36.0)]
    assert groups(*asked, contact(76.0, what="A udp"), most=3) == [[1.0, 6.0, 16.001, 36.0, 76.0]]
    even = [contact(at, lasting=300.0, mark="7", what="AAAA udp") for at in (1.0, 13.0, 25.0, 37.0)]
    assert groups(*even, most=3) == [[1.0], [13.0], [25.0], [37.0]]
    others = [contact(at, lasting=300.0, mark=str(at), what="AAAA udp") for at in (1.0, 6.0, 16.001, 36.0)]
    assert len(groups(*others, most=3)) > 1


def test_no_attempt_lasts_longer_than_until_the_next_one_begins() -> None:
    seen = [contact(1.0, lasting=9.0), contact(3.0, lasting=9.0)]
    witness = Witness(sentence="x", see=lambda _: seen)
    first, second = witness.attempts(Story("plain").evidence())
    assert (first.end, first.latest_end, second.latest_end) == (1.0, 3.0, 12.0)


def test_a_long_pause_makes_two_of_one_which_nobody_can_see() -> None:
    assert groups(contact(1.0, "a"), contact(2.1, "b")) == [[1.0], [2.1]]


class TestTraces:
    """What belongs to an attempt besides the proof that it met the fault."""

    def _all(self, story: Story) -> list[tuple[float, float, float, bool]]:
        mode = ALL[story.mode]
        story.events.sort(key=lambda event: event.at)
        found = mode.witness.all_attempts(story.evidence(), connections=mode.attempt.connections)
        return [(round(a.at, 3), round(a.end, 3), round(a.latest_end, 3), a.met) for a in found]

    def test_what_is_asked_before_a_connection_begins_its_attempt(self) -> None:
        story = Story("greeting_421").looks_up(1.2, "nodata", type="MX").looks_up(1.3).connects(1.4, fault())
        assert self._all(story) == [(1.2, 1.45, 1.5, True)]

    def test_what_is_asked_after_it_moves_its_end(self) -> None:
        story = Story("greeting_421").connects(1.2, fault()).looks_up(1.5, "silence", type="AAAA")
        assert self._all(story) == [(1.2, 1.5, 3.5, True)]
        story = Story("greeting_421").connects(1.2, fault()).looks_up(1.5, "nxdomain", type="TLSA")
        assert self._all(story) == [(1.2, 1.5, 1.5, True)]

    def test_a_question_is_not_waited_for_once_the_relay_connects_to_its_host(self) -> None:
        story = Story("greeting_421").looks_up(1.2, "silence", type="AAAA").connects(1.3, fault())
        assert self._all(story) == [(1.2, 1.35, 1.4, True)]

    def test_the_time_out_of_a_question_counts_from_its_first_transmission(self) -> None:
        story = Story("greeting_421").connects(1.2, fault())
        for at in (1.5, 2.5):
            story.looks_up(at, "silence", type="AAAA", id=7)
        assert self._all(story) == [(1.2, 1.5, 3.5, True)]

    def test_look_ups_alone_are_an_attempt_that_met_nothing(self) -> None:
        story = (
            Story("greeting_421").connects(1.2, fault()).looks_up(3.3).looks_up(5.4).connects(5.5, fault())
        )
        assert self._all(story) == [(1.2, 1.25, 1.3, True), (3.3, 3.3, 3.3, False), (5.4, 5.55, 5.6, True)]
        assert len(ALL[story.mode].witness.attempts(story.evidence())) == 2

    def test_what_leads_to_the_next_attempt_of_a_hasty_relay_belongs_to_that(self) -> None:
        story = Story("greeting_421").connects(1.2, fault()).looks_up(1.35, type="TLSA")
        story.looks_up(1.7).connects(1.75, fault())
        assert self._all(story) == [(1.2, 1.35, 1.35, True), (1.7, 1.8, 1.85, True)]

    def test_what_the_relay_asks_before_it_has_the_message_is_no_attempt(self) -> None:
        assert self._all(Story("greeting_421").looks_up(0.9, type="MX")) == []

    def test_a_connection_in_clear_after_one_that_failed_is_the_same_attempt(self) -> None:
        story = Story("certificate_expired").connects(1.2, TlsOffered(certificate="expired")).connects(1.4)
        assert self._all(story) == [(1.2, 1.5, 1.5, True)]

    def test_a_healthy_connection_after_a_rest_is_another_attempt_though_the_former_is_open(self) -> None:
        story = Story("greeting_timeout").connects(1.2, fault("stall"), lasting=9.0).connects(5.2)
        assert self._all(story) == [(1.2, 3.25, 5.2, True), (5.2, 5.3, 5.3, False)]

    def test_a_connection_that_is_open_when_the_next_attempt_begins_lingers(self) -> None:
        story = Story("greeting_421").connects(1.2, fault(), lasting=9.0).connects(3.3, fault())
        assert self._all(story) == [(1.2, 1.25, 3.3, True), (3.3, 3.35, 3.4, True)]
        evidence = story.evidence()
        [left] = lingering(evidence, ALL[story.mode].witness.all_attempts(evidence))
        assert (left.connection.opened, left.since) == (1.2, 3.3)

    def test_a_report_to_the_sender_is_no_attempt(self) -> None:
        story = Story("greeting_421").connects(1.2, fault())
        assert len(self._all(story.looks_up(3.3).says_mail(3.4, "", story.staged.sender))) == 1
