"""Each failure mode has a control that differs from it in nothing but the fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from conformance.catalogue.circumstances import Circumstances, circumstances_of, is_plain_control
from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.destination import DnsName, Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.failure_modes import controls_of as controls_of_mode
from conformance.catalogue.failure_modes.derived import controls_for
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.scenario import Course, Scenario, controls_of, unsuitable
from conformance.catalogue.section import Section
from conformance.evidence.site import Site
from conformance.schedules.drawing import draw
from conformance.schedules.scenarios import scenario_of
from conformance.suite import ASPECTS
from conformance.target import Capability, TlsPolicy
from conformance.wave.connectors import connectors
from conformance.wave.names import smart_host
from fake_servers import Certificate

LABS = ("loopback", "namespace")
PLAIN = ALL["plain"]


def everything() -> Iterator[Scenario]:
    found = {scenario.id: scenario for aspect in ASPECTS for scenario in aspect.scenarios()}
    yield from found.values()
    yield from (scenario_of(f"{each}.schedule") for each in draw(20))


def targets() -> Iterator[frozenset[Capability]]:
    """Yield capabilities of targets: everything, and everything but one, two or three of those that matter here."""
    matter = [
        Capability.SMART_HOST,
        Capability.SEVERAL_SMART_HOSTS,
        Capability.LITERAL,
        Capability.MX,
        Capability.IPV6,
        Capability.TLS_OPPORTUNISTIC,
        Capability.TLS_REQUIRED,
        Capability.TLS_VERIFIED,
        Capability.TLS_DOMAIN,
    ]
    for routes in (frozenset[Capability](), frozenset({Capability.ONE_ROUTE})):
        able = frozenset(Capability) - {Capability.ONE_ROUTE} | routes
        for number in range(4):
            yield from (able - {*lacking} for lacking in combinations(matter, number))


def test_a_control_needs_nothing_that_its_dependants_do_not_need() -> None:
    for scenario in everything():
        for control in controls_of(scenario):
            assert control.needs <= scenario.needs, (scenario.id, control.id, control.needs - scenario.needs)
            assert control.failure_mode.lab in ("", scenario.failure_mode.lab), scenario.id


@pytest.mark.parametrize("lab", LABS)
def test_a_control_can_be_staged_wherever_its_dependants_can(lab: str) -> None:
    relied_on = [(each, control) for each in everything() for control in controls_of(each)]
    for capabilities in targets():
        for scenario, control in relied_on:
            if not unsuitable(scenario, capabilities, lab):
                assert not unsuitable(control, capabilities, lab), (scenario.id, control.id, capabilities)


def test_nothing_is_wrong_with_a_control() -> None:
    for scenario in everything():
        own, controls = circumstances_of(scenario.failure_mode), controls_of_mode(scenario.failure_mode)
        for control in controls:
            assert control.is_control
            assert is_plain_control(control)
            assert control_of(control) is control
        found = [circumstances_of(control) for control in controls]
        if scenario.failure_mode.kind is not Kind.SCHEDULE:
            assert found == [own]
        assert max(each.recipients for each in found) == own.recipients
        assert set(own.hosts) == {host for each in found for host in each.hosts}


def test_controls_are_found_by_name_and_none_is_made_in_vain() -> None:
    used = {control_of(mode).name for mode in ALL.values()}
    assert all(ALL[name] is control_of(ALL[name]) for name in used)
    declared = controls_for([mode for mode in ALL.values() if mode.is_control])
    assert {mode.name for mode in declared.values()} >= used


@pytest.mark.parametrize(
    ("mode", "control"),
    [
        ("connection_refused", "plain"),
        ("mx_nxdomain", "plain_mx"),
        ("mx_servfail_beside_address", "plain_mx"),
        ("mx_best_defers", "mx_preference"),
        ("mx_null", "mx_implicit"),
        ("mx_best_refused", "plain_mx_three_hosts"),
        ("certificate_expired", "verified_tls"),
        ("tls_not_offered", "good_under_encryption_only"),
        ("expired_under_opportunistic", "good_under_opportunistic"),
        ("first_host_refused", "plain_two_hosts"),
        ("first_host_bad_certificate", "good_under_certificate_validation_two_hosts"),
        ("one_recipient_deferred", "plain_two_recipients"),
        ("too_many_recipients_452", "plain_four_recipients"),
        ("literal_greeting_421", "literal_ipv4"),
        ("literal_ipv6_greeting_421", "literal_ipv6"),
        ("dns_a_servfail", "ipv6_only"),
        ("certificate_of_host_for_ip_literal", "certificate_for_ip_literal"),
        ("certificate_of_host_not_tls_domain", "wildcard_under_domain_validation_for_gateway"),
        ("beside_backlog", "plain"),
        ("slow", "plain"),
        ("moved_clock_mx", "plain_mx"),
    ],
)
def test_the_control_of(mode: str, control: str) -> None:
    assert control_of(ALL[mode]).name == control


@pytest.mark.parametrize(
    ("change", "name", "section", "staged"),
    [
        ({"hosts": (Host(),) * 11}, "plain_11_hosts", Section.CONTROL, "11 healthy servers."),
        (
            {"hosts": (Host(dns=DnsName(ipv6=True)),) * 2, "routing": SmartHosts(literal=True)},
            "plain_literal_ipv6_two_hosts",
            Section.CONTROL,
            "Two healthy servers, given by their addresses, reached by IPv6 alone.",
        ),
        (
            {"hosts": (Host(), Host(dns=DnsName(ipv6=True)))},
            "plain_both_families_two_hosts",
            Section.CONTROL,
            "Two healthy servers, reached by IPv6 in part.",
        ),
        (
            {"hosts": (Host(),) * 3, "routing": MxRouting(preferences=(7, 3, 7))},
            "plain_mx_10_20_20_three_hosts",
            Section.CONTROL,
            "Three healthy servers, found by the MX records of the recipient domain.",
        ),
        (
            {
                "hosts": (Host(tls=ServerTls(certificate=Certificate.IP_ADDRESS)),) * 2,
                "routing": SmartHosts(literal=True),
                "tls": TlsRule(policy=TlsPolicy.DOMAIN_VALIDATION),
            },
            "ip_address_under_domain_validation_literal_two_hosts",
            Section.TLS_IP,
            "Two healthy servers, given by their addresses. The connector requires a certificate that is valid for a "
            "name; each presents a certificate for its IP address and not for its name.",
        ),
    ],
)
def test_a_control_that_nobody_declared_is_made(
    change: dict[str, object], name: str, section: Section, staged: str
) -> None:
    mode = replace(PLAIN, name="new", message=Message(backlog=1), **change)  # type: ignore[arg-type]
    [control] = controls_for([mode]).values()
    assert (control.name, control.section, control.staged) == (name, section, staged)
    assert circumstances_of(control) == circumstances_of(mode)


def test_failure_modes_with_the_same_circumstances_share_a_control() -> None:
    greeted, refused = ALL["greeting_421"], ALL["connection_refused"]
    assert len(controls_for([greeted, refused])) == 1
    assert [*controls_for([greeted, PLAIN, refused]).values()] == [PLAIN]


def test_what_the_repair_brings_is_what_counts() -> None:
    circumstances: Circumstances = circumstances_of(ALL["certificate_of_host_for_ip_literal"])
    [host] = circumstances.hosts
    assert host.tls is not None
    assert host.tls.certificate is Certificate.IP_ADDRESS


@pytest.mark.parametrize(
    "change",
    [
        {"message": Message(backlog=1)},
        {"message": Message(octets=64_000)},
        {"routing": MxRouting(ttl=60)},
        {"routing": MxRouting(relay=20)},
        {"kind": Kind.HARMLESS, "section": Section.HOSTS},
    ],
)
def test_what_is_no_plain_control(change: dict[str, object]) -> None:
    assert not is_plain_control(replace(PLAIN, **change))  # type: ignore[arg-type]


class TestWhatAConnectorIsToldOf:
    """A relay is told of several smart hosts, or of an address, only if it says that it can be."""

    @pytest.mark.parametrize("lab", LABS)
    def test_no_connector_has_what_a_target_cannot_take(self, lab: str) -> None:
        able = frozenset(Capability) - {Capability.ONE_ROUTE}
        for lacking in ({Capability.SEVERAL_SMART_HOSTS}, {Capability.LITERAL}, {Capability.SMART_HOST}):
            for scenario in everything():
                if unsuitable(scenario, able - lacking, lab):
                    continue
                for hosts in _smart_hosts(scenario.as_staged_for(able - lacking)):
                    assert not hosts or Capability.SMART_HOST not in lacking, scenario.id
                    assert len(hosts) <= 1 or Capability.SEVERAL_SMART_HOSTS not in lacking, scenario.id
                    assert not _literals(hosts) or Capability.LITERAL not in lacking, scenario.id

    def test_without_a_route_of_its_own_a_backlog_is_not_staged(self) -> None:
        backlog = Scenario(failure_mode=ALL["beside_backlog"], course=Course.HEALTHY)
        reason = unsuitable(backlog, frozenset({Capability.SMART_HOST, Capability.ONE_ROUTE}), "loopback")
        assert reason.startswith("the target has one route for all mail, and")

    def test_a_server_that_takes_no_report_either_is_none_for_who_has_one_route(self) -> None:
        small = Scenario(failure_mode=ALL["size_too_small"], course=Course.REJECTED)
        able = frozenset({Capability.SMART_HOST})
        assert unsuitable(small, able, "loopback") == ""
        assert "of reports neither" in unsuitable(small, able | {Capability.ONE_ROUTE}, "loopback")

    @pytest.mark.parametrize(
        ("mode", "needed"),
        [
            ("first_host_refused", Capability.SEVERAL_SMART_HOSTS),
            ("plain_two_hosts", Capability.SEVERAL_SMART_HOSTS),
            ("literal_ipv4", Capability.LITERAL),
            ("certificate_for_ip_literal", Capability.LITERAL),
        ],
    )
    def test_what_is_lacking_is_named(self, mode: str, needed: Capability) -> None:
        scenario = Scenario(failure_mode=ALL[mode], course=Course.HEALTHY)
        assert needed in unsuitable(scenario, frozenset(Capability) - {needed}, "loopback")

    def test_several_mail_exchangers_need_no_list_of_smart_hosts(self) -> None:
        assert ALL["mx_equal"].needs == {Capability.MX}


def _smart_hosts(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    mode: FailureMode = scenario.failure_mode
    names = [smart_host(scenario, number) for number in range(len(mode.hosts))]
    sites = [Site(name=name, host=f"127.1.1.{n}", port=25) for n, name in enumerate(names, 1)]
    yield from (connector.smart_hosts for connector in connectors(scenario, sites))


def _literals(hosts: tuple[str, ...]) -> list[str]:
    return [host for host in hosts if host.startswith("127.")]
