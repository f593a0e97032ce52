"""Nothing in clear, EHLO under TLS, versions, opportunistic TLS: aspects on hand-made records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.story import Story, good, observed, waiting
from stories.wire import received, sent

from conformance.judging.verdict import Verdict
from conformance.target import Outcome
from fake_servers import Stage
from fake_servers.events import (
    Event,
    SmtpBody,
    SmtpUnoffered,
    TcpClosed,
    TlsEstablished,
    TlsFailed,
    TlsOffered,
)

_OFFERED = TlsOffered(certificate="good")
_EXPIRED = TlsOffered(certificate="expired")
_SECURED = TlsEstablished(version="TLSv1.3", cipher="x")
_EHLO = received("ehlo", "EHLO relay.test")
_RICH = sent("ehlo", "250-mx\n250-SIZE 200\n250 STARTTLS")
_EHLO_TLS = received("ehlo_tls", "EHLO relay.test")
_MAIL = received("mail", "MAIL FROM:<a@b.test>")
_BODY = SmtpBody(octets=10)


class TestNeverInClear:
    MODE = "certificate_expired"

    def test_under_tls_everything_may_be_said(self) -> None:
        story = waiting(self.MODE).connects(9.0, _OFFERED, _SECURED, _EHLO_TLS, _MAIL, _BODY)
        assert "nothing in clear on 3 connections" in observed(story, "never_in_clear", Verdict.PASS)

    @pytest.mark.parametrize("said", [_MAIL, _BODY])
    @pytest.mark.parametrize("at", [2.5, 9.0])
    def test_in_clear_on_any_connection(self, said: Event, at: float) -> None:
        story = waiting(self.MODE).connects(at, _EHLO, said)
        assert observed(story, "never_in_clear", Verdict.FAIL).startswith("in clear: ")

    def test_in_clear_before_tls_on_the_same_connection(self) -> None:
        story = waiting(self.MODE).connects(9.0, _EHLO, _MAIL, _OFFERED, _SECURED, _EHLO_TLS)
        assert observed(story, "never_in_clear", Verdict.FAIL) == "in clear: MAIL FROM at 8.05 s"

    def test_tls_on_another_connection_is_none(self) -> None:
        story = waiting(self.MODE).connects(8.0, _OFFERED, _SECURED).connects(9.0, _EHLO, _MAIL)
        assert observed(story, "never_in_clear", Verdict.FAIL)

    def test_a_report_to_the_sender_may_go_in_clear(self) -> None:
        assert observed(waiting(self.MODE).returns(5.0), "never_in_clear", Verdict.PASS)


class TestForgetsClear:
    MODE = "extensions_shrink_under_tls"
    UNOFFERED = SmtpUnoffered(stage=Stage.MAIL, parameters=("SIZE=10",))

    def test_ehlo_again_and_nothing_unoffered(self) -> None:
        story = Story(self.MODE).connects(1.2, _EHLO, _RICH, _OFFERED, _SECURED, _EHLO_TLS, _MAIL)
        assert observed(story, "forgets_clear", Verdict.PASS)

    def test_no_ehlo_under_tls(self) -> None:
        story = Story(self.MODE).connects(1.2, _EHLO, _RICH, _OFFERED, _SECURED, _MAIL)
        assert observed(story, "forgets_clear", Verdict.DEVIATION) == "MAIL as the first command"

    def test_parameter_that_was_offered_in_clear_only(self) -> None:
        story = Story(self.MODE).connects(1.2, _EHLO, _RICH, _SECURED, _EHLO_TLS, _MAIL, self.UNOFFERED)
        assert "SIZE=10" in observed(story, "forgets_clear", Verdict.FAIL)

    def test_no_session_under_tls(self) -> None:
        mode = "injected_plaintext_under_opportunistic"
        story = Story(mode).meets_fault(1.2)
        assert "no session under TLS" in observed(story, "forgets_clear", Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("version", "verdict"),
    # a server that speaks a newer one is not the one that was staged
    [("TLSv1", Verdict.FAIL), ("TLSv1.1", Verdict.FAIL), ("TLSv1.2", Verdict.INCONCLUSIVE)],
)
def test_versions(version: str, verdict: Verdict) -> None:
    met = TlsEstablished(version=version, cipher="x")
    story = Story("tls_1_1_under_encryption_only").connects(1.2, met)
    assert story.verdict("tls_floor") is verdict


def test_a_handshake_that_failed_negotiated_nothing() -> None:
    story = Story("tls_1_1_under_encryption_only").connects(1.2, TlsFailed(error="version"))
    assert story.verdict("tls_floor") is Verdict.PASS


@pytest.mark.parametrize(("tls", "verdict"), [(True, Verdict.PASS), (False, Verdict.DEVIATION)])
def test_opportunistic_tls(tls: bool, verdict: Verdict) -> None:
    story = Story("expired_under_opportunistic").connects(1.2, _EXPIRED).delivers(1.5, tls=tls)
    assert story.verdict("uses_tls") is verdict


class TestItShowsACertificate:
    """Who shows a certificate that the server does not take is not to blame for what comes of it."""

    REFUSED = TlsFailed(
        error="[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
    )

    @pytest.mark.parametrize("aspect", ["delivers_anyway", "uses_tls"])
    def test_which_the_server_does_not_take(self, aspect: str) -> None:
        story = Story("tls_1_2_only_asks_under_opportunistic").connects(1.2, _OFFERED, self.REFUSED)
        told = observed(story.delivers(1.5, tls=False), aspect, Verdict.NOT_APPLICABLE)
        assert told.startswith("the relay shows a certificate of its own")

    def test_another_failure_says_nothing_of_it(self) -> None:
        story = Story("tls_1_2_only_asks_under_opportunistic").connects(1.2, _OFFERED, TlsFailed(error="EOF"))
        assert story.delivers(1.5, tls=False).verdict("uses_tls") is Verdict.DEVIATION


class TestServerName:
    """How a relay names the server in the handshake, if it does."""

    def _named(self, name: str) -> Story:
        return (
            Story("good_under_encryption_only")
            .connects(1.2, replace(_SECURED, server_name=name))
            .delivers(1.5)
        )

    def test_a_name(self) -> None:
        assert observed(self._named("mx1.a.test"), "server_name", Verdict.PASS) == "mx1.a.test"

    def test_no_name(self) -> None:
        assert self._named("").verdict("server_name") is Verdict.NOT_APPLICABLE

    @pytest.mark.parametrize("name", ["mx1.a.test.", "127.1.1.5", "fd77::1"])
    def test_no_proper_name(self, name: str) -> None:
        assert observed(self._named(name), "server_name", Verdict.FAIL) == name


class TestItLeavesAfterStarttls:
    """A relay whose delivery dies once it may begin TLS has met the server, and what it carries must arrive there."""

    SAID = (_EHLO, _RICH, received("starttls", "STARTTLS"), sent("starttls", "220 2.0.0 Ready"))

    def _left(self, mode: str, *said: Event) -> Story:
        return Story(mode).connects(1.2, *(said or self.SAID)).look(2.0).look(30.0)

    @pytest.mark.parametrize("policy", ["opportunistic", "encryption_only"])
    def test_nothing_arrives_where_no_certificate_is_a_reason(self, policy: str) -> None:
        story = self._left(f"self_signed_under_{policy}").says(2.0, "ValueError: no server_hostname")
        text = "nothing arrived; the relay says: ValueError: no server_hostname"
        assert observed(story, "delivers_anyway", Verdict.DEVIATION) == text
        if policy == "opportunistic":
            assert story.judge("uses_tls").because == f"test_delivers_anyway[{story.mode}]"

    def test_where_the_certificate_counts_nothing_of_it_was_met(self) -> None:
        story = self._left("self_signed_under_certificate_validation")
        assert "not provoked" in observed(story, "error_code", Verdict.INCONCLUSIVE)

    @pytest.mark.parametrize(
        "said", [SAID[:3], (*SAID[:3], sent("starttls", "454 4.7.0 No TLS")), (*SAID, _OFFERED)]
    )
    def test_not_told_to_begin_or_another_certificate(self, said: tuple[Event, ...]) -> None:
        story = self._left("self_signed_under_opportunistic", *said)
        assert "not provoked" in observed(story, "delivers_anyway", Verdict.INCONCLUSIVE)

    def test_the_server_closed(self) -> None:
        story = self._left("self_signed_under_opportunistic")
        story.events = [
            replace(each, by="server") if isinstance(each, TcpClosed) else each for each in story.events
        ]
        assert "not provoked" in observed(story, "delivers_anyway", Verdict.INCONCLUSIVE)


class TestFitHost:
    """Of two hosts the first presents an expired certificate, which the rule does not let pass."""

    MODE = "first_host_bad_certificate"

    def _story(self) -> Story:
        return Story(self.MODE).connects(1.2, _EXPIRED)

    def test_the_other_host_is_the_one(self) -> None:
        story = self._story().delivers(1.5, host=1)
        assert observed(story, "fit_host", Verdict.PASS) == "given to one that meets it"

    @pytest.mark.parametrize("profile", ["eop", "rfc"])
    def test_a_copy_at_the_unfit_one_is_conclusive(self, profile: str) -> None:
        story = self._story().delivers(1.5, host=0)
        judged = story.judge("fit_host", profile=profile)
        assert (judged.verdict, judged.requirement.id) == (Verdict.FAIL, "tls/fit-host")
        assert "127.1.1.1), which presents a certificate that has expired" in judged.observed
        assert judged.conclusive

    def test_a_copy_at_both_is_one_too_many_and_not_fit(self) -> None:
        story = self._story().delivers(1.5, host=0).delivers(1.8, host=1)
        assert story.verdict("fit_host") is Verdict.FAIL
        assert story.verdict("delivers_anyway") is Verdict.FAIL

    def test_what_is_seen_needs_no_control(self) -> None:
        story = self._story().delivers(1.5, host=0)
        alone = story.record(control=False)
        assert story.judge("delivers_anyway", record=alone).verdict is not Verdict.PASS
        assert story.judge("fit_host", record=alone).verdict is Verdict.FAIL

    def test_nothing_arrived_is_judged_elsewhere(self) -> None:
        assert self._story().verdict("fit_host") is Verdict.NOT_APPLICABLE


class TestFallsBackLater:
    """A relay may defer first, and deliver in clear at a later attempt while the fault lasts."""

    def _story(self) -> Story:
        story = Story("broken_handshake_under_opportunistic").meets_fault(1.2)
        story.says(1.5, "450 4.4.317 Cannot connect to remote server [Message=TLS handshake failed]")
        story.look(2.0, "450 4.4.317").delivers(3.5, tls=False).says(3.6, "250 OK", Outcome.DELIVERED)
        return story.change(repaired=4.0)

    @pytest.mark.parametrize("profile", ["eop", "rfc", "eop-observed"])
    @pytest.mark.parametrize("aspect", ["error_code", "stays_queued", "retried", "recovers"])
    def test_is_in_order(self, aspect: str, profile: str) -> None:
        assert observed(self._story(), aspect, Verdict.PASS, profile)

    def test_not_where_the_connector_requires_tls(self) -> None:
        story = good("tls_handshake_garbage").delivers(3.0, tls=False)
        assert "before the repair" in observed(story, "stays_queued")


def test_delivered_before_any_look_at_the_queue() -> None:
    story = Story("certificate_expired").meets_fault(1.2).delivers(1.3).change(repaired=2.0)
    assert "delivered at 0.30 s to " in observed(story, "stays_queued")
