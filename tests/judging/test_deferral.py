"""Given up at the first attempt, or after a deferral."""

from __future__ import annotations

import pytest
from stories.story import Story, observed, waiting
from stories.wire import answer

from conformance.catalogue.failure_modes import ALL
from conformance.judging.deferral import Deferral, deferral
from conformance.judging.verdict import Verdict
from conformance.target import Outcome


def _story(*attempts: float, mode: str = "certificate_expired") -> Story:
    story = Story(mode).change(repaired=9.0, closed=12.0)
    for at in attempts:
        story.meets_fault(at)
    return story


def _deferral(story: Story) -> Deferral | None:
    return deferral(ALL[story.mode], story.evidence())


def test_another_attempt_met_the_fault_before_it_was_given_up() -> None:
    assert _deferral(_story(1.2, 3.3).returns(3.5)) == Deferral(pytest.approx(1.25), 3.5, is_sure=True)  # type: ignore[arg-type]
    assert _deferral(_story(1.2, 3.3).returns(1.5)) is None
    assert _deferral(_story(1.2).returns(1.5)) is None
    assert _deferral(_story(1.2, 3.3)) is None


def test_hosts_and_families_in_a_row_are_one_attempt() -> None:
    assert _deferral(_story(1.2, 1.4, 2.2).returns(2.4)) is None
    several = _story(1.2, mode="greeting_421_every_host").says(1.4, "450 first host").look(1.5, "450 4.3.2 x")
    assert _deferral(several.returns(1.9)) is None


class TestByTheQueue:
    """A relay that gives up at the time of a retry, and does not try."""

    def test_it_waited_for_a_retry(self) -> None:
        seen = _deferral(_story(1.2).look(2.0).look(3.0).returns(3.4))
        assert seen is not None
        assert not seen.is_sure

    def test_its_own_word_makes_it_sure(self) -> None:
        events = _story(1.2).says(2.0, "450 4.7.320 no").look(3.0)
        text = _story(1.2).look(3.0, "450 4.7.320 no")
        for story in (events, text):
            found = _deferral(story.returns(3.4))
            assert found is not None
            assert found.is_sure

    def test_an_event_for_one_of_several_hosts_does_not(self) -> None:
        story = _story(1.2, mode="greeting_421_every_host").says(2.0, "450 no").look(3.5)
        found = _deferral(story.returns(3.6))
        assert found is not None
        assert not found.is_sure

    @pytest.mark.parametrize(("look", "given_up"), [(2.3, 3.4), (2.9, 2.95), (None, 3.4)])
    def test_who_is_slow_has_not_deferred(self, look: float | None, given_up: float) -> None:
        story = _story(1.2)
        if look is not None:
            story.look(look, "450 4.7.320 no")
        assert _deferral(story.returns(given_up)) is None

    def test_nor_has_who_is_listed_after_it_gave_up(self) -> None:
        assert _deferral(_story(1.2).says(1.9, "550 no", Outcome.PERMANENT).look(3.0).returns(3.4)) is None


class TestStaysQueued:
    def _returned(self) -> Story:
        return _story(1.2, 3.3).look(2.0).look(3.0).returns(3.5, status="5.7.5")

    def test_a_must_where_the_source_document_counts(self) -> None:
        story = _story(mode="mx_nxdomain").look(2.0).look(3.0)
        for at in (1.2, 3.3):
            story.note(answer(story.staged.domain, "nxdomain", type="MX", id=int(at), at=at))
        told = observed(story.returns(3.5, status="5.4.310"), "stays_queued")
        assert told.startswith("deferred at 0.20 s, given up at 2.50 s")

    def test_a_should_where_the_standards_do(self) -> None:
        judged = self._returned().judge("stays_queued", "rfc")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "rfc/waits-for-days")
        assert "deferred at 0.25 s, given up at 2.50 s" in judged.observed

    def test_nothing_else_is_wrong(self) -> None:
        story = self._returned()
        for aspect in ("retried", "refreshes", "recovers", "error_code"):
            assert story.verdict(aspect, "rfc") in (Verdict.PASS, Verdict.NOT_APPLICABLE)

    def test_at_once_is_accepted(self) -> None:
        story = _story(1.2).look(2.0, None).returns(1.5, status="5.7.5")
        assert "returned the message at once" in story.judge("stays_queued", "rfc").reason

    def test_the_time_alone_is_a_reason_to_look_again(self) -> None:
        judged = _story(1.2).look(2.0).look(3.0).returns(3.4, status="5.7.5").judge("stays_queued", "rfc")
        assert judged.verdict is Verdict.DEVIATION
        assert judged.only_late
        assert not self._returned().judge("stays_queued", "rfc").only_late


def test_a_report_without_the_servers_words_is_told_by_its_subject() -> None:
    story = waiting("greeting_421").returns(3.0, diagnostic="")
    assert story.judge("stays_queued").observed == "an NDR at 2.00 s: Undeliverable"
