"""What each witness takes for a contact, and how contacts become attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.staging import GRANTED, TOLD
from stories.story import Story, waiting
from stories.wire import fault, message, sent, syn

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.witness.attempts import Attempt, Witness
from conformance.witness.connections import delivered
from fake_servers.events import SmtpHeard, TcpClosed, TlsOffered

# whether a kill fell into its moment is a story of its own
BROKEN = [
    *TOLD,
    *(name for name, mode in ALL.items() if mode.kind in (Kind.PERMANENT, Kind.MIXED) and mode.mx is None),
]
FAULT = fault()


def _attempts(story: Story, *, connections: int = 1) -> list[Attempt]:
    return ALL[story.mode].witness.attempts(story.evidence(), connections=connections)


def _starts(story: Story) -> list[float]:
    return [round(attempt.at, 3) for attempt in _attempts(story)]


@pytest.mark.parametrize("lab", ["loopback", "namespace"])
@pytest.mark.parametrize("mode", BROKEN)
def test_two_attempts_are_seen_as_two(mode: str, lab: str) -> None:
    first, second = _attempts(waiting(mode, lab))
    assert first.at == pytest.approx(1.2)
    assert 1.9 <= second.at - first.latest_end <= 2.1
    assert first.at <= first.end <= first.latest_end


@pytest.mark.parametrize("mode", BROKEN)
def test_what_only_others_met_is_no_attempt(mode: str) -> None:
    other = waiting(mode)
    story = Story(mode, number=2).probes(0.1)
    story.staged = replace(story.staged, sites=[replace(s, name=f"x.{s.name}") for s in story.staged.sites])
    other.staged = replace(other.staged, scenario="other")
    assert ALL[mode].witness.attempts(story.evidence(other)) == []


@pytest.mark.parametrize("mode", BROKEN)
def test_a_healthy_server_is_no_fault(mode: str) -> None:
    story = Story(mode).change(repaired=0.5)
    story.looks_up(1.0).connects(
        1.1,
        sent("ehlo", "250-mx\n250 STARTTLS"),
        TlsOffered(certificate="good"),
        message(()),
    )
    assert _attempts(story) == []


class TestLookUps:
    def test_retransmissions_are_one_attempt_however_many(self) -> None:
        story = Story("dns_no_answer")
        for at in (1.0, 1.4, 1.8, 2.2, 2.6, 3.0):
            story.looks_up(at, "silence", id=7)
        assert _starts(story) == [1.0]

    def test_the_same_identifier_for_ever_does_not_hide_retries(self) -> None:
        story = Story("dns_nxdomain").looks_up(1.0, "nxdomain", id=0).looks_up(3.0, "nxdomain", id=0)
        assert _starts(story.looks_up(5.0, "nxdomain", id=0)) == [1.0, 3.0, 5.0]

    def test_a_storm_is_many_attempts(self) -> None:
        story = Story("dns_servfail").change(repaired=20.0)
        for number in range(9):
            story.looks_up(1.0 + 0.1 * number, "servfail", id=number)
        assert _starts(story) == [1.0, 1.3, 1.6]

    def test_each_transport_is_tried_for_itself(self) -> None:
        story = Story("dns_truncated_no_tcp")
        for number in range(3):
            story.looks_up(1.0 + 0.1 * number, "truncated", id=2 * number)
            story.looks_up(1.05 + 0.1 * number, "hang_up", id=2 * number + 1, transport="tcp")
        assert _starts(story) == [1.0]

    def test_asking_for_both_kinds_of_address_is_one_attempt(self) -> None:
        story = Story("dns_servfail")
        for number in range(3):
            story.looks_up(1.0 + 0.1 * number, "servfail", id=number)
            story.looks_up(1.05 + 0.1 * number, "servfail", id=number, type="AAAA")
        assert _starts(story) == [1.0]

    def test_asking_for_ipv6_only_is_an_attempt(self) -> None:
        story = (
            Story("dns_nxdomain")
            .looks_up(1.0, "nxdomain", type="AAAA")
            .looks_up(3.0, "nxdomain", type="AAAA")
        )
        assert _starts(story) == [1.0, 3.0]

    def test_one_kind_after_the_other_in_silence(self) -> None:
        story = Story("dns_no_answer").change(repaired=30.0)
        for at in (1.0, 7.0):
            story.looks_up(at, "silence", type="AAAA", id=1).looks_up(at + 2, "silence", id=2)
        first, second = _attempts(story)
        assert second.at - first.latest_end == pytest.approx(2.0)

    def test_neither_other_types_nor_answers_that_do_not_fail(self) -> None:
        story = Story("dns_nxdomain").looks_up(1.0, "nxdomain", type="MX").looks_up(1.0, "records")
        assert _starts(story) == []

    @pytest.mark.parametrize(
        ("mode", "answer"),
        [("dns_malformed", "malformed"), ("dns_cname_chain", "cname"), ("dns_slow", "delayed")],
    )
    def test_whatever_is_asked_of_the_hosts_name_meets_its_fault(self, mode: str, answer: str) -> None:
        assert _starts(Story(mode).change(repaired=None).looks_up(1.2, answer, type="MX")) == [1.2]

    def test_after_the_repair_a_failing_answer_is_not_the_fault(self) -> None:
        assert _starts(Story("dns_nxdomain").change(repaired=0.9).looks_up(1.0, "nxdomain")) == []

    @pytest.mark.parametrize("mode", ["dns_other_name", "dns_malformed", "dns_wrong_id"])
    def test_an_answer_that_must_not_be_believed_may_end_an_attempt_or_not(self, mode: str) -> None:
        answer = mode.removeprefix("dns_")

        def seen(*moments: float) -> list[float]:
            story = Story(mode).change(repaired=30.0)
            for at in moments:
                story.looks_up(at, answer).looks_up(at + 0.01, "nodata", type="AAAA")
            return _starts(story)

        assert GRANTED.retry_interval == 2.0
        assert seen(1.0, 2.95, 4.9, 6.95) == [1.0, 2.95, 4.9, 6.95], "gives up at once"
        assert seen(1.0, 2.0, 5.0, 6.0) == [1.0, 5.0], "asks once more when it has waited for another answer"
        assert len(seen(1.0, 1.2, 1.4, 1.6, 1.8, 2.0)) == 2, "comes back at once"

    def test_silence_lasts_as_long_as_granted(self) -> None:
        story = Story("dns_no_answer").looks_up(1.0, "silence")
        story.change(granted=replace(GRANTED, dns_timeout=4.0))
        [attempt] = _attempts(story)
        assert (attempt.at, attempt.end, attempt.latest_end) == (1.0, 1.0, 5.0)


class TestProbes:
    def test_without_the_second_probe_nothing_is_proven_after_the_repair(self) -> None:
        story = Story("connection_refused").probes(0.1).looks_up(1.0)
        assert _starts(story) == []
        assert _starts(story.probes(6.1)) == [1.0]

    def test_while_the_fault_lasts_one_probe_will_do(self) -> None:
        assert _starts(Story("connection_refused").change(repaired=None).probes(0.1).looks_up(1.0)) == [1.0]
        assert _starts(Story("connection_refused").change(repaired=None).looks_up(1.0)) == []

    @pytest.mark.parametrize("outcome", ["connected", "timeout", "unreachable"])
    def test_a_probe_that_met_something_else_proves_nothing(self, outcome: str) -> None:
        story = Story("connection_refused").probes(0.1).probes(6.1, outcome=outcome).looks_up(1.0)
        assert _starts(story) == []

    def test_look_ups_outside_of_the_probes_do_not_count(self) -> None:
        story = Story("connection_refused").probes(0.5, 6.1).looks_up(0.4).looks_up(1.0).looks_up(6.05)
        assert _starts(story) == [1.0]

    def test_in_the_namespace_look_ups_prove_no_refusal(self) -> None:
        assert _starts(Story("connection_refused", "namespace").probes(0.1, 6.1).looks_up(1.0)) == []


class TestConnections:
    def test_a_connection_is_one_attempt_whatever_happens_on_it(self) -> None:
        story = Story("close_at_greeting").connects(1.0, FAULT, FAULT, lasting=0.5)
        [attempt] = _attempts(story)
        assert (attempt.at, attempt.end, attempt.latest_end) == (1.0, 1.05, 1.5)

    def test_coming_back_at_once_is_another_attempt(self) -> None:
        story = Story("close_at_greeting").connects(1.0, FAULT).connects(1.1, FAULT).connects(1.2, FAULT)
        assert _starts(story) == [1.0, 1.1, 1.2]
        assert len(_attempts(story, connections=2)) == 2

    def test_two_hosts_in_succession_are_one_attempt(self) -> None:
        story = Story("greeting_421_every_host")
        story.connects(1.0, FAULT, host=0).connects(1.2, FAULT, host=1).connects(1.4, FAULT, host=0)
        first, second = _attempts(story)
        assert [contact.host for contact in first.contacts] == [story.site(0).name, story.site(1).name]
        assert second.at == 1.4

    def test_a_connection_never_closed_ends_when_the_fault_was_played(self) -> None:
        story = Story("close_at_greeting").connects(1.0, FAULT)
        story.events = [event for event in story.events if not isinstance(event, TcpClosed)]
        [attempt] = _attempts(story)
        assert (attempt.end, attempt.latest_end) == (1.05, 1.05)

    def test_a_relay_may_keep_a_silent_connection_after_its_patience(self) -> None:
        story = Story("greeting_timeout").connects(1.0, fault("stall"), lasting=9.0)
        [attempt] = _attempts(story)
        assert (attempt.end, attempt.latest_end) == (pytest.approx(3.05), 10.0)

    def test_so_much_as_we_were_late_it_may_have_given_up_before(self) -> None:
        story = Story("greeting_timeout").connects(1.0, fault("stall"), lasting=9.0).change(lag=0.25)
        [attempt] = _attempts(story)
        assert (attempt.end, attempt.latest_end) == (pytest.approx(2.8), 10.0)

    @pytest.mark.parametrize("mode", ["malformed_at_ehlo", "endless_at_ehlo"])
    def test_what_is_no_silence_may_be_given_up_at_once_and_closed_later(self, mode: str) -> None:
        story = Story(mode).connects(1.0, fault("raw", "ehlo"), lasting=0.4)
        [attempt] = _attempts(story)
        assert (attempt.end, attempt.latest_end) == (pytest.approx(1.05), pytest.approx(1.4))

    def test_who_says_quit_has_given_up(self) -> None:
        story = Story("stall_at_mail").connects(1.0, fault("stall", "mail"), lasting=3.9)
        end = story.events[-1]
        story.note(SmtpHeard(at=2.8, server=end.server, connection=end.connection, octets=6))
        story.events.sort(key=lambda event: event.at)
        [attempt] = _attempts(story)
        assert (attempt.end, attempt.latest_end) == (pytest.approx(2.8), pytest.approx(4.9))

    def test_the_good_certificate_is_no_fault(self) -> None:
        story = Story("certificate_expired")
        story.connects(1.0, TlsOffered(certificate="good"))
        assert _starts(story.connects(3.0, TlsOffered(certificate="expired"))) == [3.0]

    @pytest.mark.parametrize(
        ("stage", "text", "seen"),
        [("ehlo", "250 HELP", 1), ("ehlo", "250-x\n250 starttls", 0), ("mail", "250 OK", 0)],
    )
    def test_what_shows_that_starttls_is_missing(self, stage: str, text: str, seen: int) -> None:
        story = Story("tls_not_offered").connects(1.0, sent(stage, text))
        assert len(_attempts(story)) == seen

    def test_dropped_and_refused_are_told_apart_on_the_wire(self) -> None:
        refused = Story("connection_refused", "namespace")
        server = refused.site().server
        refused.note(syn("dropped", 1.0, at=1.0, server=server))
        assert _starts(refused) == []
        dropped = Story("connect_timeout")
        dropped.note(syn("dropped", 1.2, at=1.0, server=dropped.site().server))
        [attempt] = _attempts(dropped)
        assert (attempt.end, attempt.latest_end) == (2.2, 3.0)

    def test_the_witness_of_controls_sees_what_arrived(self) -> None:
        assert len(delivered.attempts(Story("plain").delivers(1.0).evidence())) == 1
        assert delivered.attempts(Story("plain").connects(1.0).evidence()) == []


def test_every_failure_mode_says_what_its_proof_is() -> None:
    for mode in ALL.values():
        assert isinstance(mode.witness, Witness)
        assert len(mode.witness.sentence) > 15


def test_an_offer_is_told_by_its_spelling() -> None:
    story = Story("offers_mixed_case")
    lines = [
        f"250-{each}"
        for each in ("SIZE 10", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")
    ]
    story.connects(1.0, sent("ehlo", "\n".join(["250-mx", *lines, "250 HELP"])))
    assert _attempts(story) == []
    spelled = [line.title() for line in lines]
    assert len(_attempts(story.connects(3.0, sent("ehlo", "\n".join(["250-mx", *spelled, "250 Help"]))))) == 1
