"""What scenarios rely on: controls that did not arrive, that need not, and those of earlier versions."""

from __future__ import annotations

import pytest
from stories.staging import header, scenario_of
from stories.story import Story, good, good_control, observed, stamped

from conformance.catalogue.scenario import Course
from conformance.judging.judge import Judged
from conformance.judging.relied_on import capabilities_for, relied_on
from conformance.judging.verdict import Verdict
from conformance.target import Capability


def _judged(story: Story, *controls: Story) -> Judged:
    return story.judge("recovers", record=story.record(*controls, control=False))


class TestWhatDidNotArrive:
    def test_a_control_that_did_not_pass_says_so_in_its_dependants(self) -> None:
        judged = _judged(good("greeting_421_every_host"), Story("plain_two_hosts", number=2))
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "the positive control plain_two_hosts did not pass" in judged.observed
        assert "nothing arrived" in judged.observed

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_what_a_relay_need_not_deliver_to_is_said_once(self, profile: str) -> None:
        control = Story("certificate_for_ip_literal", number=2)
        assert control.verdict("delivered", profile) is Verdict.DEVIATION
        story = good("certificate_of_host_for_ip_literal")
        judged = story.judge("recovers", profile, story.record(control, control=False))
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert judged.observed.endswith("see certificate_for_ip_literal (tls/ip-address)")

    def test_what_it_did_deliver_to_in_the_end_it_can(self) -> None:
        control = good_control("certificate_for_ip_literal").says(1.2, "450 4.2.0 come again")
        assert control.judge("delivered").only_late
        judged = _judged(good("certificate_of_host_for_ip_literal"), control)
        assert judged.verdict is Verdict.INCONCLUSIVE
        twice = good_control("certificate_for_ip_literal").delivers(3.0)
        judged = _judged(good("certificate_of_host_for_ip_literal"), twice)
        assert judged.verdict is Verdict.INCONCLUSIVE

    def test_where_it_arrived_its_dependants_are_judged(self) -> None:
        control = good_control("certificate_for_ip_literal")
        assert _judged(good("certificate_of_host_for_ip_literal"), control).verdict is Verdict.PASS


class TestSeveralRecipients:
    """A control whose message has several: each gets one copy, together or apart."""

    def test_together(self) -> None:
        assert observed(good_control("plain_two_recipients"), "delivered", Verdict.PASS)

    def test_each_in_a_transaction_of_its_own(self) -> None:
        assert observed(_apart(), "delivered", Verdict.PASS) == "one copy for each recipient"

    def test_one_of_them_is_missing(self) -> None:
        story = Story("plain_two_recipients", number=2).delivers(1.5)
        [other] = story.staged.others
        assert observed(story, "delivered") == f"nothing arrived for <{other}>"
        story.says(1.6, "450 4.2.1 later")
        assert "the relay says: 450 4.2.1 later" in observed(story, "delivered")

    def test_one_of_them_twice(self) -> None:
        story = _apart()
        [other] = story.staged.others
        assert observed(story.delivers(2.5, recipients=[other]), "delivered") == (
            f"2 copies arrived for <{other}>"
        )

    def test_copies_for_two_are_no_second_copy(self) -> None:
        judged = _apart().returns(3.0).judge("delivered")
        assert (judged.verdict, judged.conclusive) == (Verdict.FAIL, False)
        assert _apart().delivers(2.5).judge("delivered").conclusive

    def test_one_of_them_in_clear(self) -> None:
        story = good_control("good_under_encryption_only")
        staged = story.staged
        story.change(others=[f"other@{staged.domain}"]).delivers(
            1.8, recipients=[f"other@{staged.domain}"], tls=False
        )
        assert "in clear" in observed(story, "delivered")


class TestEarlierVersions:
    """Their records lack the controls that are derived today, and two capabilities."""

    @pytest.mark.parametrize(
        ("mode", "older"),
        [
            ("greeting_421_every_host", "plain"),
            ("tls_not_offered", "verified_tls"),
            ("certificate_expired", "verified_tls"),
        ],
    )
    def test_the_control_of_that_time_counts(self, mode: str, older: str) -> None:
        assert _judged(good(mode), good_control(older)).verdict is Verdict.PASS
        judged = _judged(good(mode), Story(older, number=2))
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert f"the positive control {older} did not pass" in judged.observed

    def test_without_one_of_its_kind_nothing_is_proven(self) -> None:
        judged = _judged(good("tls_not_offered"), good_control("plain"))
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert "did not stage good_under_encryption_only" in judged.observed

    def test_one_of_today_counts_more(self) -> None:
        story = good("greeting_421_every_host")
        damned = _judged(story, good_control("plain"), Story("plain_two_hosts", number=2))
        assert damned.verdict is Verdict.INCONCLUSIVE

    def test_the_clock_of_that_time_counts(self) -> None:
        scenario = scenario_of("mx_nxdomain", Course.EXPIRES)
        clock = Story("moved_clock", number=80)
        record = clock.delivers(1.5, content=stamped(clock)).record(good_control("plain_mx"))
        assert [each.id for each in relied_on(scenario, record)] == [
            "plain_mx.healthy",
            "moved_clock.after_jump",
        ]

    def test_what_was_staged_could_be(self) -> None:
        story = good("greeting_421_every_host")
        story.header = header(without=[Capability.SEVERAL_SMART_HOSTS, Capability.LITERAL])
        assert _judged(story, good_control("plain")).verdict is Verdict.PASS
        other = story.record()
        del other.staged[story.scenario.id]
        assert Capability.SEVERAL_SMART_HOSTS not in capabilities_for(story.scenario, other)
        assert story.judge("recovers", record=other).verdict is Verdict.NOT_APPLICABLE

    def test_any_other_capability_is_as_the_record_says(self) -> None:
        story = good("tls_not_offered")
        story.header = header(without=[Capability.TLS_REQUIRED])
        assert story.verdict("recovers") is Verdict.NOT_APPLICABLE


def _apart() -> Story:
    story = Story("plain_two_recipients", number=2)
    for at, who in enumerate((story.staged.recipient, *story.staged.others)):
        story.delivers(1.5 + at / 10, recipients=[who])
    return story
