"""The fate of a message, and which aspects have nothing to judge for it."""

from __future__ import annotations

import pytest
from stories.days import MOMENTS, moved, whole_day
from stories.story import ASPECT, Story, good, waiting
from stories.wire import fault

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.catalogue.requirements import Harm
from conformance.catalogue.scenario import Course
from conformance.judging import fate
from conformance.judging.aspect import AspectError, owner_of
from conformance.judging.aspect import aspect as declare
from conformance.judging.fate import DEFERRED, TRIED_AGAIN, WRONG, Fate, why_not
from conformance.judging.judge import RED
from conformance.judging.masks import judge_among
from conformance.judging.verdict import Verdict
from conformance.target import Outcome

# The profile accepts that it is delivered in spite of the fault; that it is returned; neither.
DELIVERED, RETURNED, NEITHER = "broken_handshake_under_opportunistic", "dns_nxdomain", "close_at_ehlo"
ENDLESS = "endless_at_greeting"


def _fate(story: Story, profile: str = "rfc") -> Fate:
    return story.case(profile).fate


def _unrepaired(mode: str) -> Story:
    return waiting(mode).change(repaired=None)


def _reading(mode: str, *, until: float) -> Story:
    """Tell of an attempt that still reads a reply without end, up to a moment."""
    endless = fault("endless")
    return Story(mode).connects(1.2, endless, lasting=until - 1.2)


@pytest.mark.parametrize("mode", [DELIVERED, RETURNED, NEITHER])
def test_what_is_delivered_after_a_deferral_waited(mode: str) -> None:
    assert _fate(waiting(mode).says(2.0, "450 no").delivers(9.0)) is Fate.WAITED


def test_delivered_without_a_failure_while_the_fault_lasted() -> None:
    assert _fate(waiting(DELIVERED).delivers(2.0)) is Fate.DELIVERED
    assert _fate(waiting(NEITHER).delivers(2.0)) is Fate.DELIVERED_WRONGLY
    assert _fate(waiting(DELIVERED).says(1.5, "450 no").delivers(2.0)) is Fate.WAITED


def test_delivered_by_a_later_attempt_without_any_repair() -> None:
    assert _fate(_unrepaired(DELIVERED).says(1.5, "450 no").delivers(9.0)) is Fate.DELIVERED_LATER
    assert _fate(_unrepaired(NEITHER).says(1.5, "450 no").delivers(9.0)) is Fate.DELIVERED_WRONGLY


def test_given_up() -> None:
    assert _fate(waiting(RETURNED).returns(2.0)) is Fate.RETURNED
    assert _fate(waiting(RETURNED).says(2.0, "550 no", Outcome.PERMANENT)) is Fate.RETURNED
    assert _fate(waiting(RETURNED).returns(2.0), "eop") is Fate.RETURNED_WRONGLY
    assert _fate(waiting(RETURNED).returns(2.0, action="delayed").delivers(9.0)) is Fate.WAITED


def test_given_up_once_it_was_deferred() -> None:
    assert _fate(waiting(RETURNED).returns(4.0)) is Fate.RETURNED_LATER
    assert _fate(waiting(RETURNED).returns(4.0), "eop") is Fate.GIVEN_UP_EARLY


@pytest.mark.parametrize("name", ["refused_amid_content_then_reset", "refused_at_mail_then_closed"])
def test_a_refusal_that_an_attempt_may_not_have_heard_is_heard_by_the_next_one(name: str) -> None:
    """Haraka read the reset before the 552 once, deferred, and returned the message when it had read the reply."""
    assert _fate(waiting(name).returns(4.0)) is Fate.RETURNED
    assert not ALL["reply_5yz_at_ehlo"].may_lose_refusal


def test_given_up_and_delivered_as_well_is_accepted_by_nobody() -> None:
    story = waiting(RETURNED).says(2.0, "550 no", Outcome.PERMANENT).delivers(9.0)
    assert _fate(story) is Fate.DELIVERED_AND_GIVEN_UP


def test_where_a_day_is_played_at_once_means_within_its_first_hour() -> None:
    assert _fate(moved(RETURNED).returns(9.0)) is Fate.RETURNED
    assert _fate(moved(RETURNED).returns(11.0)) is Fate.GIVEN_UP_EARLY
    assert _fate(moved(RETURNED).returns(MOMENTS["24h15"] + 1.0)) is Fate.WAITED
    assert _fate(whole_day(RETURNED).without_messages().returns(1.1)) is Fate.RETURNED
    assert _fate(whole_day(RETURNED).without_messages().returns(1.9)) is Fate.RETURNED_LATER
    assert _fate(whole_day(RETURNED)) is Fate.WAITED


def test_an_attempt_without_end_has_no_other_fate() -> None:
    assert _fate(_reading(ENDLESS, until=13.0)) is Fate.UNENDED
    assert _fate(_reading(ENDLESS, until=13.0).returns(2.0)) is Fate.UNENDED
    assert _fate(_reading(ENDLESS, until=11.0)) is Fate.NOT_TRIED_AGAIN
    # nothing there is without end
    assert _fate(_reading("greeting_421", until=13.0)) is Fate.NOT_TRIED_AGAIN


@pytest.mark.parametrize("each", Fate)
def test_each_fate_has_a_sentence(each: Fate) -> None:
    told = why_not(each, load("rfc"))
    assert told
    assert ("the profile rfc accepts here" in told) is (
        each in (Fate.DELIVERED, Fate.DELIVERED_LATER, Fate.RETURNED)
    )
    assert set(fate._REASONS) == set(Fate)


def _repaired(*attempts: float) -> Story:
    story = Story(NEITHER).change(repaired=7.0, closed=13.0).look(2.0)
    for at in attempts:
        story.meets_fault(at) if at < 7.0 else story.looks_up(at)
    return story


def test_what_waited_for_a_repair_and_was_not_delivered() -> None:
    assert _fate(_repaired(1.2).look(12.0)) is Fate.NOT_TRIED_AGAIN
    assert _fate(_repaired(1.2, 3.3).look(12.0)) is Fate.NOT_DELIVERED
    assert _fate(_repaired(1.2, 9.3).look(12.0)) is Fate.NOT_DELIVERED
    assert _fate(_repaired(1.2, 9.3).look(12.0).delivers(9.4)) is Fate.WAITED


def test_what_vanished_is_missing_in_two_looks_in_a_row_and_nobody_was_told() -> None:
    gone = _repaired(1.2).look(9.0, None)
    assert _fate(gone) is Fate.NOT_TRIED_AGAIN
    gone.look(10.0, None)
    assert _fate(gone) is Fate.VANISHED
    assert _fate(_repaired(1.2).look(9.0, None).look(10.0, None).delivers(8.0)) is Fate.WAITED
    assert _fate(_repaired(1.2).look(9.0, None).look(10.0, None).returns(8.0)) is Fate.RETURNED_WRONGLY


# One fault of a relay each.
FAULTS = {
    Fate.DELIVERED_WRONGLY: waiting(NEITHER).delivers(2.0),
    Fate.RETURNED_WRONGLY: waiting(NEITHER).returns(2.0),
    Fate.DELIVERED_AND_GIVEN_UP: waiting(RETURNED).returns(2.0).delivers(9.0),
    Fate.VANISHED: _repaired(1.2).look(9.0, None).look(10.0, None),
    Fate.GIVEN_UP_EARLY: waiting(NEITHER).says(2.0, "450 no").returns(4.0),
    Fate.RETURNED_LATER: waiting(RETURNED).returns(4.0, status="5.1.2"),
    Fate.NOT_TRIED_AGAIN: _repaired(1.2).look(12.0),
    Fate.NOT_DELIVERED: _repaired(1.2, 3.3, 9.3).look(12.0),
}


class TestOwners:
    """One fault of a relay is one red verdict: that of the aspect which is about it."""

    @pytest.mark.parametrize("each", FAULTS)
    def test_the_owner_fails_and_nobody_fails_for_the_same(self, each: Fate) -> None:
        story, owner = FAULTS[each], owner_of(Course.HEALED, each)
        assert _fate(story) is each
        assert owner is not None
        assert story.judge(owner.name, "rfc").verdict in RED
        for name, aspect in ASPECT.items():
            fates = aspect.fates.get(Course.HEALED)
            if fates is None or each in fates or Course.HEALED not in aspect.courses:
                continue
            judged = story.judge(name, "rfc")
            assert judged.verdict is Verdict.NOT_APPLICABLE, name
            if not aspect.where(story.scenario.failure_mode, Course.HEALED):
                continue
            assert judged.because == f"test_{owner.name}[{owner.label(story.scenario)}]", name
            assert judged.reason.endswith(f"(see {owner.name})"), name

    def test_a_fate_that_is_nobodys_fault_has_no_owner(self) -> None:
        owned = {each for each in Fate if owner_of(Course.HEALED, each) is not None}
        assert owned == set(FAULTS)
        assert owned >= WRONG
        assert TRIED_AGAIN < DEFERRED

    def test_an_owner_speaks_of_what_it_owns(self) -> None:
        for aspect in ASPECT.values():
            for course in aspect.courses if aspect.owns else ():
                assert aspect.fates.get(course, set(Fate)) >= aspect.owns, aspect.name

    def test_two_owners_of_one_fate_are_a_mistake(self) -> None:
        def test_somebody_else(case: object) -> list[object]:
            return []

        with pytest.raises(
            AspectError, match="the aspects retried and somebody_else both own the fate not_tried"
        ):
            declare(Course.HEALED, owns={Fate.NOT_TRIED_AGAIN})(test_somebody_else)  # type: ignore[arg-type]

    def test_where_the_owner_does_not_fail_nobody_is_excused(self) -> None:
        story = _repaired(1.2).change(closed=7.5, repaired=3.0)
        story.queue_listings.clear()
        assert _fate(story) is Fate.NOT_TRIED_AGAIN
        assert story.change(closed=4.0).verdict("retried") is Verdict.INCONCLUSIVE
        assert story.verdict("recovers") is Verdict.INCONCLUSIVE


STORIES = {
    Fate.UNENDED: _reading(ENDLESS, until=13.0),
    Fate.DELIVERED: waiting(DELIVERED).delivers(2.0),
    Fate.DELIVERED_LATER: _unrepaired(DELIVERED).says(1.5, "450 4.7.0 no TLS").delivers(9.0),
    Fate.RETURNED: waiting(RETURNED).returns(2.0, status="5.1.2"),
}


@pytest.mark.parametrize(
    ("name", "each"),
    [
        (name, each)
        for name, aspect in ASPECT.items()
        for each in STORIES
        if each not in aspect.fates.get(Course.HEALED, set(Fate))
    ],
)
def test_an_aspect_that_does_not_speak_of_a_fate_has_nothing_to_judge(name: str, each: Fate) -> None:
    assert _fate(STORIES[each]) is each
    judged = STORIES[each].judge(name, "rfc")
    about = " (see times_out)" if each is Fate.UNENDED else ""
    assert (judged.verdict, judged.reason) == (Verdict.NOT_APPLICABLE, why_not(each, load("rfc")) + about)


def test_a_need_comes_before_the_fate() -> None:
    story = moved(RETURNED).returns(9.0)
    assert "returned the message at once" in story.judge("expires", "rfc").reason
    longer = story.staged.granted.__class__(
        retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=5 * 86400.0, granularity=0.1
    )
    assert "a lifetime of 120.0 h" in story.change(granted=longer).judge("expires", "rfc").reason


def test_a_relay_in_order_waited() -> None:
    assert _fate(good("connection_refused")) is Fate.WAITED


class TestWhatIsNeverLeftOut:
    """Beside a fate that is another aspect's: what was seen, and what is a fault of its own."""

    def test_a_second_copy(self) -> None:
        twice = waiting(NEITHER).delivers(2.0).delivers(9.0)
        assert _fate(twice) is Fate.DELIVERED_WRONGLY
        assert twice.judge("stays_queued").requirement.id == "queue/not-delivered"
        assert "2 copies arrived" in twice.judge("recovers").observed
        assert twice.verdict("recovers") is Verdict.FAIL

    def test_that_nobody_was_told(self) -> None:
        silent = waiting(NEITHER).says(2.0, "550 no", Outcome.PERMANENT)
        assert _fate(silent) is Fate.RETURNED_WRONGLY
        for profile in ("eop", "rfc"):
            judged = silent.judge("recovers", profile)
            assert (judged.verdict, judged.requirement.harm) == (Verdict.FAIL, Harm.LOST)
        assert silent.returns(2.5).verdict("recovers") is Verdict.NOT_APPLICABLE

    @pytest.mark.parametrize("each", sorted(FAULTS.keys() & fate.FAULTS))
    def test_without_the_owner_nobody_would_see_it(self, each: Fate) -> None:
        """A selection that leaves out the test which is about it must not pass."""
        story, owner = FAULTS[each], owner_of(Course.HEALED, each)
        assert owner is not None
        record, profile = story.record(), load("rfc")
        aspect = ASPECT["recovers"]
        judged = judge_among({aspect.test_name(story.scenario)}, aspect, story.scenario, record, profile)
        among = judge_among({owner.test_name(story.scenario)}, aspect, story.scenario, record, profile)
        assert (judged.verdict, judged.because) == (Verdict.FAIL, "")
        assert among.because in ("", owner.test_name(story.scenario))


class TestAfterTheRepair:
    """What a relay does once the fault is gone is no longer the fault's doing."""

    def _tried(self) -> Story:
        """Two attempts that met the fault; then one that reached the healthy server and delivered nothing."""
        story = waiting(NEITHER).says(2.0, "450 4.4.318 no").says(5.0, "450 4.4.318 no")
        assert story.staged.repaired is not None
        return story.connects(story.staged.repaired + 2.0)

    def test_given_up_then_is_no_return_while_it_lasted(self) -> None:
        story = self._tried()
        assert story.staged.repaired is not None
        story.returns(story.staged.repaired + 3.0)
        assert _fate(story) is Fate.NOT_DELIVERED
        assert story.case().outcome is Outcome.DEFERRED
        judged = story.judge("recovers")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "queue/recovers")
        assert "and the message was given up at" in judged.observed
        assert story.verdict("stays_queued") is Verdict.PASS

    def test_a_report_that_comes_late_was_decided_on_before(self) -> None:
        story = waiting(NEITHER).says(2.0, "450 4.4.318 no")
        assert story.staged.repaired is not None
        assert _fate(story.returns(story.staged.repaired + 0.5)) is Fate.GIVEN_UP_EARLY
        assert story.verdict("stays_queued") is Verdict.FAIL

    def test_lost_then_is_lost(self) -> None:
        story = self._tried()
        assert story.staged.repaired is not None
        assert story.staged.closed is not None
        story.says(story.staged.repaired + 3.0, "550 no", Outcome.PERMANENT)
        story.look(story.staged.closed - 2.0, None).look(story.staged.closed - 1.0, None)
        assert _fate(story) is Fate.VANISHED
        assert story.judge("stays_queued").requirement.id == "queue/not-lost"


class TestGivenUpEarly:
    """Deferred, then given up before its time: one red verdict, and what was shown before counts for itself."""

    def _story(
        self, text: str = "450 4.4.318 Connection was closed abruptly [Message=Closed it was]"
    ) -> Story:
        return waiting(NEITHER).says(2.0, text).says(5.0, text).returns(5.5)

    def test_what_was_shown_while_it_waited_is_judged(self) -> None:
        assert _fate(self._story()) is Fate.GIVEN_UP_EARLY
        assert self._story().verdict("error_code") is Verdict.PASS
        assert self._story("450 4.4.316 refused").verdict("error_code") is Verdict.FAIL

    def test_nothing_was_shown(self) -> None:
        story = waiting(NEITHER).returns(5.5)
        assert story.judge("error_code").because == f"test_stays_queued[{NEITHER}]"

    def test_the_gap_before_is_judged(self) -> None:
        assert self._story().verdict("retried") is Verdict.PASS
        once = Story(NEITHER).meets_fault(1.2).look(2.0).look(3.0).says(2.0, "450 no").returns(3.4)
        once.change(repaired=7.0, closed=13.0)
        assert _fate(once) is Fate.GIVEN_UP_EARLY
        assert once.judge("retried").because == f"test_stays_queued[{NEITHER}]"

    def test_a_relay_that_says_expired_has_given_up(self) -> None:
        story = waiting(NEITHER).says(2.0, "450 no").says(5.6, "delivery time expired", Outcome.EXPIRED)
        assert _fate(story) is Fate.GIVEN_UP_EARLY
        assert story.verdict("stays_queued") is Verdict.FAIL


@pytest.mark.parametrize(
    ("profile", "each", "requirement", "verdict"),
    [
        ("eop", Fate.DELIVERED_WRONGLY, "queue/not-delivered", Verdict.FAIL),
        ("rfc", Fate.DELIVERED_WRONGLY, "queue/not-delivered", Verdict.FAIL),
        ("eop", Fate.RETURNED_WRONGLY, "queue/kept", Verdict.FAIL),
        ("rfc", Fate.RETURNED_WRONGLY, "rfc/queued", Verdict.FAIL),
    ],
)
def test_where_only_the_code_is_asked_for_the_headline_is_what_happened(
    profile: str, each: Fate, requirement: str, verdict: Verdict
) -> None:
    """The headline was that of the code, and a MUST under every profile."""
    story = FAULTS[each]
    aspect = ASPECT["error_code"]
    only = {aspect.test_name(story.scenario)}
    judged = judge_among(only, aspect, story.scenario, story.record(), load(profile))
    assert (judged.requirement.id, judged.verdict, judged.level) == (
        requirement,
        verdict,
        judged.requirement.level,
    )
    assert judged.observed.startswith("outcome ")


def test_what_is_a_should_is_no_must_where_only_the_code_is_asked_for() -> None:
    story = waiting("malformed_at_ehlo").returns(2.0)
    aspect = ASPECT["error_code"]
    only = {aspect.test_name(story.scenario)}
    judged = judge_among(only, aspect, story.scenario, story.record(), load("rfc"))
    assert (judged.requirement.id, judged.verdict) == ("rfc/odd-reply-is-no-refusal", Verdict.DEVIATION)
