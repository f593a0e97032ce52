"""The witness of a TLS session that a relay holds when it comes to another host than the one that gave it."""

from __future__ import annotations

from stories.story import Story

from conformance.catalogue.failure_modes import ALL
from conformance.judging.verdict import Verdict
from fake_servers.events import TlsEstablished, TlsOffered

_MODE = "session_of_another_host_under_certificate_validation"
_GOOD, _BAD = TlsOffered(certificate="good"), TlsOffered(certificate="unknown_ca")
_SECURED = TlsEstablished(version="TLSv1.3", cipher="x")


def _met(story: Story) -> int:
    return len(ALL[_MODE].witness.attempts(story.evidence()))


def test_a_certificate_that_is_presented_after_a_session_was_given() -> None:
    assert _met(Story(_MODE).connects(1.0, _GOOD, _SECURED).connects(1.2, _BAD, host=1)) == 1


def test_a_session_that_is_resumed_brings_no_certificate() -> None:
    assert _met(Story(_MODE).connects(1.0, _GOOD, _SECURED).connects(1.2, _SECURED, host=1)) == 1


def test_who_begins_with_the_second_host_holds_no_session() -> None:
    assert _met(Story(_MODE).connects(1.0, _BAD, host=1).connects(1.2, _GOOD, _SECURED)) == 0


def test_the_host_that_gave_the_session_is_no_other() -> None:
    assert _met(Story(_MODE).connects(1.0, _GOOD, _SECURED).connects(3.0, _SECURED)) == 0


def test_what_arrives_at_the_other_host_is_seen() -> None:
    story = Story(_MODE).connects(1.0, _GOOD, _SECURED).connects(1.2, _SECURED, host=1).delivers(1.3, host=1)
    assert story.verdict("fit_host") is Verdict.FAIL


def test_where_nothing_arrived_another_aspect_says_so() -> None:
    story = Story(_MODE).connects(1.0, _GOOD, _SECURED).connects(1.2, _BAD, host=1)
    judged = story.judge("fit_host")
    assert (judged.verdict, "delivered_later" in judged.observed) == (Verdict.NOT_APPLICABLE, True)
