"""The aspects of a whole day on hand-made records, on the compressed clock and on a moved one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from stories.days import CLOSED, MOMENTS, REPORT_OF_EXPIRY, after_jump, expired, healed_late, moved, whole_day
from stories.reports import delay_notice, exchange_like
from stories.staging import TOLD
from stories.story import ASPECT, Story, observed

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.verdict import Verdict
from conformance.target import Outcome
from fake_servers.events import DnsAnswer, DnsQuery, RelayKilled, SmtpMessage

MODES = TOLD
ENDS = ["expires", "one_ndr", "ndr_form", "ndr_status"]
PERMITTED = "dns_nxdomain"  # the profile rfc lets the relay return it at once


@pytest.mark.parametrize("lab", ["loopback", "namespace"])
@pytest.mark.parametrize("mode", MODES)
def test_a_relay_that_does_it_right_passes_on_a_moved_clock(mode: str, lab: str) -> None:
    section = ALL[mode].section
    exchange = partial(exchange_like, status=f"5.{section.partition('.')[2]}")
    for report in (REPORT_OF_EXPIRY, exchange):
        for profile in ("eop", "eop-observed", "rfc"):
            story = expired(mode, lab=lab, report=report)
            judged = {name: story.judge(name, profile) for name in ENDS}
            assert {n: (j.verdict, j.observed) for n, j in judged.items() if j.verdict != "pass"} == {}


@pytest.mark.parametrize("lab", ["loopback", "namespace"])
@pytest.mark.parametrize("mode", FULL_DAY)
@pytest.mark.parametrize("profile", ["eop", "rfc"])
def test_a_relay_that_does_it_right_passes_on_a_compressed_day(mode: str, lab: str, profile: str) -> None:
    story = whole_day(mode, lab=lab)
    judged = {name: story.judge(name, profile) for name in ("expires", "one_ndr", "retried_all_day")}
    assert {n: (j.verdict, j.observed) for n, j in judged.items() if j.verdict != "pass"} == {}


@pytest.mark.parametrize("mode", ["connection_refused", "greeting_421"])
def test_without_the_fault_nothing_passes(mode: str) -> None:
    for name in ENDS:
        story = expired(mode)
        story.events = [event for event in story.events if isinstance(event, SmtpMessage)]
        assert story.verdict(name) is Verdict.INCONCLUSIVE


class TestExpires:
    @pytest.mark.parametrize(
        ("at", "age", "eop", "rfc"),
        [
            ("24h15", "", Verdict.PASS, Verdict.PASS),
            ("25h05", "25 h 06 min 01 s", Verdict.DEVIATION, Verdict.PASS),
            ("30h", "30 h 01 min 11 s", Verdict.DEVIATION, Verdict.FAIL),
        ],
    )
    def test_late(self, at: str, age: str, eop: Verdict, rfc: Verdict) -> None:
        story = expired("connection_refused", at=at)
        assert age in observed(story, "expires", eop)
        assert story.verdict("expires", "rfc") is rfc

    def test_never(self) -> None:
        judged = moved("connection_refused").judge("expires")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "lifetime/ends")
        assert judged.observed == "no report until 30h"

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_early(self, profile: str) -> None:
        story = expired("connection_refused").returns(MOMENTS["23h"] + 1.0)
        assert observed(story, "expires", profile=profile) == "given up at an age of 23 h 00 min 30 s"
        assert story.judge("expires").requirement.id == "lifetime/not-early"

    def test_lost_early_and_returned_late(self) -> None:
        story = expired("connection_refused").look(MOMENTS["23h55"] + 8.5, None)
        assert "not in the queue at 1 of 6 looks" in observed(story, "expires")

    def test_never_looked(self) -> None:
        assert "never seen" in observed(
            expired("connection_refused").without_listings(), "expires", Verdict.INCONCLUSIVE
        )

    @pytest.mark.parametrize(
        ("at", "verdict", "told"),
        [
            (24.80, Verdict.FAIL, "given up at an age of 23.8 h"),
            (24.95, Verdict.PASS, "in the queue at 23 looks"),
            (26.50, Verdict.PASS, "in the queue at 23 looks"),
            (26.52, Verdict.DEVIATION, "returned at an age of 25.5 h"),
        ],
    )
    def test_on_a_compressed_clock(self, at: float, verdict: Verdict, told: str) -> None:
        story = whole_day("greeting_421").without_messages().returns(at)
        assert observed(story, "expires", verdict) == told
        assert story.judge("expires").only_late is (verdict is Verdict.DEVIATION)

    def test_never_on_a_compressed_clock(self) -> None:
        assert "no report in 29.0 h" in observed(whole_day("greeting_421").without_messages(), "expires")

    def test_a_delay_notice_is_no_report(self) -> None:
        story = moved("connection_refused")
        story.returns(MOMENTS["12h"] + 1, content=delay_notice(story.staged))
        assert "no report" in observed(story, "expires")

    def test_its_own_word_is_not_enough(self) -> None:
        story = (
            expired("connection_refused")
            .without_messages()
            .says(MOMENTS["24h15"], "expired", Outcome.PERMANENT)
        )
        assert "no report" in observed(story, "expires")


class TestReturnedAtOnce:
    """Where a profile accepts that, it is not mixed up with the end of a lifetime."""

    @pytest.mark.parametrize("name", [*ENDS, "delay_notice"])
    def test_returned_before_the_clock_moved(self, name: str) -> None:
        story = moved(PERMITTED, until="24h15").returns(2.0, status="5.1.2")
        assert story.verdict(name, "rfc") is Verdict.NOT_APPLICABLE
        assert story.judge("expires").requirement.id == "lifetime/not-early"
        assert story.verdict("expires") is Verdict.FAIL

    def test_returned_after_twelve_hours_is_early(self) -> None:
        story = expired(PERMITTED).returns(MOMENTS["12h"] + 1.0)
        assert observed(story, "expires", profile="rfc") == "given up at an age of 12 h 00 min 20 s"

    def test_two_reports_after_the_day_are_two(self) -> None:
        story = expired(PERMITTED).returns(CLOSED - 1.0)
        assert observed(story, "one_ndr", profile="rfc") == "2 reports"

    @pytest.mark.parametrize(("at", "verdict"), [(1.9, Verdict.NOT_APPLICABLE), (2.1, Verdict.FAIL)])
    def test_on_a_compressed_clock_at_once_is_the_first_hour(self, at: float, verdict: Verdict) -> None:
        story = Story(PERMITTED, course=Course.DAY).change(closed=30.0).returns(at)
        assert story.meets_fault(1.2).look(1.5).verdict("expires", "rfc") is verdict
        assert story.verdict("expires") is Verdict.FAIL


class TestAnotherLifetime:
    def _story(self, hours: float) -> Story:
        story = moved("connection_refused")
        return story.change(granted=replace(story.staged.granted, queue_lifetime=hours * 3600))

    @pytest.mark.parametrize("name", [*ENDS, "delay_notice"])
    def test_the_rfcs_leave_it_to_the_relay(self, name: str) -> None:
        judged = self._story(120.0).judge(name, "rfc")
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert "granted a lifetime of 120.0 h" in judged.observed

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize("name", ["expires", "one_ndr", "retried_all_day"])
    @pytest.mark.parametrize(
        ("granted", "verdict"),
        [(48.0, "not_applicable"), (23.9, "not_applicable"), (24.05, "pass"), (23.95, "pass")],
    )
    def test_on_a_compressed_clock_only_what_was_asked_for_stands_for_24_hours(
        self, granted: float, verdict: str, name: str, profile: str
    ) -> None:
        story = whole_day("greeting_421")
        judged = story.change(granted=replace(story.staged.granted, queue_lifetime=granted)).judge(
            name, profile
        )
        assert judged.verdict == verdict, judged.observed
        told = f"granted a lifetime of {granted:g} s where 24 s were to stand for 24 h"
        assert (told in judged.observed) is (verdict == "not_applicable")

    def test_on_a_compressed_clock_a_granularity_is_no_other_lifetime(self) -> None:
        story = whole_day("greeting_421")
        coarse = replace(story.staged.granted, queue_lifetime=25.0, granularity=1.0)
        assert story.change(granted=coarse).verdict("one_ndr") is Verdict.PASS

    def test_the_source_document_does_not(self) -> None:
        assert self._story(120.0).verdict("expires", "eop") is Verdict.FAIL
        assert self._story(24.05).verdict("expires", "rfc") is Verdict.FAIL


class TestHealedLate:
    @pytest.mark.parametrize("mode", FULL_DAY)
    @pytest.mark.parametrize("course", ASPECT["healed_late"].courses)
    def test_delivered(self, mode: str, course: Course) -> None:
        for profile in ("eop", "rfc"):
            assert observed(healed_late(mode, course), "healed_late", Verdict.PASS, profile)

    def test_what_is_wrong(self) -> None:
        def story() -> Story:
            return healed_late("close_at_data", Course.HEALED_12H)

        nothing = observed(story().without_messages(), "healed_late")
        assert nothing == "nothing arrived after the repair"
        assert "2 copies" in observed(story().delivers(60.0), "healed_late")
        assert "in spite of" in observed(story().delivers(5.0), "healed_late")
        assert "returned in a report" in observed(story().returns(60.0), "healed_late")
        altered = story().without_messages().delivers(21.0, content=b"Subject: x\r\n\r\n")
        assert "the body" in observed(altered, "healed_late")

    def test_one_too_many_is_not_taken_back(self) -> None:
        def story() -> Story:
            return healed_late("close_at_data", Course.HEALED_12H)

        assert story().delivers(60.0).judge("healed_late").conclusive
        assert story().returns(60.0).judge("healed_late").conclusive
        assert not story().without_messages().judge("healed_late").conclusive
        assert not story().without_messages().returns(60.0).judge("healed_late").conclusive
        assert not story().without_messages().delivers(5.0).judge("healed_late").conclusive


class TestSurvivesRestart:
    def _story(self, at: str = "24h15", mode: str = "greeting_421") -> Story:
        story = expired(mode, at=at)
        kept = Story(mode, course=Course.RESTARTED)
        kept.change(milestones=MOMENTS, closed=CLOSED)
        kept.events, kept.queue_listings = story.events, []
        ours = kept.staged.recipient
        for look in story.queue_listings:
            kept.queue_listings.append(
                replace(look, waiting=[replace(message, recipient=ours) for message in look.waiting])
            )
        kept.without_messages()
        dead = MOMENTS["12h"] + 8.2
        kept.note(RelayKilled(at=dead, moment="12h", asked=dead - 0.1))
        return kept.returns(MOMENTS[at] + 1.0)

    def test_kept(self) -> None:
        assert self._story().verdict("survives_restart") is Verdict.PASS

    def test_forgotten(self) -> None:
        story = self._story().without_messages().look(MOMENTS["12h"] + 8.5, None)
        assert (
            observed(story, "survives_restart")
            == "not in the queue after the restart, at an age of 12 h 00 min 28 s"
        )

    def test_a_spool_is_read_message_by_message(self) -> None:
        story = self._story()
        restarted = MOMENTS["12h"] + 8.3
        story.queue_listings = [look for look in story.queue_listings if look.at < restarted]
        for after, listed in ((0.1, False), (0.2, False), (0.3, True)):
            story.look(restarted + after, "" if listed else None)
        assert story.verdict("survives_restart") is Verdict.PASS
        story.look(restarted + 1.0, None)
        assert "not in the queue after the restart" in observed(story, "survives_restart")

    def test_its_age_begins_again(self) -> None:
        story = self._story().without_messages()
        assert observed(story, "survives_restart") == "not returned until 30h"  # and gone, when last asked
        story.look(MOMENTS["30h"] + 1.0)
        assert (
            observed(story, "survives_restart")
            == "not returned until 30h, in the queue at an age of 30 h 01 min 10 s"
        )

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    @pytest.mark.parametrize("at", ["25h05", "30h"])
    def test_late_is_no_fault_of_the_restart(self, at: str, profile: str) -> None:
        assert self._story(at).verdict("survives_restart", profile) is Verdict.PASS

    def test_early_and_twice(self) -> None:
        early = self._story().returns(MOMENTS["23h"] + 1.0)
        assert observed(early, "survives_restart") == "returned at an age of 23 h 00 min 30 s"
        assert observed(self._story().returns(70.0), "survives_restart") == "returned 2 times"

    def test_a_second_report_is_not_taken_back(self) -> None:
        assert self._story().returns(70.0).judge("survives_restart").conclusive
        assert not self._story().without_messages().judge("survives_restart").conclusive
        early = self._story().without_messages().returns(MOMENTS["23h"] + 1.0)
        assert early.verdict("survives_restart") is Verdict.FAIL
        assert not early.judge("survives_restart").conclusive

    def test_never_killed(self) -> None:
        story = self._story()
        story.events = [event for event in story.events if not isinstance(event, RelayKilled)]
        assert "never killed" in observed(story, "survives_restart", Verdict.INCONCLUSIVE)

    def test_never_looked_after_the_restart(self) -> None:
        story = self._story()
        story.queue_listings = [look for look in story.queue_listings if look.at < MOMENTS["12h"] + 8.3]
        assert "never seen" in observed(story, "survives_restart", Verdict.INCONCLUSIVE)


class TestRetriedAllDay:
    def test_two_hours_between_attempts(self) -> None:
        story = whole_day("greeting_421", gaps=(0.25, 0.25, *(2.0,) * 12))
        judged = story.judge("retried_all_day")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "lifetime/gaps")
        assert judged.only_late

    def test_at_once(self) -> None:
        story = whole_day("greeting_421", gaps=(0.25, 0.25, 0.05, *(1.0,) * 24))
        told = observed(story, "retried_all_day", Verdict.DEVIATION)
        assert "gaps of 15 to 18, 15 to 18, 3 to 6, 60 to 63" in told
        assert "; the one of 3 to 6 min before the attempt at an age of 0.9 h is too short" in told
        assert not story.judge("retried_all_day").only_late
        assert story.verdict("retried_all_day", "rfc") is Verdict.FAIL

    def test_the_gap_that_is_wrong_is_named_though_it_is_not_among_the_first(self) -> None:
        story = whole_day("greeting_421", gaps=(0.25, 0.25, *(1.0,) * 13, 3.0, *(1.0,) * 7))
        told = observed(story, "retried_all_day", Verdict.DEVIATION)
        assert told.partition(";")[0].endswith("60 to 63 min, ...")
        assert "; the one of 180 to 183 min before the attempt at an age of 18.1 h is too long" in told

    def test_given_up_after_six_hours(self) -> None:
        story = whole_day("greeting_421", gaps=(0.25, 0.25, *(1.0,) * 6))
        judged = story.judge("retried_all_day")
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "lifetime/retried-to-the-end")

    def test_one_attempt(self) -> None:
        assert "1 attempt" in observed(whole_day("greeting_421", gaps=()), "retried_all_day")

    def test_looked_up_once(self) -> None:
        story = whole_day("greeting_421")
        first = [event for event in story.events if isinstance(event, DnsQuery | DnsAnswer)][:2]
        story.events = [
            event for event in story.events if not isinstance(event, DnsQuery | DnsAnswer)
        ] + first
        told = observed(story, "retried_all_day", Verdict.DEVIATION)
        assert "23 of them without a look-up" in told

    @pytest.mark.parametrize("mode", ["connection_refused", "host_unreachable"])
    def test_where_only_look_ups_are_seen_they_are_not_judged(self, mode: str) -> None:
        judged = whole_day(mode).judge("retried_all_day")
        assert {finding.requirement for finding in judged.findings} == {
            "lifetime/gaps",
            "lifetime/retried-to-the-end",
        }

    @pytest.mark.parametrize(
        ("granularity", "first", "longest", "day"),
        [(0.06, 0.25, 1.0, 29), (0.01, 0.25, 1.1, 27), (0.01, 1.0, 1.0, 96), (0.01, 0.26, 1.0, 25)],
    )
    def test_too_coarse_for_the_day(self, granularity: float, first: float, longest: float, day: int) -> None:
        story = whole_day("greeting_421")
        granted = replace(
            story.staged.granted, granularity=granularity, retry_interval=first, max_retry_interval=longest
        )
        told = observed(story.change(granted=granted), "retried_all_day", Verdict.NOT_APPLICABLE)
        assert f"--conformance-day={day} would do" in told

    def test_a_gap_of_an_hour_is_not_one_of_fifteen_minutes_because_it_was_granted(self) -> None:
        story = whole_day("greeting_421", gaps=(1.0,) * 24)
        assert story.verdict("retried_all_day") is Verdict.DEVIATION
        story.change(granted=replace(story.staged.granted, retry_interval=1.0))
        assert "first gap 1.0 s" in observed(story, "retried_all_day", Verdict.NOT_APPLICABLE)


class TestClockMoved:
    @pytest.mark.parametrize(
        ("hours", "verdict"), [(30.0, Verdict.PASS), (28.9, Verdict.FAIL), (0.0, Verdict.FAIL)]
    )
    def test_by_so_many_hours(self, hours: float, verdict: Verdict) -> None:
        assert after_jump(hours).verdict("clock_moved") is verdict

    def test_nothing_arrived(self) -> None:
        assert observed(Story("moved_clock", number=80), "clock_moved") == "nothing arrived"

    def _with(self, *fields: str) -> Story:
        story = Story("moved_clock", number=80)
        dated = b"\r\n".join(
            b"Date: Mon, 23 Nov 2026 12:00:00 +0000" if line.startswith(b"Date:") else line
            for line in story.staged.content.split(b"\r\n")
        )
        return story.delivers(1.5, content="".join(f"Received: {f}\r\n" for f in fields).encode() + dated)

    @pytest.mark.parametrize(
        "stamp",
        [
            "Tue, 24 Nov 2026 18:00:00 +0000",
            "Tue, 24 Nov 2026 20:00:00 +0200 (EET)",
            "Wed, 25 Nov 2026 08:00:00 +1400",
            "Tue, 24 Nov 2026 18:00:00 GMT",
            "Tue, 24 Nov 2026 18:00:00 -0000",
        ],
    )
    def test_a_stamp_in_any_zone(self, stamp: str) -> None:
        assert self._with(f"from a by b;\r\n {stamp}").verdict("clock_moved") is Verdict.PASS

    def test_local_time_that_only_looks_a_day_ahead(self) -> None:
        story = self._with("by b; Tue, 24 Nov 2026 02:00:00 +1400")
        assert "0.0 hours" in observed(story, "clock_moved")

    @pytest.mark.parametrize("stamp", ["by b", "by b;", "by b; tomorrow", "by b; Tue, 24 Nov 2026 18:00:00"])
    def test_no_date(self, stamp: str) -> None:
        assert "no date in Received" in observed(self._with(stamp), "clock_moved")
        both = self._with(stamp, "by b; Tue, 24 Nov 2026 18:00:00 +0000", stamp)
        assert both.verdict("clock_moved") is Verdict.PASS

    def test_no_such_field(self) -> None:
        assert "there is no such field" in observed(self._with(), "clock_moved")
