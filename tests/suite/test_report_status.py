"""Aspect ndr_status: whether the report names the real cause."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from stories.days import expired
from stories.reports import ndr, postfix_like, postfix_like_with
from stories.story import ASPECT, observed
from stories.wire import sent

from conformance.catalogue.profile import Accepted, Check, ProfileRow, load
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.target import Outcome


class TestNdrStatus:
    @pytest.mark.parametrize(
        ("mode", "status", "eop", "rfc"),
        [
            ("connection_refused", "5.4.316", Verdict.PASS, Verdict.PASS),
            ("connection_refused", "5.4.300", Verdict.PASS, Verdict.PASS),
            ("connection_refused", "4.4.7", Verdict.DEVIATION, Verdict.PASS),
            ("connection_refused", "2.0.0", Verdict.FAIL, Verdict.FAIL),
            # a remote server's own reply ends as 5.4.300, or with its own subject and detail
            ("reply_499", "5.4.300", Verdict.PASS, Verdict.PASS),
            ("reply_499", "5.2.1", Verdict.PASS, Verdict.PASS),
            ("reply_499", "4.2.1", Verdict.PASS, Verdict.PASS),
            ("reply_499", "5.4.7", Verdict.DEVIATION, Verdict.DEVIATION),
            ("reply_without_status", "5.4.7", Verdict.PASS, Verdict.PASS),
            ("reply_of_another_class", "4.0.0", Verdict.PASS, Verdict.PASS),
            ("connection_refused", "", Verdict.FAIL, Verdict.FAIL),
            ("close_at_data", "5.4.7", Verdict.PASS, Verdict.PASS),  # inferred: a MAY
        ],
    )
    def test_the_status(self, mode: str, status: str, eop: Verdict, rfc: Verdict) -> None:
        story = expired(mode, report=partial(postfix_like, status=status))
        assert (story.verdict("ndr_status"), story.verdict("ndr_status", "rfc")) == (eop, rfc)

    @pytest.mark.parametrize(
        ("diagnostic", "verdict"),
        [
            ("smtp; 550 5.4.316 expired", Verdict.PASS),
            ("smtp; 550 5.4.7 expired", Verdict.DEVIATION),
            ("smtp; 450 5.4.316 expired", Verdict.DEVIATION),
            ("smtp; 450 refused", Verdict.PASS),
            ("", Verdict.PASS),
        ],
    )
    def test_the_diagnostic_agrees(self, diagnostic: str, verdict: Verdict) -> None:
        story = (
            expired("connection_refused")
            .without_messages()
            .returns(55.0, status="5.4.316", diagnostic=diagnostic)
        )
        assert story.verdict("ndr_status") is verdict

    @pytest.mark.parametrize(
        ("mode", "status", "diagnostic", "verdict"),
        [
            # the remote server's own reply is the actual code of the transport
            ("reply_499", "5.4.300", "smtp; 499 4.2.1 Mailbox busy", Verdict.PASS),
            ("reply_multi_line", "5.4.300", "smtp; 450-4.2.1 Mailbox busy 450 Try again", Verdict.PASS),
            ("reply_like_fields", "5.4.300", "smtp; 450-4.2.1 Mailbox busy", Verdict.PASS),
            ("greeting_421", "5.4.317", "smtp; 421 4.3.2 Service not available", Verdict.PASS),
            ("hosts_close_then_421", "5.4.317", "smtp; 421 4.3.2 Service not available", Verdict.PASS),
            ("greeting_554", "5.4.317", "smtp; 554 5.3.2 No SMTP service here", Verdict.PASS),
            # what the relay says itself is not
            ("reply_499", "5.4.300", "smtp; 450 4.4.7 Message expired", Verdict.DEVIATION),
            ("reply_499", "5.4.300", "smtp; 499 4.4.7 Message expired", Verdict.DEVIATION),
            ("greeting_421", "5.4.317", "smtp; 450 4.4.317 Cannot connect", Verdict.DEVIATION),
            ("close_at_data", "5.4.318", "smtp; 421 4.3.2 Service not available", Verdict.DEVIATION),
        ],
    )
    def test_a_quoted_reply_need_not_agree(
        self, mode: str, status: str, diagnostic: str, verdict: Verdict
    ) -> None:
        story = expired(mode).without_messages().returns(55.0, status=status, diagnostic=diagnostic)
        assert story.verdict("ndr_status") is verdict

    @pytest.mark.parametrize(
        ("status", "verdict"),
        [("4.4.7", Verdict.PASS), ("5.4.7", Verdict.PASS), ("4.4.1", Verdict.DEVIATION)],
    )
    def test_who_says_that_the_time_is_over_may_say_of_what_the_last_attempt_died(
        self, status: str, verdict: Verdict
    ) -> None:
        diagnostic = "smtp; 454 4.7.0 authentication failed"
        story = (
            expired("certificate_expired")
            .without_messages()
            .returns(55.0, status=status, diagnostic=diagnostic)
        )
        assert story.verdict("ndr_status", "rfc") is verdict

    @pytest.mark.parametrize(
        ("reply", "verdict"),
        [
            ("503 5.5.1 Send EHLO first", Verdict.PASS),
            ("503 5.5.4 Send EHLO first", Verdict.DEVIATION),
            ("221 5.5.1 Bye", Verdict.DEVIATION),  # no refusal of anything
        ],
    )
    def test_a_reply_that_nobody_staged_is_the_servers_own_all_the_same(
        self, reply: str, verdict: Verdict
    ) -> None:
        story = expired("reply_4yz_at_ehlo_tls").without_messages()
        story.connects(50.0, sent("mail", reply))
        story.returns(55.0, status="5.0.0", diagnostic=f"smtp; {reply[:3]} 5.5.1 Send EHLO first")
        assert story.verdict("ndr_status", "rfc") is verdict

    @pytest.mark.parametrize(
        ("diagnostic", "verdict"),
        [("smtp; 250 2.1.5 OK", Verdict.PASS), ("smtp; 250 2.1.5 Thanks", Verdict.DEVIATION)],
    )
    def test_the_last_yes_that_was_really_given_is_quoted_too(
        self, diagnostic: str, verdict: Verdict
    ) -> None:
        story = expired("close_at_data").without_messages().connects(50.0, sent("rcpt", "250 2.1.5 OK"))
        story.returns(55.0, status="5.4.2", diagnostic=diagnostic)
        assert story.verdict("ndr_status", "rfc") is verdict

    @pytest.mark.parametrize("status", ["5.4.7", "5.9.9"])
    def test_a_profile_of_rfcs_prints_no_code_of_a_service(self, status: str) -> None:
        story = expired("reply_499").without_messages().returns(55.0, status=status, diagnostic="")
        judged = story.judge("ndr_status", "rfc")
        assert (judged.verdict, judged.requirement.id) == (Verdict.DEVIATION, "rfc/expired-status")
        assert judged.expected == "Status 5.2.1 or 4.2.1"
        assert "5.4.300" in story.judge("ndr_status").expected

    @pytest.mark.parametrize(
        ("mode", "status", "eop", "eop_observed"),
        [
            # whichever of the two hosts was tried last
            ("hosts_close_then_421", "5.4.317", Verdict.PASS, Verdict.PASS),
            ("hosts_close_then_421", "5.4.318", Verdict.PASS, Verdict.PASS),
            ("hosts_close_then_421", "5.4.300", Verdict.PASS, Verdict.PASS),
            ("hosts_close_then_421", "5.4.316", Verdict.DEVIATION, Verdict.DEVIATION),
            ("hosts_close_then_421", "5.4.2", Verdict.DEVIATION, Verdict.PASS),
        ],
    )
    def test_the_cause_is_one_of_those_that_the_deferral_may_name(
        self, mode: str, status: str, eop: Verdict, eop_observed: Verdict
    ) -> None:
        story = expired(mode, report=partial(postfix_like, status=status))
        verdicts = (story.verdict("ndr_status"), story.verdict("ndr_status", "eop-observed"))
        assert verdicts == (eop, eop_observed)

    def test_all_that_a_row_asks_of_a_status_counts(self) -> None:
        status = Check(what="status", any=["4.4.*"], requirement="dns/error-code")
        more = replace(status, any=["4.4.312", "4.1.2"])
        row = ProfileRow(source="here", outcomes=[Accepted(outcome=Outcome.DEFERRED, checks=[status, more])])
        profile = replace(load("eop"), rows={"connection_refused": row})
        for code, holds in (("5.4.312", True), ("5.1.2", False), ("5.4.1", False)):
            story = expired("connection_refused", report=partial(postfix_like, status=code))
            found = {
                f.requirement: f.holds for f in ASPECT["ndr_status"].judge(story.case(profile, "ndr_status"))
            }
            assert found["ndr/status-sampled"] is holds

    def test_rfcs_name_no_subject_for_an_expired_message(self) -> None:
        asked = {f.requirement for f in expired("connection_refused").judge("ndr_status", "rfc").findings}
        assert asked <= {"ndr/status-class", "ndr/agrees"}

    def test_a_bounce_in_no_known_form(self) -> None:
        story = expired("connection_refused", report=lambda _: b"Subject: Returned\r\n\r\nSorry.\r\n")
        assert "no Status" in observed(story, "ndr_status", Verdict.NOT_APPLICABLE)

    def test_a_report_without_fields(self) -> None:
        unnamed = postfix_like_with(b"X-Recipient", instead_of=b"Final-Recipient")
        story = expired("connection_refused", report=unnamed)
        assert "Status 4.4.1" in observed(story, "ndr_status", Verdict.DEVIATION)  # read for itself
        silent = postfix_like_with(b"message/x-status", instead_of=b"message/delivery-status")
        story = expired("connection_refused", report=silent)
        assert "no fields" in observed(story, "ndr_status", Verdict.NOT_APPLICABLE)


def test_a_status_that_is_none_is_a_fault_of_the_form() -> None:
    story = expired("connection_refused", report=partial(ndr, status="5.4"))
    assert story.judge("ndr_status").because == "test_ndr_form[connection_refused]"
    alone = judge(ASPECT["ndr_status"], story.scenario, story.record(), load("eop"), alone=True)
    assert "ndr/status-sampled" in {each.requirement for each in alone.findings if not each.holds}


def test_a_status_of_a_success_is_told_once() -> None:
    for status in ("2.0.0", "2.4.316"):
        judged = expired("connection_refused", report=partial(ndr, status=status)).judge("ndr_status")
        assert [each.requirement for each in judged.findings] == ["ndr/status-class"]
