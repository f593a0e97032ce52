"""What the name server says of a scenario, before and after the repair."""

from __future__ import annotations

from functools import partial

import pytest
from stories.staging import scenario_of

from conformance.catalogue.destination import DnsName
from conformance.catalogue.failure_modes import ALL
from conformance.wave.connectors import DEAD, SPARE
from conformance.wave.envelope import domain_of
from conformance.wave.names import alias_of, new_name, point, publish_mx, smart_host
from fake_servers import Answer, Cname, Delayed, NoData, Records, ServFail, Truncated, Zone


def _answers(dns: DnsName) -> tuple[Answer, Answer]:
    zone = Zone()
    point(zone, "mx1.a.test", "fd77::1:1" if dns.ipv6 else "127.1.1.1", dns)
    return zone.answer("mx1.a.test", "A")[0], zone.answer("mx1.a.test", "AAAA")[0]


def test_a_plain_host_has_an_ipv4_address() -> None:
    assert _answers(DnsName(ttl=3)) == (Records("127.1.1.1", ttl=3), NoData())


def test_each_family_has_its_own_answer() -> None:
    assert _answers(DnsName(other_family=ServFail())) == (Records("127.1.1.1"), ServFail())
    assert _answers(DnsName(ipv6=True)) == (NoData(), Records("fd77::1:1"))
    assert _answers(DnsName(ipv6=True, other_family=ServFail())) == (ServFail(), Records("fd77::1:1"))


def test_further_addresses_follow_each_in_its_family() -> None:
    zone = Zone()
    point(zone, "mx1.a.test", "127.1.1.1", DnsName(ttl=3), "fd77::1:2", "127.1.1.3")
    assert zone.answer("mx1.a.test", "A")[0] == Records("127.1.1.1", "127.1.1.3", ttl=3)
    assert zone.answer("mx1.a.test", "AAAA")[0] == Records("fd77::1:2", ttl=3)
    point(zone, "mx2.a.test", "fd77::1:2", DnsName(ipv6=True), "127.1.1.1")
    assert zone.answer("mx2.a.test", "A")[0] == Records("127.1.1.1")
    assert zone.answer("mx2.a.test", "AAAA")[0] == Records("fd77::1:2")


def test_no_failure_mode_has_hosts_where_the_wave_has_its_own() -> None:
    assert all(len(mode.hosts) <= min(SPARE, DEAD) for mode in ALL.values())


def test_the_name_of_a_host_leads_to_its_further_addresses() -> None:
    scenario = scenario_of("deep_mx_addresses")
    names = [smart_host(scenario, number) for number in range(4)]
    assert names == [f"mx{number}.{domain_of(scenario)}" for number in (1, 1, 3, 3)]


def test_the_way_of_serving_wraps_the_record() -> None:
    assert _answers(DnsName(served=Truncated))[0] == Truncated(Records("127.1.1.1"))
    assert _answers(DnsName(served=partial(Delayed, 0.4)))[0] == Delayed(0.4, Records("127.1.1.1"))


def test_aliases_form_a_chain_or_a_loop() -> None:
    zone = Zone()
    point(zone, "mx1.a.test", "127.1.1.1", DnsName(aliases=2))
    assert zone.answer("mx1.a.test", "A")[0] == Cname("alias1.mx1.a.test")
    assert zone.answer("alias1.mx1.a.test", "A")[0] == Cname("alias2.mx1.a.test")
    assert zone.answer("alias2.mx1.a.test", "A")[0] == Records("127.1.1.1")
    point(zone, "mx2.a.test", "127.1.1.1", DnsName(aliases=1, loops=True))
    assert zone.answer("alias1.mx2.a.test", "A")[0] == Cname("mx2.a.test", loop_shown=True)


@pytest.mark.parametrize(
    ("mode", "records"),
    [
        ("plain_mx", ["10 mx1.{}."]),
        ("mx_preference", ["20 mx1.{}.", "10 mx2.{}."]),
        ("mx_relay_in_list", ["10 mx1.{}.", "30 mx2.{}.", "20 relay.test."]),
        ("mx_target_beside_address", ["10 mx1.{}."]),
        ("mx_relay_twice", ["10 mx1.{}.", "30 mx2.{}.", "20 RELAY.TEST.", "40 relay.test."]),
        ("mx_literal", ["20 mx1.{}.", "10 127.1.1.9."]),
        ("deep_mx_addresses", ["10 mx1.{}.", "20 mx3.{}."]),
    ],
)
def test_mx_records(mode: str, records: list[str]) -> None:
    zone, scenario = Zone(), scenario_of(mode)
    publish_mx(zone, scenario, literal="127.1.1.9")
    domain = domain_of(scenario)
    assert zone.answer(domain, "MX")[0] == Records(*(text.format(domain) for text in records))


def test_the_records_behind_an_alias_of_the_domain() -> None:
    zone, scenario = Zone(), scenario_of("mx_domain_alias")
    publish_mx(zone, scenario)
    domain = domain_of(scenario)
    assert alias_of(scenario) == f"alias1.{domain}"
    assert zone.answer(domain, "MX")[0] == Cname(f"alias1.{domain}")
    assert zone.answer(f"alias1.{domain}", "MX")[0] == Records(f"10 mx1.{domain}.")
    assert alias_of(scenario_of("plain_mx")) == ""
    disarmed = Zone()
    publish_mx(disarmed, scenario, disarmed=True)
    assert disarmed.answer(domain, "MX")[0] == Records(f"10 mx1.{domain}.")


def test_records_that_are_told_in_another_way_until_the_repair() -> None:
    zone, scenario = Zone(), scenario_of("mx_truncated")
    plain = Records(f"10 mx1.{domain_of(scenario)}.")
    publish_mx(zone, scenario)
    assert zone.answer(domain_of(scenario), "MX")[0] == Truncated(plain)
    publish_mx(zone, scenario, disarmed=True)
    assert zone.answer(domain_of(scenario), "MX")[0] == plain


def test_without_records_the_domain_itself_is_the_host() -> None:
    scenario = scenario_of("mx_implicit")
    zone = Zone()
    assert smart_host(scenario, 0) == domain_of(scenario)
    point(zone, domain_of(scenario), "127.1.1.1", DnsName())
    publish_mx(zone, scenario)
    assert zone.answer(domain_of(scenario), "MX")[0] == NoData()
    assert zone.answer(domain_of(scenario), "A")[0] == Records("127.1.1.1")


def test_an_answer_in_place_of_the_records_spares_the_address_of_the_domain() -> None:
    scenario = scenario_of("mx_servfail_beside_address")
    zone = Zone()
    point(zone, domain_of(scenario), "127.1.1.2", DnsName())
    publish_mx(zone, scenario, ServFail())
    assert zone.answer(domain_of(scenario), "MX")[0] == ServFail()
    assert zone.answer(domain_of(scenario), "A")[0] == Records("127.1.1.2")


def test_disarmed_the_relay_is_not_among_them() -> None:
    scenario = scenario_of("mx_relay_is_best")
    zone = Zone()
    publish_mx(zone, scenario, disarmed=True)
    assert zone.answer(domain_of(scenario), "MX")[0] == Records(f"20 mx1.{domain_of(scenario)}.")


def test_repaired_the_record_names_another_host() -> None:
    scenario = scenario_of("stale_mx")
    zone = Zone()
    publish_mx(zone, scenario, repaired=True)
    moved = f"moved.mx1.{domain_of(scenario)}"
    assert new_name(scenario, 0) == moved
    assert zone.answer(domain_of(scenario), "MX")[0] == Records(f"10 {moved}.", ttl=3)
    assert new_name(scenario_of("stale_address"), 0) == smart_host(scenario_of("stale_address"), 0)
