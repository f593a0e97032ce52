"""Hosts with several addresses: what is combined meets in every pair, and a name is told with all its addresses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from conformance.catalogue.circumstances import circumstances_of
from conformance.catalogue.connector import MxRouting
from conformance.catalogue.destination import DnsName, Host, addresses_of, named_like, with_names
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.failure_modes.addresses import COMBINED, FAULTS, MODES, PATTERNS
from conformance.catalogue.failure_modes.deep_lists import MODES as DEEP
from conformance.target import Capability

HOSTS = (Host(), Host(further=True), Host(), Host(), Host(further=True))


def pairs() -> set[tuple[str, str]]:
    """Return each two of pattern, fault and route that meet in some failure mode."""
    found = set()
    for mode in COMBINED:
        _, pattern, fault, *rest = mode.name.split("_")
        route = "mx" if rest else "smart"
        assert isinstance(mode.routing, MxRouting) is bool(rest)
        found |= {(pattern, fault), (pattern, route), (fault, route)}
    return found


def test_each_two_of_what_is_combined_meet() -> None:
    patterns, faults = ([each.name for each in some] for some in (PATTERNS, FAULTS))
    routes = ["smart", "mx"]
    assert pairs() == {*product(patterns, faults), *product(patterns, routes), *product(faults, routes)}


def test_one_of_two_addresses_is_healthy() -> None:
    for mode in MODES:
        healthy = [host for host in mode.hosts if replace(host, further=False, dns=DnsName()) == Host()]
        assert [host.further for host in mode.hosts] == [False, True]
        assert len(healthy) == 1, mode.name


def test_which_addresses_a_name_has() -> None:
    assert with_names(HOSTS) == [0, 2, 3]
    assert [named_like(HOSTS, number) for number in range(6)] == [0, 0, 2, 3, 3, 5]
    assert [list(addresses_of(HOSTS, number)) for number in (0, 1, 2, 3, 5)] == [
        [0, 1],
        [0, 1],
        [2],
        [3, 4],
        [5],
    ]


def test_an_address_more_is_no_host_more() -> None:
    two = ALL["address_first_refuses"]
    assert Capability.SEVERAL_SMART_HOSTS not in two.needs
    assert Capability.SEVERAL_SMART_HOSTS in ALL["deep_smart_hosts"].needs
    assert (ALL["address_ipv6_refuses"].lab, ALL["address_first_refuses"].lab) == ("namespace", "")


def test_the_control_has_the_same_addresses_all_of_them_healthy() -> None:
    for mode in (*MODES, *DEEP):
        control = control_of(mode)
        assert [host.further for host in control.hosts] == [host.further for host in mode.hosts]
        assert [host.dns.ipv6 for host in control.hosts] == [host.dns.ipv6 for host in mode.hosts]
        assert all(replace(host, further=False, dns=DnsName()) == Host() for host in control.hosts)


def test_a_control_is_called_after_its_addresses() -> None:
    def name(mode: FailureMode) -> str:
        return circumstances_of(mode).name

    assert name(ALL["address_first_refuses"]) == "plain_with_two_addresses"
    assert name(ALL["address_ipv6_refuses"]) == "plain_both_families_ipv6_first_with_two_addresses"
    assert name(ALL["deep_mx_addresses"]) == "plain_mx_two_hosts_with_two_and_two_addresses"
    assert name(ALL["deep_smart_hosts"]) == "plain_four_hosts"


def test_numbers_of_several_lengths_are_in_another_order_as_text() -> None:
    mx = ALL["mx_numbers_of_several_lengths"].mx
    assert mx is not None
    as_text = sorted(mx.preferences, key=str)
    assert as_text[0] != min(mx.preferences)
    assert max(mx.preferences) >= 2**15  # below zero for who takes the highest of its 16 bits for a sign
    assert set(mx.forbidden) == {n for n, each in enumerate(mx.preferences) if each != min(mx.preferences)}
