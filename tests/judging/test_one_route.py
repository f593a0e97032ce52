"""What is read otherwise where reports have no other way than the broken one."""

from __future__ import annotations

import pytest
from stories.days import MOMENTS, REPORT_OF_EXPIRY, moved, whole_day
from stories.staging import header
from stories.story import Story, observed
from stories.wire import fault, received

from conformance.catalogue.course import Course
from conformance.judging.fate import Fate
from conformance.judging.final_report import why_none_could_come
from conformance.judging.lifetime import given_up, given_up_since
from conformance.judging.one_route import left_queue
from conformance.judging.verdict import Verdict
from conformance.target import Capability, Outcome
from fake_servers import Event, Stage


def one_route(story: Story) -> Story:
    """Make the relay of a story one with one route for all mail."""
    capabilities = {*story.header.capabilities, Capability.ONE_ROUTE} - {Capability.MANY_CONNECTORS}
    assert {*header(besides=[Capability.ONE_ROUTE]).capabilities} >= capabilities
    story.header = header(
        lab=story.lab,
        without=[Capability.MANY_CONNECTORS],
        besides=[Capability.ONE_ROUTE],
        timing=story.scenario.timing,
        slack=story.header.slack,
    )
    return story


def given_up_at_once(mode: str = "greeting_554", *, repaired: float = 2.2) -> Story:
    """Return a message that was given up after its first attempt, and whose report met the same fault."""
    story = one_route(Story(mode)).change(repaired=repaired, closed=12.0)
    return story.meets_fault(1.2).meets_fault(1.4).look(1.6, None).look(1.7, None).look(9.0, None)


def said(*lines: str) -> list[Event]:
    return [received("mail", line) for line in lines]


class TestAttempts:
    def test_the_reports_own_attempt_is_none_at_the_message(self) -> None:
        story = given_up_at_once()
        assert [attempt.at for attempt in story.case().attempts] == [1.2]

    def test_of_other_relays_every_attempt_counts(self) -> None:
        story = given_up_at_once()
        story.header = header()
        assert [attempt.at for attempt in story.case().attempts] == [1.2, 1.4]

    def test_while_the_message_waits_every_attempt_is_its_own(self) -> None:
        story = one_route(Story("greeting_554")).change(repaired=9.0, closed=12.0)
        story.meets_fault(1.2).look(2.0).meets_fault(3.2).look(4.0).meets_fault(5.2)
        assert len(story.case().attempts) == 3
        story.look(6.0, None).look(6.1, None)
        assert [attempt.at for attempt in story.case().attempts] == [1.2, 3.2]

    @pytest.mark.parametrize(
        ("path", "number"), [("<>", 1), ("<greeting_554.healed@sender.test>", 2), ("< >", 2)]
    )
    def test_who_says_whose_mail_it_is_is_believed(self, path: str, number: int) -> None:
        story = one_route(Story("greeting_554")).change(repaired=9.0, closed=12.0)
        story.meets_fault(1.2)
        story.connects(1.4, fault("played", "greeting"), *said(f"MAIL FROM:{path} SIZE=10"))
        story.look(1.6, None).look(1.7, None)
        assert len(story.case().attempts) == number

    def test_of_a_message_with_the_null_reverse_path_nothing_is_a_reports(self) -> None:
        story = one_route(Story("connection_refused", course=Course.NULL_SENDER))
        story.change(milestones=MOMENTS, closed=80.0).probes(0.1)
        story.meets_fault(1.2).meets_fault(21.0).look(25.0, None).look(26.0, None)
        assert len(story.case().attempts) == 2

    @pytest.mark.parametrize("mode", ["connection_refused", "dns_servfail", "certificate_expired"])
    def test_who_offers_the_message_again_is_seen_whatever_the_witness_looks_at(self, mode: str) -> None:
        story = one_route(Story(mode)).change(reports_pass=2.0, closed=12.0)
        for host in (0.1, 2.01):
            if mode == "connection_refused":
                story.probes(host)
        story.meets_fault(1.2).look(1.6, None).look(1.7, None)
        story.looks_up(3.0).connects(3.01, *said("MAIL FROM:<>"))  # the report
        assert [attempt.at for attempt in story.case().attempts] == [1.2]
        story.connects(5.0, *said(f"MAIL FROM:<{story.staged.sender}>"), fault("reply", Stage.MAIL))
        assert [attempt.at for attempt in story.case().attempts] == [1.2, 5.0]

    def test_an_attempt_before_the_time_was_up_is_the_messages(self) -> None:
        story = one_route(whole_day("greeting_421")).without_messages()
        whole = len(story.case().attempts)
        story.queue_listings = [each for each in story.queue_listings if each.at < 20.0]
        story.look(25.9, None).look(26.0, None).meets_fault(25.2)
        assert len(story.case().attempts) == whole


class TestLeftQueue:
    def test_it_is_known_between_two_listings(self) -> None:
        story = one_route(Story("greeting_421")).look(2.0).look(3.0, None).look(3.1, None)
        assert left_queue(story.evidence()) == (1.99, 3.0)

    def test_who_was_never_listed_may_have_left_at_once(self) -> None:
        story = one_route(Story("greeting_421")).look(2.0, None).look(3.0, None)
        assert left_queue(story.evidence()) == (story.staged.submitted, 2.0)

    def test_one_listing_proves_nothing(self) -> None:
        assert left_queue(one_route(Story("greeting_421")).look(2.0).look(3.0, None).evidence()) is None

    def test_who_arrived_was_not_given_up(self) -> None:
        story = one_route(Story("greeting_421")).look(2.0).delivers(2.5).look(3.0, None).look(4.0, None)
        assert left_queue(story.evidence()) is None

    def test_who_was_still_there_after_the_repair_was_not_given_up_for_the_fault(self) -> None:
        story = one_route(Story("greeting_421")).change(repaired=1.5, closed=9.0)
        story.look(2.0).look(3.0, None).look(3.1, None)
        assert left_queue(story.evidence()) is None

    def test_other_relays_tell_by_their_report(self) -> None:
        assert left_queue(Story("greeting_421").look(2.0).look(3.0, None).look(3.1, None).evidence()) is None


class TestGivenUpAtOnce:
    def test_the_queue_says_so_where_no_report_can(self) -> None:
        case = given_up_at_once().case("rfc", "recovers")
        assert (case.outcome, case.fate) == (Outcome.PERMANENT, Fate.RETURNED)
        assert given_up_at_once().case("eop", "recovers").fate is Fate.RETURNED_WRONGLY

    def test_where_the_profile_accepts_it_there_is_nothing_to_judge(self) -> None:
        story = given_up_at_once()
        for aspect in ("stays_queued", "retried", "recovers"):
            assert story.verdict(aspect, "rfc") is Verdict.NOT_APPLICABLE
        assert "gave the message up at once" in story.judge("recovers", "rfc").reason

    def test_where_it_does_not_it_is_a_failure(self) -> None:
        story = given_up_at_once()
        assert "not in the queue at" in observed(story, "stays_queued")
        assert "(see stays_queued)" in observed(story, "recovers", Verdict.NOT_APPLICABLE)

    def test_with_a_report_that_came_after_the_repair_all_is_told(self) -> None:
        story = given_up_at_once().returns(3.0)
        assert story.verdict("recovers", "rfc") is Verdict.PASS

    def test_where_reports_pass_all_along_a_missing_one_is_missed(self) -> None:
        story = one_route(Story("reply_4yz_at_rcpt")).change(repaired=2.2, closed=12.0)
        story.meets_fault(1.2).look(1.6, None).look(1.7, None)
        assert why_none_could_come(story.case(aspect="recovers")) == ""


def expiring(mode: str = "connection_refused") -> Story:
    """Return a message that left the queue at 24h15, for whose report the way was healed then."""
    story = one_route(moved(mode, until="23h55"))
    begin = MOMENTS["24h15"]
    story.change(reports_pass=begin + 2.0).probes(begin + 2.0)
    for at in (1.0, 1.5, 9.0):
        story.look(begin + at, None)
    return story


class TestExpiry:
    def test_a_report_that_had_to_wait_is_no_late_one(self) -> None:
        story = expiring()
        story.returns(MOMENTS["25h05"] + 1.0, content=REPORT_OF_EXPIRY(story.staged))
        case = story.case()
        assert given_up(case) == MOMENTS["24h15"] + 1.0
        assert given_up_since(case) == pytest.approx(MOMENTS["23h55"] + 8.49)
        for aspect in ("expires", "one_ndr", "ndr_form", "ndr_status"):
            judged = story.judge(aspect)
            assert (judged.verdict, judged.observed) == (Verdict.PASS, judged.observed)

    def test_a_report_that_never_comes_is_missed(self) -> None:
        story = expiring()
        assert observed(story, "expires").startswith(
            "no report until 30h, and gone from the queue at an age of 24 h"
        )
        for aspect in ("one_ndr", "ndr_form"):
            assert "(see expires)" in observed(story, aspect, Verdict.NOT_APPLICABLE)

    def test_where_the_queue_never_showed_that_one_was_due_nothing_is_missed(self) -> None:
        story = one_route(moved("connection_refused", until="23h55"))
        story.look(MOMENTS["30h"] + 5.0, None)
        for aspect in ("expires", "one_ndr", "ndr_form"):
            assert story.verdict(aspect) is Verdict.NOT_APPLICABLE
            assert "which stayed broken" in story.judge(aspect).reason

    def test_who_keeps_it_for_ever_is_told_so(self) -> None:
        story = one_route(moved("connection_refused"))
        assert "no report" in observed(story, "expires")

    def test_who_gives_up_early_is_told_so_though_no_report_could_come(self) -> None:
        story = one_route(moved("connection_refused", until="12h"))
        for stop in ("23h", "23h55", "24h15"):
            story.look(MOMENTS[stop] + 5.0, None).look(MOMENTS[stop] + 6.0, None)
        assert "given up at an age of" in observed(story, "expires")

    def test_a_listing_a_second_ends_no_compressed_day_too_late(self) -> None:
        story = one_route(whole_day("connection_refused")).without_messages()
        story.queue_listings = [each for each in story.queue_listings if each.at < 24.9]
        story.look(27.4, None).look(27.5, None).change(reports_pass=27.6, closed=30.0).probes(27.6)
        story.returns(28.5, content=REPORT_OF_EXPIRY(story.staged))
        judged = story.judge("expires")
        assert (judged.verdict, judged.observed) == (Verdict.PASS, judged.observed)
        story.look(27.0)
        story.queue_listings.sort(key=lambda each: each.at)
        assert story.judge("expires").only_late
