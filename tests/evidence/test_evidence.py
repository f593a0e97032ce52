from __future__ import annotations

from dataclasses import replace

import pytest
from stories.reports import qmail_like
from stories.story import Story, good, good_control, waiting
from stories.wire import RESOLVER, SINK, query

from conformance.evidence.record import Fault, Trouble
from conformance.target import Outcome
from fake_servers.events import DnsQuery, FakeBroke, TcpClosed


def _told(story: Story) -> list[tuple[str, str]]:
    return [(error.source, error.text) for error in story.evidence().errors]


def test_whom_a_report_is_about_is_read_in_its_fields_or_else_in_its_words() -> None:
    story = Story("greeting_421")
    ours = story.staged.recipient
    assert story.returns(5.0).evidence().told_of(ours, "else@a.test") == [ours]
    story.returns(6.0, content=qmail_like(story.staged))
    assert story.evidence().told_of(ours.upper(), "else@a.test", ours[1:], ours[:-1]) == [ours, ours]
    nobody = b"Subject: failure notice\r\n\r\nSorry.\r\n" + story.staged.content
    assert story.returns(7.0, content=nobody).evidence().told_of(ours) == [ours, ours]


class TestEvents:
    def test_only_our_own_servers_and_names(self) -> None:
        story = waiting("dns_nxdomain")
        other = Story("greeting_554", number=2).meets_fault(1.0).looks_up(0.9)
        evidence = story.evidence(other, good_control("slow"))
        assert sorted(evidence.events, key=id) == sorted(story.events, key=id)

    def test_names_are_compared_without_case_and_final_dot(self) -> None:
        story = Story("dns_nxdomain")
        name = story.site().name.upper() + "."
        for asked in (name, story.staged.domain, "else" + story.staged.domain):
            story.note(query(asked, at=1.0))
        assert [each.name for each in story.evidence().of(DnsQuery)] == [name, story.staged.domain]

    def test_what_lies_below_the_domain_is_its_own(self) -> None:
        story = Story("dns_nxdomain")
        story.note(query("alias1." + story.site().name, at=1.0))
        assert len(story.evidence().events) == 1

    @pytest.mark.parametrize("suffix", ["test", "office.example.org"])
    def test_a_question_with_the_suffix_of_a_search_list_is_its_own(self, suffix: str) -> None:
        story, other = Story("dns_nxdomain"), Story("dns_servfail", number=2)
        for name in (story.site().name, story.staged.domain, f"_25._tcp.{story.site().name}"):
            story.note(query(f"{name}.{suffix}", at=1.0))
        story.note(query(f"nobody.test.{suffix}", at=1.0))
        assert [each.name for each in story.evidence(other).of(DnsQuery)] == [
            f"{story.site().name}.{suffix}",
            f"{story.staged.domain}.{suffix}",
            f"_25._tcp.{story.site().name}.{suffix}",
        ]
        assert not list(other.evidence(story).of(DnsQuery))

    def test_so_is_one_for_the_name_of_its_address(self) -> None:
        story = Story("dns_nxdomain")
        for name in ("1.1.1.127.in-addr.arpa", "1.2.1.127.in-addr.arpa"):
            story.note(query(name, "PTR", at=1.0))
        assert [each.name for each in story.evidence().of(DnsQuery)] == ["1.1.1.127.in-addr.arpa"]

    def test_of_a_kind(self) -> None:
        evidence = waiting("greeting_421").evidence()
        assert set(map(type, evidence.of(TcpClosed))) == {TcpClosed}
        assert list(evidence.of(DnsQuery)) == []

    def test_a_story_cannot_tell_what_no_record_can_hold(self) -> None:
        with pytest.raises(ValueError, match=r"tcp/probe at 0\.1 s: outcome is 'refuzed'"):
            Story("connection_refused").probes(0.1, outcome="refuzed")
        with pytest.raises(AssertionError, match="it never happened"):
            Story("connection_refused").note(FakeBroke(error="oops"))

    def test_a_defect_of_what_everybody_relies_on_is_everybodys(self) -> None:
        story, other = waiting("greeting_421"), good_control("slow")
        story.note(
            FakeBroke(at=1.0, server=RESOLVER, error="name server"),
            FakeBroke(at=1.0, error="witness"),
            FakeBroke(at=1.0, server=story.site().server, error="own"),
        )
        other.note(FakeBroke(at=1.0, server=other.site().server, error="not ours"))
        broke = story.evidence(other).of(FakeBroke)
        assert {each.error for each in broke} == {"name server", "witness", "own"}


class TestMessages:
    def test_arrived_at_our_servers_and_returned_to_our_sender(self) -> None:
        story = good("close_at_dot").returns(9.0)
        evidence = story.evidence(good_control("slow").returns(9.5))
        [message] = evidence.messages
        assert message.content.endswith(story.staged.content)
        assert (message.server, message.mail_from, message.tls) == (
            story.site().server,
            story.staged.sender,
            True,
        )
        [(returned, report)] = evidence.ndrs
        assert (returned.server, returned.mail_from, returned.at) == (SINK, "", 9.0)
        assert report.recipients[0].final_recipient == story.staged.recipient

    def test_a_notice_of_delay_is_a_notice_and_no_ndr(self) -> None:
        evidence = waiting("close_at_dot").returns(3.0, action="delayed").evidence()
        assert len(evidence.notices) == 1
        assert evidence.ndrs == ()
        assert evidence.given_up is None


class TestErrors:
    def test_events_before_queue_before_ndr(self) -> None:
        story = Story("greeting_421").returns(5.0, diagnostic="smtp; 550 ndr")
        assert _told(story) == [("NDR", "550 ndr")]
        assert _told(story.look(2.0, "queue")) == [("queue", "queue")]
        assert _told(story.says(2.0, "event")) == [("event", "event")]

    def test_events_without_a_word_do_not_hide_what_others_say(self) -> None:
        story = Story("greeting_421").says(2.0, "")
        assert _told(story) == [("event", "")]
        assert _told(story.look(2.1, "")) == [("event", "")]
        assert _told(story.look(2.2, "queue")) == [("queue", "queue")]
        assert _told(Story("greeting_421").says(2.0, "", status="4.3.2").look(2.2, "queue")) == [
            ("event", "")
        ]

    def test_only_deferrals_and_failures_are_errors(self) -> None:
        story = Story("greeting_421").says(2.0, "a").says(3.0, "ok", Outcome.DELIVERED)
        story.says(4.0, "b", Outcome.PERMANENT).says(5.0, "old", Outcome.EXPIRED)
        assert [(e.text, e.permanent) for e in story.evidence().errors] == [("a", False), ("b", True)]
        assert story.evidence().given_up == 4.0

    def test_the_queue_names_the_recipient_in_any_case(self) -> None:
        story = Story("greeting_421").look(2.0, "x")
        story.change(recipient=story.staged.recipient.upper())
        assert _told(story) == [("queue", "x")]

    def test_the_same_error_in_the_queue_counts_once(self) -> None:
        story = (
            Story("greeting_421").look(2.0, "").look(3.0, "a").look(4.0, "a").look(5.0, "b").look(6.0, "a")
        )
        assert [(e.at, e.text) for e in story.evidence().errors] == [(3.0, "a"), (5.0, "b"), (6.0, "a")]

    def test_the_fields_of_a_report_are_recorded_apart(self) -> None:
        story = Story("greeting_421").returns(5.0, status="5.3.2", remote_mta="dns; mx1.test")
        [error] = story.evidence().errors
        assert (error.status, error.destination, error.permanent) == ("5.3.2", "mx1.test", True)
        assert story.evidence().given_up == 5.0


class TestCoded:
    """The errors from the best source that shows a code."""

    def _told(self, story: Story) -> list[tuple[str, str]]:
        return [(e.source, e.text) for e in story.evidence().coded(lambda each: each.own_codes)]

    def test_events_before_queue_before_notice(self) -> None:
        story = Story("greeting_421").says(2.0, "words").look(2.5, "more words")
        assert self._told(story) == [("event", "words")]  # nobody shows one
        story.returns(5.0, action="delayed", status="4.4.1", diagnostic="smtp; why")
        assert self._told(story) == [("notice of delay", "why")]
        assert self._told(story.look(3.0, "450 queue")) == [("queue", "more words"), ("queue", "450 queue")]
        assert self._told(story.says(3.5, "", code="450")) == [("event", "words"), ("event", "")]

    def test_a_final_report_serves_too(self) -> None:
        story = Story("greeting_421").says(2.0, "words").returns(5.0, diagnostic="smtp; 450 no")
        assert self._told(story) == [("NDR", "450 no")]

    def test_nothing_at_all(self) -> None:
        assert self._told(Story("greeting_421")) == []

    def test_a_notice_of_delay_is_permanent_for_nobody(self) -> None:
        story = Story("greeting_421").returns(5.0, action="delayed", status="4.4.1")
        [error] = story.evidence().coded(lambda each: each.own_codes)
        assert not error.permanent


class TestWhoseItIs:
    def test_a_sender_and_an_author_in_any_case(self) -> None:
        story = Story("greeting_421")
        story.returns(5.0, to=story.staged.sender.upper()).returns(6.0, to=story.staged.author.title())
        evidence = story.evidence(good_control("slow"))
        assert [message.at for message in evidence.returned] == [5.0]
        assert [message.at for message in evidence.astray] == [6.0]

    def test_a_recipient_in_any_case(self) -> None:
        story = Story("greeting_421")
        story.delivers(5.0, recipients=["x@y.test", story.staged.recipient.upper()])
        [message] = story.evidence().messages
        assert message.is_for(story.staged.recipient)
        assert not message.is_for("x@z.test")


def test_troubles_of_others_are_not_ours() -> None:
    story = Story("greeting_421")
    for scenario in ("", story.staged.scenario, "plain.healthy"):
        story.troubles.append(
            Trouble(at=1.0, fault=Fault.TARGET, message=scenario or "all", scenario=scenario)
        )
    assert [t.message for t in story.evidence().troubles] == ["all", story.staged.scenario]


def test_late_is_more_than_the_slack() -> None:
    assert not Story("plain").change(lag=1.0).evidence().harness_was_late
    assert Story("plain").change(lag=1.01).evidence().harness_was_late


@pytest.mark.parametrize(
    ("granularity", "time_outs", "lag", "late"),
    [
        (65.0, 300.0, 1.2, False),
        (65.0, 300.0, 3.3, False),
        (65.0, 300.0, 3.4, True),
        # time-outs are real, and the shortest counts: who is answered after it accuses the server
        (65.0, 2.0, 1.2, True),
        (1.0, 300.0, 1.2, True),
    ],
)
def test_we_may_be_late_by_a_share_of_what_the_relay_granted(
    granularity: float, time_outs: float, lag: float, late: bool
) -> None:
    story = Story("plain").change(lag=lag)
    patience = dict.fromkeys(("connect_timeout", "command_timeout", "dns_timeout"), time_outs)
    granted = replace(story.staged.granted, granularity=granularity, **patience)
    assert story.change(granted=granted).evidence().harness_was_late is late
