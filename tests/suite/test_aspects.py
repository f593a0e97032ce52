"""Each aspect on hand-made records: pass, fail, deviation, inconclusive, not applicable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.staging import TOLD
from stories.story import ASPECT, Story, good, good_control, observed, waiting
from stories.wire import fault

from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.judging.verdict import Verdict
from conformance.target import Outcome, TlsPolicy
from fake_servers.events import SmtpMessage

MODES = TOLD
CONTROLS = [s.failure_mode.name for s in ASPECT["delivered"].scenarios() if not s.failure_mode.lab]
ASPECTS = [
    name
    for name, aspect in ASPECT.items()
    if aspect.courses == (Course.HEALED,)
    and {scenario.failure_mode.name for scenario in aspect.scenarios()} >= set(MODES)
]


@pytest.mark.parametrize("lab", ["loopback", "namespace"])
@pytest.mark.parametrize("mode", MODES)
def test_a_relay_to_the_letter_passes_everything(mode: str, lab: str) -> None:
    story = good(mode, lab)
    judged = {name: story.judge(name) for name in ASPECTS}
    assert {name: (j.verdict, j.observed) for name, j in judged.items() if j.verdict != "pass"} == {}
    observed = story.judge("error_code", "eop-observed")
    assert observed.verdict is Verdict.PASS, observed.observed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ASPECTS)
def test_without_the_fault_nothing_passes(mode: str, name: str) -> None:
    story = good(mode)
    story.events = [event for event in story.events if isinstance(event, SmtpMessage)]
    assert story.verdict(name) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("mode", CONTROLS)
def test_a_control_passes(mode: str) -> None:
    assert good_control(mode).verdict("delivered") is Verdict.PASS


class TestDelivered:
    def test_nothing_arrived(self) -> None:
        assert observed(Story("plain").look(2.0), "delivered") == "nothing arrived"
        told = Story("plain").says(2.0, "450 4.4.316 no")
        assert "the relay says: 450 4.4.316 no" in observed(told, "delivered")

    def test_two_copies(self) -> None:
        assert "2 copies" in observed(good_control("plain").delivers(3.0), "delivered")

    def test_delivered_and_returned(self) -> None:
        assert "NDR" in observed(good_control("plain").returns(3.0), "delivered")

    def test_a_notice_of_delay_is_no_return(self) -> None:
        assert good_control("plain").returns(3.0, action="delayed").verdict("delivered") is Verdict.PASS

    def test_in_clear(self) -> None:
        assert ALL["verified_tls"].tls is not TlsPolicy.OPPORTUNISTIC
        assert "in clear" in observed(Story("verified_tls").delivers(1.5, tls=False), "delivered")
        assert Story("plain").delivers(1.5, tls=False).verdict("delivered") is Verdict.PASS

    def test_not_at_the_first_attempt(self) -> None:
        story = good_control("plain").says(1.2, "450 4.2.0 come again")
        assert "first attempt: 450 4.2.0 come again" in observed(story, "delivered")

    def test_altered(self) -> None:
        story = Story("plain")
        story.delivers(1.5, content=story.staged.content.replace(b"The quick", b"The quack"))
        assert "the body" in observed(story, "delivered")

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"mail_from": ""}, "reverse-path is <>"),
            ({"recipients": ["else@plain.healthy.test"]}, "forward-path is <else@"),
            ({"recipients": ["recipient@plain.healthy.test"] * 2}, ">, <"),
            ({"recipients": ["RECIPIENT@plain.healthy.test"]}, "RECIPIENT"),
        ],
    )
    def test_the_envelope_is_part_of_the_message(self, change: dict[str, object], told: str) -> None:
        assert told in observed(Story("plain").delivers(1.5, **change), "delivered")

    def test_a_domain_may_change_its_case(self) -> None:
        story = Story("plain").delivers(1.5, recipients=["recipient@Plain.Healthy.TEST"])
        assert story.verdict("delivered") is Verdict.PASS


class TestLeavesQueue:
    def _looked(self, *errors: str | None) -> Story:
        story = good_control("plain")
        for number, error in enumerate(errors):
            story.look(2.2 + number, error)
        return story.change(closed=9.0)

    def test_listed_in_the_end(self) -> None:
        judged = self._looked("", "", "", "").judge("delivered")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "queue/leaves")
        assert judged.only_late

    def test_listed_for_a_while_or_never(self) -> None:
        for looks in ([], ["", None, None], [None, "", None, None], [None, None]):
            assert self._looked(*looks).verdict("delivered") is Verdict.PASS

    def test_a_look_as_it_is_delivered_tells_nothing(self) -> None:
        assert good_control("plain").look(1.9, "").change(closed=2.0).verdict("delivered") is Verdict.PASS

    def test_what_is_returned_as_well_is_another_matter(self) -> None:
        judged = self._looked("", "", "", "").returns(5.0).judge("delivered")
        assert [each.requirement for each in judged.findings if not each.holds] == ["control/delivered"]

    def test_what_a_server_refused_at_first(self) -> None:
        story = Story("greylisting").meets_fault(1.2).delivers(3.5)
        for at in (5.0, 6.0, 7.0):
            story.look(at, "450 4.2.0 come again")
        judged = story.change(closed=9.0).judge("delivered_later")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "queue/leaves")


class TestStaysQueued:
    def test_missing_in_one_look(self) -> None:
        story = waiting("connection_refused").look(3.45, None)
        assert "not in the queue at 2.45 s (1 of 4 looks)" in observed(story, "stays_queued")

    def test_what_comes_after_the_repair_does_not_matter(self) -> None:
        story = waiting("connection_refused")
        assert story.look(story.staged.repaired + 0.5, None).verdict("stays_queued") is Verdict.PASS  # type: ignore[operator]

    def test_returned(self) -> None:
        assert "NDR at 3.00 s" in observed(waiting("connection_refused").returns(4.0), "stays_queued")

    def test_a_bounce_in_no_known_form_is_a_return(self) -> None:
        story = waiting("connection_refused").returns(4.0, content=b"Subject: Returned\r\n\r\nSorry.\r\n")
        assert "Returned" in observed(story, "stays_queued")

    def test_given_up_by_its_own_word(self) -> None:
        story = waiting("connection_refused").says(3.0, "550 no", Outcome.PERMANENT)
        assert "given up at 2.00 s: 550 no" in observed(story, "stays_queued")
        wordless = waiting("connection_refused").says(3.0, "", Outcome.PERMANENT).look(3.1, "450 x")
        assert "given up at 2.00 s" in observed(wordless, "stays_queued")

    def test_never_looked(self) -> None:
        story = waiting("connection_refused")
        story.queue_listings.clear()
        assert story.verdict("stays_queued") is Verdict.INCONCLUSIVE

    def test_the_queue_of_another_instance_is_another_queue(self) -> None:
        story = waiting("connection_refused")
        other = good_control("plain").change(relay=2).look(3.5, None)
        assert story.judge("stays_queued", record=story.record(other, control=False)).verdict is Verdict.PASS

    def test_returned_at_once_where_that_is_accepted(self) -> None:
        story = waiting("dns_nxdomain").returns(2.0, status="5.1.2")
        assert story.verdict("stays_queued", "rfc") is Verdict.NOT_APPLICABLE
        assert story.verdict("stays_queued", "eop") is Verdict.FAIL


class TestRetried:
    def _with_attempts(self, *moments: float, mode: str = "close_at_ehlo") -> Story:
        story = Story(mode).change(repaired=20.0, closed=30.0).look(2.0)
        for at in moments:
            story.meets_fault(at)
        return story

    @pytest.mark.parametrize(
        ("gap", "verdict"),
        [(1.6, Verdict.FAIL), (1.9, Verdict.PASS), (3.0, Verdict.PASS), (3.4, Verdict.FAIL)],
    )
    def test_the_gap_between_two_attempts(self, gap: float, verdict: Verdict) -> None:
        # the fault falls 0.05 s into a connection of 0.1 s: the attempt ends in between
        assert self._with_attempts(1.0, 1.05 + gap).verdict("retried") is verdict

    def test_the_granted_schedule_and_granularity_count(self) -> None:
        story = self._with_attempts(1.0, 8.0)
        assert story.verdict("retried") is Verdict.FAIL
        coarse = story.staged.granted.__class__(
            retry_interval=2.0, max_retry_interval=2.0, queue_lifetime=900, granularity=5.0
        )
        assert story.change(granted=coarse).verdict("retried") is Verdict.PASS

    def test_every_gap_counts(self) -> None:
        told = observed(self._with_attempts(1.0, 3.0, 4.0), "retried")
        assert "gaps of 1.95, 0.95 s; 0.95 s before the attempt at 3.00 s is too short" in told

    def test_never_again(self) -> None:
        assert "no other followed (watched for 29.0 s)" in observed(self._with_attempts(1.0), "retried")

    def test_a_retry_that_is_not_due_yet_is_not_missing(self) -> None:
        story = self._with_attempts(1.0).change(repaired=1.5, closed=4.0)
        for aspect in ("retried", "recovers"):
            assert "the next one may come 3.1 s after it" in observed(story, aspect, Verdict.INCONCLUSIVE)
        assert "no other followed" in observed(story.change(closed=4.3), "retried")
        assert "(see retried)" in observed(story, "recovers", Verdict.NOT_APPLICABLE)
        gone = self._with_attempts(1.0).change(repaired=1.5, closed=4.0).look(3.0, None).look(3.1, None)
        # nothing is left to be tried again
        assert "(see stays_queued)" in observed(gone, "retried", Verdict.NOT_APPLICABLE)
        assert "neither delivered nor returned" in observed(gone, "stays_queued")

    def test_who_may_notice_the_end_of_an_attempt_by_a_long_time_out_alone_is_not_blamed_yet(self) -> None:
        story = self._with_attempts(1.0)
        patient = story.change(granted=replace(story.staged.granted, command_timeout=300.0))
        assert "the relay says nothing yet" in observed(patient, "retried", Verdict.INCONCLUSIVE)
        assert "no other followed" in observed(patient.change(closed=310.0), "retried")
        assert "no other followed" in observed(patient.says(1.5, "a trouble"), "retried")

    def test_who_tries_after_the_repair_and_fails_does_not_recover_however_soon_the_next_is_due(self) -> None:
        story = self._with_attempts(1.0).change(repaired=1.5, closed=4.0).looks_up(3.2)
        assert "nothing arrived" in observed(story, "recovers")

    def test_delivered_in_spite_of_the_fault(self) -> None:
        story = self._with_attempts(1.0).delivers(1.2)
        assert "(see stays_queued)" in observed(story, "retried", Verdict.NOT_APPLICABLE)

    def test_the_retry_may_be_the_one_that_succeeds(self) -> None:
        assert self._with_attempts(1.0).change(repaired=2.0).delivers(3.2).verdict("retried") is Verdict.PASS
        assert self._with_attempts(1.0).change(repaired=2.0).delivers(9.0).verdict("retried") is Verdict.FAIL

    def test_a_way_around_the_fault_is_no_haste_where_delivery_is_accepted(self) -> None:
        mode = "broken_handshake_under_opportunistic"
        around = self._with_attempts(1.0, 3.0, mode=mode).says(1.5, "a trouble").delivers(3.2, tls=False)
        assert around.verdict("retried") is Verdict.PASS
        assert around.change(repaired=3.11).verdict("retried") is Verdict.PASS
        not_around = self._with_attempts(1.0, 3.0).change(repaired=3.11).delivers(3.2)
        assert not_around.verdict("retried") is Verdict.FAIL
        hasty = self._with_attempts(1.0, 1.5, mode=mode).says(1.5, "a trouble").delivers(1.7, tls=False)
        assert hasty.verdict("retried") is Verdict.FAIL

    def test_one_attempt_that_went_around_the_fault_tells_nothing_of_retries(self) -> None:
        story = self._with_attempts(1.0, mode="broken_handshake_under_opportunistic").says(1.15, "a trouble")
        assert story.verdict("retried") is Verdict.FAIL
        assert story.delivers(1.2, tls=False).verdict("retried") is Verdict.NOT_APPLICABLE

    def test_the_next_host_of_an_attempt_is_no_retry(self) -> None:
        second = fault("close", "ehlo", nth=2)
        story = self._with_attempts(1.0, mode="hosts_close_then_421").connects(3.2, second)
        story.change(repaired=3.5)
        assert story.delivers(4.0, host=1).verdict("retried") is Verdict.PASS
        again = self._with_attempts(1.0, mode="hosts_close_then_421").connects(3.2, second)
        assert again.change(repaired=3.5).delivers(4.0).verdict("retried") is Verdict.FAIL

    def test_one_look_up_says_nothing_of_retries_that_came(self) -> None:
        story = Story("connection_refused").change(repaired=8.0, closed=20.0).probes(0.1, 8.1).looks_up(1.2)
        assert story.verdict("retried") is Verdict.FAIL
        assert story.delivers(9.0).verdict("retried") is Verdict.NOT_APPLICABLE
        wire = Story("connection_refused", "namespace").change(repaired=8.0, closed=20.0).meets_fault(1.2)
        assert wire.delivers(9.0).verdict("retried") is Verdict.FAIL

    def test_a_long_time_out_is_no_haste(self) -> None:
        story = Story("greeting_timeout").change(repaired=20.0, closed=30.0)
        story.connects(1.0, fault(), lasting=2.1)
        story.connects(5.05, fault(), lasting=2.1)
        assert story.verdict("retried") is Verdict.PASS

    def test_returned_at_once_where_that_is_accepted(self) -> None:
        story = self._with_attempts(1.0, mode="dns_nxdomain").returns(2.0, status="5.1.2")
        assert story.verdict("retried", "rfc") is Verdict.NOT_APPLICABLE
        assert story.judge("retried", "eop").because == "test_stays_queued[dns_nxdomain]"


class TestRecovers:
    def test_nothing_arrives(self) -> None:
        story = waiting("connection_refused")
        assert "nothing arrived in the 7.8 s" in observed(story, "recovers")

    def test_in_spite_of_the_fault(self) -> None:
        story = waiting("certificate_expired").delivers(3.0)
        for told in (story, waiting("certificate_expired").says(2.0, "450 4.7.320 no").delivers(3.0)):
            assert "before the repair, in spite of the fault" in observed(told, "stays_queued")
            assert "(see stays_queued)" in observed(told, "recovers", Verdict.NOT_APPLICABLE)

    def test_two_copies(self) -> None:
        story = waiting("close_at_dot").delivers(8.0).delivers(9.0)
        assert "2 copies arrived, at 7.00 s, 8.00 s" in observed(story, "recovers")

    def test_altered(self) -> None:
        story = waiting("close_at_dot").delivers(8.0, recipients=[])
        assert "forward-path" in observed(story, "recovers")

    def test_delivered_and_returned(self) -> None:
        for profile in ("eop", "rfc"):
            story = waiting("dns_nxdomain").delivers(8.0).returns(9.0, status="5.1.2")
            assert "returned in an NDR as well" in observed(story, "recovers", profile=profile)

    def test_returned_at_once_where_that_is_accepted(self) -> None:
        story = waiting("dns_nxdomain").returns(2.0, status="5.1.2")
        judged = story.judge("recovers", "rfc")
        assert (judged.verdict, judged.requirement.id) == (Verdict.PASS, "rfc/gives-up")
        assert "2 NDRs" in observed(story.returns(2.5, status="5.1.2"), "recovers", profile="rfc")

    def test_given_up_at_once_and_nobody_told(self) -> None:
        story = waiting("dns_nxdomain").without_listings()
        story.says(2.0, "550 5.1.2 unknown host", Outcome.PERMANENT).look(1.9)
        assert "given up at 1.00 s, and no NDR" in observed(story, "recovers", profile="rfc")
        assert "lost" not in observed(story, "recovers", profile="rfc")  # nobody looked after that
        story.look(3.0, None)
        assert "not in the queue at 2.00 s either: the message is lost" in observed(
            story, "recovers", profile="rfc"
        )
        assert story.judge("recovers", "rfc").requirement.id == "rfc/gives-up"
        notice = story.returns(3.0, action="delayed", status="4.4.7")
        assert "the message is lost" in observed(notice, "recovers", profile="rfc")
