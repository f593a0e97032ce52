"""What the error of a failure says, on hand-made records: codes, detail, destination server."""

from __future__ import annotations

import pytest
from stories.staging import TOLD
from stories.story import ASPECT, TITLES, Story, observed, waiting
from stories.wire import sent

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.target import Outcome


class TestErrorCode:
    def test_the_wrong_code(self) -> None:
        story = waiting("connection_refused").says(2.0, "450 4.4.315 Connection refused")
        assert "enhanced status code 4.4.315" in observed(story, "error_code")

    def test_the_wrong_reply_code(self) -> None:
        story = waiting("connection_refused").says(2.0, "451 4.4.316 Connection refused")
        assert "reply code 451" in observed(story, "error_code")

    def test_each_error_is_judged_by_what_it_was(self) -> None:
        story = waiting("dns_nxdomain").says(2.0, "450 4.4.4 No such name")
        story.says(4.0, "550 5.4.4 No such name", Outcome.PERMANENT)
        assert story.verdict("error_code", "rfc") is Verdict.PASS
        wrong = story.says(4.5, "550 4.4.4 No such name", Outcome.PERMANENT)
        assert "4.4.4" in observed(wrong, "error_code", profile="rfc")

    def test_the_worst_error_counts(self) -> None:
        story = waiting("connection_refused").says(2.0, "450 4.4.316 a").says(3.0, "450 4.4.1 b")
        assert "4.4.1 b" in observed(story.says(4.0, "450 4.4.316 c"), "error_code")

    def test_the_worst_of_deviations_is_shown(self) -> None:
        story = waiting("connection_refused").says(2.0, "", status="4.7.0").says(3.0, "", status="4.4.1")
        assert "4.7.0" in observed(story, "error_code", Verdict.DEVIATION, "rfc")

    def test_a_code_further_in_does_not_count(self) -> None:
        story = waiting("connection_refused").says(2.0, "deferred: 450 4.4.316 Connection refused")
        assert "no reply code" in observed(story, "error_code")

    def test_a_status_field_alone_serves_the_rfc_profile(self) -> None:
        story = waiting("connection_refused").says(2.0, "connect to 127.5.5.1: refused", status="4.4.1")
        assert story.verdict("error_code", "rfc") is Verdict.PASS
        assert story.verdict("error_code") is Verdict.FAIL

    def test_the_wrong_class_fails_and_the_wrong_subject_deviates(self) -> None:
        wrong = waiting("connection_refused").says(2.0, "x", status="5.4.1")
        assert wrong.judge("error_code", "rfc").requirement.id == "rfc/status-class"
        subject = waiting("connection_refused").says(2.0, "x", status="4.7.1").judge("error_code", "rfc")
        assert (subject.verdict, subject.requirement.id) == (Verdict.DEVIATION, "rfc/status-subject")

    def test_a_reply_code_is_judged_where_it_is_shown(self) -> None:
        story = waiting("connection_refused").says(2.0, "550 4.4.1 x")
        assert story.judge("error_code", "rfc").requirement.id == "rfc/reply-code"

    def test_returned_at_once(self) -> None:
        story = waiting("connection_refused").says(2.0, "550 5.4.316 no", Outcome.PERMANENT)
        assert "(see stays_queued)" in observed(story, "error_code", Verdict.NOT_APPLICABLE)
        assert "given up at 1.00 s: 550 5.4.316 no" in observed(story, "stays_queued")

    def test_returned_at_once_where_that_is_accepted(self) -> None:
        story = waiting("dns_nxdomain").says(2.0, "550 5.1.2 unknown host", Outcome.PERMANENT)
        assert story.verdict("error_code", "rfc") is Verdict.PASS
        assert story.verdict("error_code", "eop") is Verdict.NOT_APPLICABLE

    def test_no_error_shown(self) -> None:
        assert "no error was shown" in observed(waiting("connection_refused"), "error_code")
        delivered = waiting("connection_refused").delivers(8.0)
        assert "delivered and no error" in observed(delivered, "error_code")

    def test_a_queue_never_seen(self) -> None:
        story = waiting("connection_refused")
        story.queue_listings.clear()
        assert story.verdict("error_code") is Verdict.INCONCLUSIVE

    def test_the_queue_alone_serves(self) -> None:
        story = waiting("connection_refused").look(4.0, "450 4.4.316 Connection refused")
        assert story.verdict("error_code") is Verdict.PASS

    @pytest.mark.parametrize(
        "mode", ["connection_refused", "dns_nxdomain", "greeting_554", "certificate_expired"]
    )
    def test_words_without_a_code_are_not_judged_where_none_is_asked_for(self, mode: str) -> None:
        story = waiting(mode).says(2.0, "connect to mx[127.4.4.1]: no").look(3.1, "deferred: no")
        assert "shows no code" in observed(story, "error_code", Verdict.NOT_APPLICABLE, "rfc")
        assert story.verdict("error_code") is Verdict.FAIL

    def test_the_code_may_stand_in_the_queue_or_in_a_notice_of_delay(self) -> None:
        words = waiting("connection_refused").says(2.0, "refused")
        assert words.look(3.1, "450 4.4.316 refused").verdict("error_code") is Verdict.PASS
        notice = waiting("connection_refused").says(2.0, "refused")
        notice.returns(3.0, action="delayed", status="4.7.1", diagnostic="smtp; 450 4.7.1 refused")
        assert "notice of delay" in observed(notice, "error_code", Verdict.DEVIATION, "rfc")

    def test_nothing_shown_at_all_is_a_failure_only_where_a_code_is_asked_for(self) -> None:
        story = waiting("connection_refused")
        assert "no error was shown" in observed(story, "error_code")
        assert story.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE
        assert "shows no error" in story.judge("error_code", "rfc").reason
        assert "no error was shown" in observed(story, "error_detail", Verdict.DEVIATION, "rfc")


class TestErrorDetail:
    @pytest.mark.parametrize("mode", TOLD)
    def test_a_word_of_the_cause_is_a_detail_however_short(self, mode: str) -> None:
        for word in ALL[mode].explained_by:
            story = waiting(mode).says(2.0, f"450 {ALL[mode].section} [Message={word}]")
            assert story.verdict("error_detail") is Verdict.PASS, word

    def test_no_tls(self) -> None:
        assert (
            waiting("tls_not_offered").says(2.0, "450 4.4.317 no TLS").verdict("error_detail") is Verdict.PASS
        )
        mute = waiting("tls_not_offered").says(2.0, "450 4.4.317 no no")
        assert [finding.holds for finding in mute.judge("error_detail").findings] == [False]

    def test_a_port_is_part_of_a_name_and_explains_nothing(self) -> None:
        story = waiting("connect_timeout")
        told = story.says(2.0, f"450 4.4.315 Connection timed out ({story.site().name}:43210)")
        assert told.verdict("error_detail") is Verdict.FAIL

    @pytest.mark.parametrize("mode", TOLD)
    def test_the_title_and_our_own_names_explain_nothing(self, mode: str) -> None:
        story = waiting(mode)
        site = story.site(len(ALL[mode].hosts) - 1)
        title = TITLES[ALL[mode].section]
        text = f"450 {ALL[mode].section} {title} [Message=] {site.name.upper()} [{site.host}]:25 111.111.1.1"
        judged = story.says(2.0, f"{text} <{story.staged.sender}>").judge("error_detail")
        assert [finding.holds for finding in judged.findings] == [False], judged.observed

    @pytest.mark.parametrize("mode", TOLD)
    def test_our_own_names_do_not_name_the_cause(self, mode: str) -> None:
        story = waiting(mode)
        text = f"450 {ALL[mode].section} sorry about {story.staged.recipient} at {story.site().name}"
        judged = story.says(2.0, text).judge("error_detail")
        assert judged.verdict is Verdict.DEVIATION, judged.observed
        assert judged.requirement.id == "error/detail-names-cause"

    def test_a_missing_detail_fails_where_the_document_promises_one_and_deviates_elsewhere(self) -> None:
        promised = waiting("connect_timeout").says(2.0, "450 4.4.315 Connection timed out")
        assert promised.judge("error_detail").requirement.id == "error/detail"
        assert promised.verdict("error_detail") is Verdict.FAIL
        sampled = waiting("connection_refused").says(2.0, "450 4.4.316 Connection refused")
        assert sampled.judge("error_detail").requirement.id == "error/detail-given"
        assert sampled.verdict("error_detail") is Verdict.DEVIATION

    def test_what_stands_behind_the_destination_is_a_detail(self) -> None:
        story = waiting("connection_refused")
        story.says(
            2.0, f"450 4.4.316 connect to {story.site().name}[{story.site().host}]:25: Connection refused"
        )
        assert story.verdict("error_detail") is Verdict.PASS

    def test_a_number_counts_only_alone(self) -> None:
        inside = waiting("connection_refused").says(2.0, "450 4.4.316 [Message=session 8111a]")
        assert inside.verdict("error_detail") is Verdict.DEVIATION
        alone = waiting("connection_refused").says(2.0, "450 4.4.316 [Message=socket error 111]")
        assert alone.verdict("error_detail") is Verdict.PASS

    def test_brackets_and_stamps_are_no_detail(self) -> None:
        stamp = "[relay.test 2026-01-01T00:00:00.000Z 00AB]"
        text = f"450 4.4.316 Connection refused [LastAttemptedIP=127.1.1.1:25] {stamp}"
        assert waiting("connection_refused").says(2.0, text).judge("error_detail").findings[0].holds is False

    def test_no_error_shown(self) -> None:
        """That is one mistake, of which the first aspect that asks for an error tells."""
        silent = waiting("connect_timeout")
        for aspect in ("error_detail", "destination_server"):
            assert silent.judge(aspect).because == "test_error_code[connect_timeout]", aspect
        # no code is asked for by RFC 5321
        assert silent.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE
        assert "no error was shown" in observed(silent, "error_detail", Verdict.DEVIATION, "rfc")
        assert silent.judge("destination_server", "rfc").because == "test_error_detail[connect_timeout]"


class TestDestinationServer:
    @pytest.mark.parametrize(
        "text",
        [
            "{name}",
            "[{name}]:25",
            "x ({host}).",
            "{host}:25",
            "tried {name}.",
            "{name}[{host}]",
            "::ffff:{host}",
        ],
    )
    def test_named_in_the_text(self, text: str) -> None:
        story = waiting("connection_refused")
        story.says(2.0, text.format(name=story.site().name, host=story.site().host))
        assert story.verdict("destination_server") is Verdict.PASS

    @pytest.mark.parametrize("text", ["nothing", "{host}0", "x.{name}", "{name}.org", "1{host}", "{domain}"])
    def test_another_name_does_not_count(self, text: str) -> None:
        story = waiting("connection_refused")
        story.says(
            2.0, text.format(name=story.site().name, host=story.site().host, domain=story.staged.domain)
        )
        assert story.verdict("destination_server") is Verdict.FAIL

    def test_the_last_of_two(self) -> None:
        first, last = (waiting("greeting_421_every_host").site(n).name for n in (0, 1))
        for text, destination, verdict in [
            (first, "", Verdict.FAIL),
            (last, "", Verdict.PASS),
            (f"{first} {last}", "", Verdict.FAIL),
            (f"tried {first} before", last, Verdict.PASS),
            (last, first, Verdict.FAIL),
            (last, "a pool", Verdict.PASS),
        ]:
            story = waiting("greeting_421_every_host").says(2.0, text, destination=destination)
            assert story.verdict("destination_server") is verdict, (text, destination)

    def test_no_error_shown(self) -> None:
        story = waiting("connection_refused")
        alone = judge(ASPECT["destination_server"], story.scenario, story.record(), load("eop"), alone=True)
        assert (alone.verdict, alone.observed) == (Verdict.FAIL, "no error was shown")

    def test_where_it_may_stand(self) -> None:
        """Whoever reads that no host is named is told where one could be."""
        said = waiting("connection_refused").says(2.0, "450 4.4.316 refused")
        assert observed(said, "destination_server") == (
            "no host is named, neither in the text of the error nor apart from it, in the event's field `destination` "
            "(event: 450 4.4.316 refused)"
        )
        queued = waiting("connection_refused").look(2.5, "refused")
        assert observed(queued, "destination_server") == (
            "no host is named, neither in the error that the queue shows nor by an event, in its text or in its field "
            "`destination` (queue: refused)"
        )
        story = waiting("connection_refused")
        named = story.says(2.0, f"{story.site().name}: refused").judge("destination_server")
        assert named.observed == (
            f"{story.site().name}, in the words of the error (event: {story.site().name}: refused)"
        )
        report = Story("greeting_554").meets_fault(1.2).change(repaired=4.0)
        told = report.returns(2.0, content=b"Subject: Returned\r\n\r\nno SMTP service there\r\n")
        assert observed(told, "destination_server", Verdict.DEVIATION, "rfc").startswith(
            "no host is named, neither in a Remote-MTA field of the report nor in what it says to people (NDR"
        )


class TestWrongClass:
    def test_a_class_that_is_wrong_is_no_subject_that_is_wrong(self) -> None:
        """The headline of a wrong class is not that of the subject, and the other way round."""
        for status, broken in (("5.4.316", {"rfc/status-class"}), ("4.1.1", {"rfc/status-subject"})):
            judged = waiting("connection_refused").says(2.0, f"450 {status} no").judge("error_code", "rfc")
            assert {each.requirement for each in judged.findings if not each.holds} == broken
        both = waiting("connection_refused").says(2.0, "450 5.1.1 no").judge("error_code", "rfc")
        assert len([each for each in both.findings if not each.holds]) == 2


class TestWhoseCodeItIs:
    """A text may begin with what the server said: then the code is the server's, unless just that is asked for."""

    def _told(self, mode: str, reply: str, text: str, **more: str) -> Story:
        story = Story(mode).connects(1.0, sent("rcpt", reply)).meets_fault(1.5).says(2.0, text, **more)
        return story.meets_fault(3.5).change(repaired=4.0).delivers(5.6)

    @pytest.mark.parametrize("text", ["250-there is more", "354 Go ahead..", "220 mx.test ESMTP"])
    def test_a_code_that_no_error_has_is_the_servers(self, text: str) -> None:
        story = self._told("close_at_mail", "250 OK", text)
        assert story.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE
        assert "only what the server said" in story.judge("error_code", "rfc").reason
        assert "no reply code" in observed(story, "error_code")

    def test_a_code_that_no_error_has_is_none_apart_from_the_text_either(self) -> None:
        story = self._told("close_at_mail", "250 OK", "lost", code="354", status="2.0.0")
        assert story.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE

    def test_a_refusal_that_was_said_is_the_servers(self) -> None:
        story = self._told("close_at_mail", "554 5.7.0 No mail", "554 5.7.0 No mail")
        assert story.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE
        assert "begins with the words of the server" in observed(story, "error_code")

    @pytest.mark.parametrize("text", ["554 5.7.0 Refused", "559 5.7.0 No mail", "554 5.7.1 No mail"])
    def test_a_refusal_that_was_not_said_is_the_relays(self, text: str) -> None:
        story = self._told("close_at_mail", "554 5.7.0 No mail", text)
        assert story.judge("error_code", "rfc").verdict is Verdict.FAIL

    def test_what_is_recorded_apart_is_the_relays(self) -> None:
        story = self._told("close_at_mail", "554 5.7.0 No mail", "554 5.7.0 No mail", status="5.7.0")
        assert story.judge("error_code", "rfc").requirement.id == "rfc/status-class"
        story = self._told("close_at_mail", "554 5.7.0 No mail", "554 5.7.0 No mail", status="4.4.2")
        assert story.verdict("error_code", "rfc") is Verdict.PASS

    def test_the_servers_code_counts_where_just_that_is_asked_for(self) -> None:
        reply = ALL["reply_4yz_at_mail"].refusal.reply
        assert reply is not None
        story = self._told("reply_4yz_at_mail", reply.text, reply.text)
        assert story.verdict("error_code") is Verdict.PASS
        assert story.verdict("error_code", "rfc") is Verdict.PASS
        other = self._told("reply_4yz_at_mail", "451 4.3.0 Wait", "451 4.3.0 Wait")
        assert other.verdict("error_code") is not Verdict.PASS

    def test_a_code_of_its_own_elsewhere_comes_before_what_the_log_quotes(self) -> None:
        story = self._told("close_at_mail", "554 5.7.0 No mail", "554 5.7.0 No mail")
        story.look(2.5, "550 5.4.1 lost")
        assert "550 5.4.1 lost" in observed(story, "error_code", profile="rfc")


class TestOnlyAReport:
    """Where neither log nor queue says anything the report's own fields count, and what it says to people."""

    def _returned(self, mode: str = "greeting_554", **report: str) -> Story:
        story = Story(mode).meets_fault(1.2).change(repaired=4.0)
        return story.returns(2.0, **{"diagnostic": "smtp; 554 5.3.2 No SMTP service here", **report})

    def test_its_remote_mta_is_the_destination_server(self) -> None:
        story = self._returned(remote_mta="dns; mx1.greeting-554.healed.test")
        judged = story.judge("destination_server", "rfc")
        assert judged.verdict is Verdict.PASS
        assert judged.observed.startswith("Remote-MTA mx1.greeting-554.healed.test (NDR: 554 5.3.2")
        other = self._returned(remote_mta="dns; mx9.elsewhere.test")
        assert "mx9" in observed(other, "destination_server", Verdict.DEVIATION, "rfc")

    def test_it_is_told_to_people(self) -> None:
        story = Story("greeting_554").meets_fault(1.2).change(repaired=4.0)
        text = b"Subject: Returned\r\n\r\nmx1.greeting-554.healed.test said: no SMTP service here\r\n"
        story.returns(2.0, content=text)
        assert story.verdict("destination_server", "rfc") is Verdict.PASS
        assert "NDR, in its words: mx1" in story.judge("destination_server", "rfc").observed
        assert story.verdict("error_detail", "rfc") is Verdict.PASS
        assert story.verdict("error_code", "rfc") is Verdict.NOT_APPLICABLE

    def test_it_may_name_no_server_where_none_was_spoken_to(self) -> None:
        story = Story("dns_nxdomain").meets_fault(1.2).change(repaired=4.0)
        story.returns(2.0, status="5.1.2", diagnostic="smtp; 550 5.1.2 host unknown")
        judged = story.judge("destination_server", "rfc")
        assert judged.verdict is Verdict.NOT_APPLICABLE
        assert "no Remote-MTA" in judged.reason
        story.look(1.5, "host unknown")
        assert "no server was ever tried" in story.judge("destination_server", "rfc").reason
        assert "host unknown" in observed(story, "destination_server")

    def test_it_names_the_one_that_was_tried(self) -> None:
        story = Story("greeting_421").meets_fault(1.2).look(1.5, "refused").change(repaired=4.0)
        assert "refused" in observed(story, "destination_server", Verdict.DEVIATION, "rfc")
