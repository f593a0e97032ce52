"""Schedules as texts, as scenarios, and what they can be reduced to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.catalogue.course import SCHEDULES, Course, Timing
from conformance.catalogue.destination import Tcp
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.scenario import Scenario, controls_of
from conformance.schedules.drawing import sequences
from conformance.schedules.scenarios import scenario_of
from conformance.schedules.sequence import ENDINGS, FAULTS, FaultSequence, failure_mode_of
from conformance.schedules.steps import is_fault
from conformance.target import Capability
from conformance.wave.envelope import author_of, domain_of, envelope_of, sender_of
from fake_servers import Script

anything = sequences(5)

# Which control has what a setting brings.
_CONTROLS = {
    re.compile("second_host"): "plain_two_hosts",
    re.compile("recipient"): "plain_two_recipients",
    re.compile("second_address"): "plain_with_two_addresses",
    re.compile("ipv6"): "plain_both_families_ipv4_first_with_two_addresses",
}


def scenario(schedule: FaultSequence, course: Course = Course.SCHEDULE) -> Scenario:
    return Scenario(failure_mode=failure_mode_of(schedule), course=course)


@given(anything)
def test_text_is_read_back(schedule: FaultSequence) -> None:
    assert FaultSequence.parse(str(schedule)) == schedule
    assert re.fullmatch(r"[a-z0-9_]+(\+[a-z0-9_]+)+", str(schedule))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no ending is called ''"),
        ("healthy", "needs a fault"),
        ("dns_servfail", "no ending is called 'dns_servfail'"),
        ("dns_servfail+nonsense+healthy", "no fault is called 'nonsense'"),
        ("healthy+healthy", "no fault is called 'healthy'"),
        ("dns_servfail+healthy+", "no fault is called 'healthy'"),
        ("close_at_quit+healthy", "no fault is called 'close_at_quit'"),
    ],
)
def test_text_that_is_no_schedule_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        FaultSequence.parse(text)


@given(anything, st.sampled_from(SCHEDULES))
def test_scenario_is_found_by_its_identifier(schedule: FaultSequence, course: Course) -> None:
    staged = scenario(schedule, course)
    again = scenario_of(staged.id)
    assert again.id == staged.id
    assert again.course is course
    assert again.failure_mode.steps == staged.failure_mode.steps


@given(anything)
def test_addresses_are_legal_and_short(schedule: FaultSequence) -> None:
    staged = scenario(schedule)
    labels = domain_of(staged).split(".")
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels)
    for address in (sender_of(staged), author_of(staged)):
        assert re.fullmatch(r"[a-z0-9.-]{1,64}@sender\.test", address)
    assert all(len(line) <= 998 for line in envelope_of(staged).content.split(b"\r\n"))


@given(anything, anything)
def test_different_schedules_have_different_addresses(one: FaultSequence, other: FaultSequence) -> None:
    assert (one == other) is (domain_of(scenario(one)) == domain_of(scenario(other)))


def test_the_same_schedule_staged_to_reduce_another_has_addresses_of_its_own() -> None:
    schedule = FaultSequence.parse("dns_servfail+healthy")
    assert len({domain_of(scenario(schedule, course)) for course in SCHEDULES}) == len(SCHEDULES)


@given(anything)
def test_failure_mode_says_all_that_a_wave_must_know(schedule: FaultSequence) -> None:
    mode = failure_mode_of(schedule)
    assert [step.name for step in mode.steps] == [*schedule.faults, schedule.ending]
    assert mode.kind is Kind.SCHEDULE
    assert not mode.is_control
    controls = [each for word, each in _CONTROLS.items() if any(map(word.search, schedule.settings))]
    hosts = [name for name in schedule.settings if re.match(r"second_(host|address)|ipv6", name)]
    assert len(mode.hosts) == 1 + len(hosts)
    found = {each.failure_mode.name for each in controls_of(scenario(schedule))}
    assert found == set(controls or ["plain"])
    assert all(step.about in mode.staged for step in mode.steps)


def test_no_schedule_can_be_mistaken_for_a_failure_mode() -> None:
    assert not [name for name in ALL if "+" in name]


@pytest.mark.parametrize("step", [*FAULTS.values(), *ENDINGS.values()], ids=lambda step: step.name)
def test_every_step_but_healthy_breaks_one_layer(step: object) -> None:
    assert hasattr(step, "host")
    host = step.host
    broken = [host.dns.answer is not None, host.tcp is not Tcp.SERVE, bool(Script(*host.rules).rules)]
    assert sum(broken) == (0 if step is ENDINGS["healthy"] else 1)
    assert is_fault(step) is (step is not ENDINGS["healthy"])  # type: ignore[arg-type]


@given(anything)
def test_reductions_are_simpler_and_come_simplest_first(schedule: FaultSequence) -> None:
    reductions = schedule.reductions()
    assert len(reductions) == len(set(reductions))
    weights = [reduction.weight for reduction in reductions]
    assert weights == sorted(weights)
    assert all(weight < schedule.weight for weight in weights)


@given(anything)
def test_each_fault_can_be_dropped(schedule: FaultSequence) -> None:
    shorter = [r for r in schedule.reductions() if len(r.faults) < len(schedule.faults)]
    if len(schedule.faults) > 1 or (schedule.ending != "healthy" and not schedule.is_killed):
        assert {r.faults for r in shorter} == {
            schedule.faults[:n] + schedule.faults[n + 1 :] for n in range(len(schedule.faults))
        }
    else:
        assert shorter == []


@given(anything)
def test_parts_are_what_reductions_lead_to_in_the_end(schedule: FaultSequence) -> None:
    parts = schedule.parts()
    single = len(schedule.faults) + (schedule.ending != "healthy") == 1
    for part in parts:
        if (part.faults, part.ending) == (schedule.faults, schedule.ending):
            assert single or len(part.settings) <= 1
        else:
            assert len(part.faults) + (part.ending != "healthy") == 1
            assert part.settings in ((), schedule.settings)
    told = set() if single and not schedule.settings else set(schedule.faults)
    assert {name for part in parts for name in part.faults} == told
    assert all(schedule.can_become(part) and part != schedule for part in parts)


@given(st.data())
def test_a_schedule_can_become_what_its_reductions_lead_to(data: st.DataObject) -> None:
    schedule = reduced = data.draw(anything)
    for _ in range(data.draw(st.integers(0, 4))):
        if reduced.reductions():
            reduced = data.draw(st.sampled_from(reduced.reductions()))
    assert schedule.can_become(reduced)
    assert reduced.can_become(schedule) is (reduced == schedule)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dns_servfail+healthy", "dns_nxdomain+healthy"),
        ("close_at_mail+healthy", "close_at_rcpt+healthy"),
        ("dns_servfail+close_at_mail+healthy", "close_at_mail+dns_servfail+healthy"),
        ("dns_servfail+healthy", "dns_servfail+close_at_quit"),
        ("dns_servfail+close_at_quit", "dns_servfail+rejected_at_mail"),
    ],
)
def test_a_schedule_cannot_become_what_is_not_simpler(one: str, other: str) -> None:
    assert not FaultSequence.parse(one).can_become(FaultSequence.parse(other))


def test_the_only_schedule_without_reductions_is_the_simplest() -> None:
    assert FaultSequence.parse("connection_refused+healthy").reductions() == []
    assert FaultSequence.parse("host_unreachable+healthy").reductions() != []


class TestSettings:
    """What is unusual from beginning to end."""

    TEXT = "large_message+offers_nothing+connection_refused+reset_at_dot+healthy"

    def test_they_stand_in_front(self) -> None:
        schedule = FaultSequence.parse(self.TEXT)
        assert schedule.settings == ("large_message", "offers_nothing")
        assert schedule.faults == ("connection_refused", "reset_at_dot")
        assert str(schedule) == self.TEXT
        assert schedule.message.octets == 64_000
        # who is never met offers nothing to anybody
        assert [step.host.extensions == () for step in schedule.steps] == [False, True, True]
        mode = failure_mode_of(schedule)
        assert mode.message.octets == 64_000
        assert "the server offers nothing at EHLO" in mode.staged

    @pytest.mark.parametrize("name", ["lines_with_dots", "lines_of_998", "eight_bit_text"])
    @pytest.mark.parametrize(("size", "octets"), [("", 1_500), ("large_message+", 64_000)])
    def test_lines_fill_a_message_of_any_size(self, name: str, size: str, octets: int) -> None:
        message = failure_mode_of(FaultSequence.parse(f"{size}{name}+close_at_body+healthy")).message
        assert message.octets == octets
        assert message.special is not None
        body = message.special.body or b""
        assert octets < len(body) < octets + 1_500
        assert body.endswith(b"\r\nThe end.\r\n")
        assert max(map(len, body.split(b"\r\n"))) <= 998
        assert message.special.eight_bit is (name == "eight_bit_text")
        assert not message.special.verbatim

    @pytest.mark.parametrize(
        "text",
        [
            "offers_nothing+offers_chunking+close_at_mail+healthy",
            "offers_nothing+large_message+close_at_mail+healthy",
            "close_at_mail+large_message+healthy",
            "large_message+healthy",
        ],
    )
    def test_at_most_one_of_each_in_their_order(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"settings|fault"):
            FaultSequence.parse(text)

    def test_a_kill_needs_a_fault_a_wave_of_its_own_and_a_relay_that_can_be_started_again(self) -> None:
        schedule = FaultSequence.parse("relay_killed+close_at_mail+rejected_at_rcpt")
        staged = scenario(schedule)
        assert Capability.RESTART in staged.needs
        assert staged.timing is Timing.CRASHED
        assert all(each.faults or not each.is_killed for each in (*schedule.reductions(), *schedule.parts()))
        with pytest.raises(ValueError, match="without a fault"):
            FaultSequence.parse("relay_killed+rejected_at_rcpt")

    def test_of_a_sort_one_may_be_simpler_than_another(self) -> None:
        schedule = FaultSequence.parse("second_recipient_refused+close_at_mail+healthy")
        simpler = FaultSequence.parse("two_recipients+close_at_mail+healthy")
        assert simpler in schedule.reductions()
        assert schedule.can_become(simpler)
        assert not simpler.can_become(schedule)

    def test_what_is_wrong_with_a_recipient_is_so_at_every_server_that_answers(self) -> None:
        text = "second_host_healthy+second_recipient_refused+second_address_refuses+close_at_mail+healthy"
        first, further, second = failure_mode_of(FaultSequence.parse(text)).hosts
        assert [rule.recipient for rule in first.rules] == ["second"]
        assert (further.further, further.rules, second.rules) == (True, (), first.rules)

    def test_an_ipv6_address_is_staged_in_the_namespace_lab_only(self) -> None:
        for name, lab in (("ipv6_address_refuses", "namespace"), ("second_address_refuses", "")):
            assert failure_mode_of(FaultSequence.parse(f"{name}+close_at_mail+healthy")).lab == lab

    def test_a_schedule_is_simpler_without_one(self) -> None:
        schedule = FaultSequence.parse("offers_chunking+connection_refused+healthy")
        plain = FaultSequence.parse("connection_refused+healthy")
        assert plain in schedule.reductions()
        assert plain.weight < schedule.weight
        assert schedule.can_become(plain)
        assert not plain.can_become(schedule)
        assert schedule.alone == ""
        assert plain.alone == "connection_refused"
