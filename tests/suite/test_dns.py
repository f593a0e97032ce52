"""The aspects of DNS, MX routing and several hosts on hand-made records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good_control, observed, waiting
from stories.wire import answer, fault, query, sent

from conformance.evidence.site import Site
from conformance.judging.verdict import Verdict


def _asks(story: Story, at: float, type: str = "A", way: str = "records", *records: str) -> Story:
    """Ask for the records of the recipient domain (MX), or for the address of the first host."""
    name = story.staged.domain if type == "MX" else story.site().name
    return story.note(answer(name, way, *records, type=type, id=int(at * 1000), at=at))


class TestAvoids:
    @staticmethod
    def _null_mx() -> Story:
        story = Story("mx_null")
        domain = story.staged.domain
        story.change(sites=[Site(name=domain, host="127.1.1.1", port=25)])
        return _asks(story, 1.1, "MX", "records", "0 .")

    def test_no_connection(self) -> None:
        assert observed(self._null_mx(), "avoids", Verdict.PASS) == "none"

    def test_a_connection_is_enough(self) -> None:
        told = observed(self._null_mx().connects(1.2), "avoids", Verdict.FAIL)
        assert "a connection to mx-null.rejected.test (127.1.1.1) at 0.20 s" in told

    def test_other_mx_records_are_no_null_mx(self) -> None:
        story = self._null_mx()
        story.events.clear()
        _asks(story, 1.1, "MX", "records", f"10 {story.staged.domain}.")
        assert story.verdict("avoids") is Verdict.INCONCLUSIVE

    @staticmethod
    def _better(asked: float, answered: float | None, connects: float) -> Story:
        """Look up the better of two hosts, and go to the other one."""
        story = Story("mx_preference")
        name, records = story.site(1).name, (story.site(1).host,)
        story.note(query(name, at=asked, id=7))
        if answered is not None:
            story.note(answer(name, "records", *records, at=answered, id=7))
        return story.delivers(connects + 0.05)

    @pytest.mark.parametrize(
        ("answered", "connects", "verdict"),
        [
            (1.2, 1.3, Verdict.FAIL),
            (1.2, 2.5, Verdict.FAIL),
            (1.2, 3.1, Verdict.INCONCLUSIVE),  # as late as a time-out of 2 s
            (3.2, 1.3, Verdict.INCONCLUSIVE),  # answered only then
            (None, 1.3, Verdict.INCONCLUSIVE),
        ],
    )
    def test_a_look_up_of_the_better_host_that_may_have_timed_out_accuses_nobody(
        self, answered: float | None, connects: float, verdict: Verdict
    ) -> None:
        story = self._better(1.1, answered, connects)
        assert story.verdict("avoids") is verdict
        assert not story.judge("avoids").conclusive

    def test_what_we_were_late_is_part_of_that(self) -> None:
        story = self._better(1.1, 2.3, 2.4)
        assert story.verdict("avoids") is Verdict.FAIL
        assert story.change(lag=0.9).verdict("avoids") is Verdict.INCONCLUSIVE

    @pytest.mark.parametrize(("again", "verdict"), [(1.21, Verdict.FAIL), (1.8, Verdict.INCONCLUSIVE)])
    def test_whoever_asks_again_long_after_the_answer_did_not_have_it(
        self, again: float, verdict: Verdict
    ) -> None:
        story = self._better(1.1, 1.2, 1.9).looks_up(again, host=1)
        story.events.sort(key=lambda event: event.at)
        assert story.verdict("avoids") is verdict

    def test_whoever_goes_nowhere_avoids_nothing(self) -> None:
        assert Story("mx_preference").verdict("avoids") is Verdict.INCONCLUSIVE
        assert good_control("mx_preference").verdict("avoids") is Verdict.FAIL


class TestDeliversAnyway:
    def test_what_was_not_met_need_not_be_judged(self) -> None:
        story = Story("first_host_greets_421")
        assert story.verdict("delivers_anyway") is Verdict.INCONCLUSIVE
        assert story.delivers(1.5).verdict("delivers_anyway") is Verdict.NOT_APPLICABLE

    def test_what_cannot_be_missed_is_inconclusive(self) -> None:
        assert Story("dns_slow").delivers(1.5).verdict("delivers_anyway") is Verdict.INCONCLUSIVE

    def test_a_deferral_in_between_is_a_deviation(self) -> None:
        story = _asks(Story("dns_truncated"), 1.1, "A", "truncated").says(1.2, "450 4.4.312 DNS query failed")
        told = observed(story.delivers(3.5), "delivers_anyway", Verdict.DEVIATION)
        assert "not at the first attempt (450 4.4.312 DNS query failed)" in told

    def test_who_wakes_seldom_begins_late(self) -> None:
        met = fault("reply")
        story = Story("first_host_greets_421").connects(3.1, met).says(3.2, "421 4.3.2 Try the next")
        story.delivers(3.5, host=1)
        assert story.verdict("delivers_anyway") is Verdict.DEVIATION
        story.change(granted=replace(story.staged.granted, granularity=3.0))
        assert story.verdict("delivers_anyway") is Verdict.PASS

    def test_who_waits_for_the_other_family_delivers_at_the_first_attempt(self) -> None:
        story = _asks(Story("dns_aaaa_silent"), 1.1, "AAAA", "silence").delivers(3.2)
        assert story.verdict("delivers_anyway") is Verdict.PASS
        story = _asks(Story("dns_aaaa_silent"), 1.1, "AAAA", "silence").delivers(5.2)
        assert story.verdict("delivers_anyway") is Verdict.DEVIATION

    def test_a_log_line_for_each_host_is_no_deferral(self) -> None:
        met = fault("reply")
        story = Story("first_host_greets_421").connects(1.1, met).says(1.2, "421 4.3.2 Try the next")
        assert story.delivers(1.5, host=1).verdict("delivers_anyway") is Verdict.PASS

    def test_a_later_attempt_is_one_whatever_the_relay_shows(self) -> None:
        met = fault("reply")
        story = Story("first_host_greets_421").connects(1.1, met)
        assert story.delivers(1.5, host=1).verdict("delivers_anyway") is Verdict.PASS
        story = Story("first_host_greets_421").connects(1.1, met).delivers(3.2, host=1)
        assert "began 2." in observed(story, "delivers_anyway", Verdict.DEVIATION)

    def test_who_passes_the_next_host_by_is_not_late(self) -> None:
        """No busy machine keeps a relay from asking for a host; one that has begun with it may be late there."""
        story = Story("first_host_greets_421").connects(1.1, fault("reply")).delivers(3.2, host=1)
        assert story.judge("delivers_anyway").conclusive
        story = Story("first_host_greets_421").connects(1.1, fault("reply")).connects(1.2, host=1)
        judged = story.delivers(3.6, host=1).judge("delivers_anyway")
        assert (judged.only_late, judged.conclusive) == (True, False)

    def test_a_missing_family_that_was_no_error_is_not_the_fault(self) -> None:
        story = _asks(Story("dns_aaaa_servfail"), 1.1, "AAAA", "nodata").delivers(1.5)
        assert story.verdict("delivers_anyway") is Verdict.NOT_APPLICABLE
        _asks(story, 1.1, "AAAA", "servfail")
        assert story.verdict("delivers_anyway") is Verdict.PASS


class TestRefreshes:
    """The repair is at 6 s, the time to live 3 s, the interval 2 s with 0.1 s of granularity, the slack 1 s."""

    @staticmethod
    def _negative(*questions: float) -> Story:
        story = Story("stale_nxdomain").change(closed=20.0)
        for at in (1.2, 4.5):
            story.looks_up(at, "nxdomain")
        for at in questions:
            story.looks_up(at)
        return story

    @pytest.mark.parametrize(
        ("at", "verdict"), [(6.1, Verdict.PASS), (13.0, Verdict.PASS), (13.2, Verdict.FAIL)]
    )
    def test_asked_again_in_time(self, at: float, verdict: Verdict) -> None:
        judged = self._negative(at).judge("refreshes")
        assert judged.verdict is verdict
        assert f"asked again {at - 6.0:.1f} s after the repair" in judged.observed
        assert judged.only_late is (verdict is Verdict.FAIL)

    def test_never_asked_again(self) -> None:
        story = self._negative()
        assert "no question for 14.0 s" in observed(story, "refreshes", Verdict.FAIL)
        assert not story.judge("refreshes").only_late

    def test_a_failure_that_is_kept_is_a_deviation(self) -> None:
        story = Story("dns_servfail").looks_up(1.2, "servfail").looks_up(3.3, "servfail")
        assert "no question" in observed(story, "refreshes", Verdict.DEVIATION)
        assert story.looks_up(8.0).verdict("refreshes") is Verdict.PASS

    @staticmethod
    def _moved(*attempts: float) -> Story:
        story = Story("stale_address").change(closed=20.0)
        met = fault("reply")
        for at in (1.2, 3.5, *attempts):
            story.connects(at, met)
        return story.looks_up(6.5)

    def test_the_old_server_until_the_time_to_live_is_over(self) -> None:
        assert self._moved(7.0, 9.5).verdict("refreshes") is Verdict.PASS
        assert "old server was still tried" in observed(self._moved(7.0, 10.5), "refreshes", Verdict.FAIL)

    def test_delivered_before_the_repair(self) -> None:
        assert self._negative().delivers(3.0).verdict("refreshes") is Verdict.NOT_APPLICABLE

    def test_an_attempt_that_asks_nothing_leaves_no_gap_that_counts(self) -> None:
        story = Story("stale_nxdomain").looks_up(1.2, "nxdomain").looks_up(5.5, "nxdomain")
        assert story.verdict("retried") is Verdict.PASS
        assert Story("dns_nxdomain").looks_up(1.2, "nxdomain").looks_up(5.5, "nxdomain").verdict(
            "retried"
        ) is (Verdict.FAIL)


class TestLastHost:
    CLOSED = "450 4.4.318 Connection was closed abruptly"
    REFUSED = "450 4.4.317 Cannot connect to remote server"

    @staticmethod
    def _met(first: int) -> Story:
        """Two attempts that try both hosts, `first` first."""
        story = Story("hosts_close_then_421")
        for begin in (1.2, 3.5):
            for after, host in ((0.0, first), (0.2, 1 - first)):
                met = fault("played", "ehlo")
                story.connects(begin + after, met, host=host)
        return story.look(2.0)

    def test_the_code_of_the_last_one(self) -> None:
        assert self._met(0).says(2.0, self.REFUSED).verdict("last_host") is Verdict.PASS
        assert self._met(0).says(2.0, self.CLOSED).verdict("last_host") is Verdict.DEVIATION

    def test_the_order_is_the_relays_own(self) -> None:
        assert self._met(1).says(2.0, self.CLOSED).verdict("last_host") is Verdict.PASS
        assert self._met(1).says(2.0, self.REFUSED).verdict("last_host") is Verdict.DEVIATION

    def test_the_code_of_neither_is_a_wrong_code_and_nothing_else(self) -> None:
        story = self._met(0).says(2.0, "450 4.1.317 Cannot connect to remote server")
        assert story.verdict("error_code") is Verdict.FAIL
        judged = story.judge("last_host")
        assert (judged.verdict, judged.because) == (
            Verdict.NOT_APPLICABLE,
            "test_error_code[hosts_close_then_421]",
        )

    def test_without_a_code_there_is_nothing_to_compare(self) -> None:
        assert self._met(0).says(2.0, "closed").verdict("last_host") is Verdict.NOT_APPLICABLE


class TestDestinationServer:
    def test_a_failed_look_up_under_mx_routing_may_name_host_or_domain(self) -> None:
        for name in ("mx1.mx-target-nxdomain.healed.test", "mx-target-nxdomain.healed.test"):
            story = Story("mx_target_nxdomain").looks_up(1.2, "nxdomain").looks_up(3.3, "nxdomain")
            story.says(2.0, f"450 4.4.312 DNS query failed [LastAttemptedServerName={name}]")
            assert story.verdict("destination_server") is Verdict.PASS, name

    def test_of_one_host_that_is_down_and_one_that_is_unknown_either_may_be_named(self) -> None:
        domain = "mx-421-then-nxdomain.healed.test"
        for name in (f"mx1.{domain}", f"mx2.{domain}", domain):
            story = Story("mx_421_then_nxdomain").meets_fault(1.2).meets_fault(3.6)
            story.says(2.0, f"450 4.4.317 x [LastAttemptedServerName={name}]")
            assert story.verdict("destination_server") is Verdict.PASS, name
        story.says(4.0, "450 4.4.317 x [LastAttemptedServerName=mx3.other.test]")
        assert story.verdict("destination_server") is Verdict.FAIL

    def test_without_mx_records_no_server_is_known_though_there_is_one_at_the_domain(self) -> None:
        story = Story("mx_servfail_beside_address")
        first, apex = story.staged.sites
        story.change(sites=[first, replace(apex, name=story.staged.domain)])
        for at in (1.2, 3.3):
            story.looks_up(at, "servfail", host=1, type="MX")
        told = story.says(2.0, "host lookup did not complete").judge("destination_server")
        assert told.verdict is Verdict.NOT_APPLICABLE
        assert "no server was ever known" in told.observed
        named = "host lookup of mx-servfail-beside-address.healed.test did not complete"
        assert story.says(3.0, named).verdict("destination_server") is Verdict.PASS

    def test_an_address_that_was_given_may_be_named_by_name(self) -> None:
        story = waiting("literal_greeting_421").says(2.0, "450 4.4.317 x 127.1.1.1:25")
        assert story.verdict("destination_server") is Verdict.PASS


def test_a_host_name_with_the_word_in_it_offers_no_starttls() -> None:
    told = sent("ehlo", "250-starttls.mx.test\n250 HELP")
    offered = sent("ehlo", "250-mx.test\n250-STARTTLS\n250 HELP")
    assert Story("tls_not_offered").connects(1.2, told).case().attempts
    assert not Story("tls_not_offered").connects(1.2, offered).case().attempts


def test_sites_of_ipv6_are_in_brackets() -> None:
    assert Site(name="mx1.a.test", host="fd77::1:1", port=25).server == "[fd77::1:1]:25"
    assert Site(name="mx1.a.test", host="127.1.1.1", port=25).server == "127.1.1.1:25"
