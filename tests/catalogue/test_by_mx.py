"""What a relay is judged by that finds its way by MX records alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.catalogue.by_mx import SINCE, by_mx, looks_up_mx_only, why_not_by_mx
from conformance.catalogue.connector import MxRouting, SmartHosts
from conformance.catalogue.course import Course
from conformance.catalogue.destination import with_names
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.scenario import Scenario, controls_of, unsuitable
from conformance.evidence.site import Site
from conformance.schedules.scenarios import scenario_of
from conformance.target import Capability
from conformance.wave.connectors import connectors, exchangers_beside
from conformance.wave.names import publish_mx, smart_host
from fake_servers import Records, Zone

NAMED = {name: mode for name, mode in ALL.items() if isinstance(mode.routing, SmartHosts)}
ABLE = frozenset(Capability) - {
    Capability.SMART_HOST,
    Capability.SEVERAL_SMART_HOSTS,
    Capability.LITERAL,
    Capability.ONE_ROUTE,
}


def staged(name: str, course: Course = Course.HEALED) -> Scenario:
    return Scenario(failure_mode=ALL[name], course=course).as_staged_for(ABLE)


def test_most_of_what_is_wrong_with_smart_hosts_is_staged_by_mx() -> None:
    stands_in = [name for name in NAMED if not why_not_by_mx(ALL[name], Course.HEALED)]
    assert len(stands_in) > 0.9 * len(NAMED)


@pytest.mark.parametrize(
    ("name", "course", "why"),
    [
        ("literal_ipv4", Course.HEALTHY, "how the connector writes the smart host"),
        ("certificate_of_mixed_case_host", Course.HEALED, "how the connector writes the smart host"),
        ("connection_refused", Course.ALERTED, "an operator"),
        ("connection_refused", Course.EDITED, "an operator"),
        ("edited_in_attempt", Course.AMID, "an operator"),
        ("dns_nxdomain", Course.HEALED, "the smart host's name"),
        ("dns_cname_chain", Course.PERSISTS, "the smart host's name"),
        ("first_host_servfail", Course.HEALED, "the smart host's name"),
        ("report_to_unknown_host", Course.REPORTED, "the smart host's name"),
        ("first_host_bad_certificate", Course.HEALED, "each of several smart hosts for a certificate"),
    ],
)
def test_what_is_about_the_smart_host_does_not_apply(name: str, course: Course, why: str) -> None:
    mode = ALL[name]
    assert by_mx(mode, course) is mode
    reason = unsuitable(Scenario(failure_mode=mode, course=course), ABLE, mode.lab or "loopback")
    assert reason.startswith("the target finds its way by MX records alone")
    assert why in reason


def test_it_is_the_same_failure_mode_but_for_the_way() -> None:
    for name, mode in NAMED.items():
        other = by_mx(mode, Course.HEALED)
        assert replace(other, routing=mode.routing) == mode, name
        assert control_of(other) is control_of(mode), name


def test_the_hosts_are_preferred_in_their_order() -> None:
    for name, mode in NAMED.items():
        mx = by_mx(mode, Course.HEALED).mx
        if mx is None:
            continue
        assert mx.preferences == tuple(sorted(set(mx.preferences))), name
        assert len(mx.preferences) == len(with_names(mode.hosts)), name


def test_a_target_with_routes_is_judged_as_before() -> None:
    for capabilities in (
        frozenset(Capability),
        frozenset(Capability) - {Capability.MX},
        frozenset[Capability](),
    ):
        assert not looks_up_mx_only(capabilities)
        for mode in NAMED.values():
            scenario = Scenario(failure_mode=mode, course=Course.HEALED)
            assert scenario.as_staged_for(capabilities) is scenario


def test_what_is_routed_by_mx_anyway_stays_as_it_is() -> None:
    for name in ALL.keys() - NAMED.keys():
        assert staged(name).failure_mode is ALL[name]


def test_the_clock_has_the_same_control_whichever_way() -> None:
    for name in ("connection_refused", "mx_servfail"):
        declared = Scenario(failure_mode=ALL[name], course=Course.EXPIRES)
        assert [each.id for each in controls_of(declared.as_staged_for(ABLE))] == [
            each.id for each in controls_of(declared)
        ]


def test_an_earlier_catalogue_asks_no_more_than_it_did() -> None:
    scenario = Scenario(failure_mode=ALL["connection_refused"], course=Course.HEALED)
    assert unsuitable(scenario, ABLE, "loopback", SINCE) == ""
    assert "not capable of smart_host" in unsuitable(scenario, ABLE, "loopback", "0.6")


class TestItsWorld:
    """The name server says of each domain what the connector does not."""

    def test_no_connector_names_a_host(self) -> None:
        for name in (
            "connection_refused",
            "deep_smart_hosts",
            "beside_backlog",
            "domains_refused_refused_refused",
        ):
            scenario = staged(name)
            sites = [Site(name=smart_host(scenario, n), host="127.1.1.1", port=25) for n in range(4)]
            found = connectors(scenario, sites)
            assert [each.smart_hosts for each in found] == [()] * len(found)
            assert {each.domain for each in found[1:]} == {*exchangers_beside(scenario)}

    def test_every_domain_beside_has_a_mail_exchanger(self) -> None:
        assert len(exchangers_beside(staged("domains_refused_refused_refused"))) == 2
        assert len(exchangers_beside(staged("beside_backlog"))) == 1
        assert len(exchangers_beside(staged("report_refused_at_rcpt", Course.REPORTED))) == 1
        declared = Scenario(failure_mode=ALL["beside_backlog"], course=Course.HEALTHY)
        assert exchangers_beside(declared) == {}

    def test_its_own_domain_has_one_for_each_host(self) -> None:
        scenario = staged("first_host_refused")
        zone = Zone()
        publish_mx(zone, scenario)
        domain = "first-host-refused.healed.test"
        assert zone.answer(domain, "MX")[0] == Records(f"10 mx1.{domain}.", f"20 mx2.{domain}.")

    def test_a_fault_schedule_has_one(self) -> None:
        scenario = scenario_of("dns_servfail+close_at_mail+healthy.schedule").as_staged_for(ABLE)
        assert isinstance(scenario.failure_mode.routing, MxRouting)
        assert scenario.failure_mode.steps
        zone = Zone()
        publish_mx(zone, scenario)
        [connector] = connectors(scenario, [Site(name="mx1.x.test", host="127.1.1.1", port=25)])
        assert zone.answer(connector.domain, "MX")[0] == Records(f"10 {smart_host(scenario, 0)}.")
