from __future__ import annotations

import ipaddress
import socket

import pytest

from conformance.lab import namespace
from conformance.lab.addresses import (
    HOSTS_PER_SCENARIO,
    LOOPBACK,
    NAMESPACE,
    Lab,
    choose,
    in_namespace,
    loopback,
    unsuitable,
)
from conformance.target import Capability

ANY_PORT = frozenset({Capability.ANY_PORT})


@pytest.mark.parametrize("lab", [loopback(), in_namespace()], ids=lambda lab: lab.name)
def test_no_two_hosts_share_an_address(lab: Lab) -> None:
    hosts = [
        lab.scenario_host(index, host, reachable=reachable)
        for index in range(400)
        for host in range(HOSTS_PER_SCENARIO)
        for reachable in (True, False)
    ]
    instances = [lab.instance_host(number) for number in range(1, 26)]
    everybody = [lab.relay_host, *instances, lab.sink_host, lab.resolver.host, *hosts]
    assert len({ipaddress.IPv4Address(host) for host in everybody}) == len(everybody)
    assert all(host.rsplit(".", 1)[1] not in ("0", "255") for host in everybody)


def test_so_many_instances_have_addresses_of_their_own_as_one_answer_names() -> None:
    lab = in_namespace()
    assert lab.instance_host(26) == lab.relay_host


def test_loopback_stays_on_loopback() -> None:
    lab = loopback()
    hosts = [lab.relay_host, lab.sink_host, lab.resolver.host, lab.scenario_host(399, 3)]
    assert all(ipaddress.IPv4Address(host).is_loopback for host in hosts)
    with socket.socket() as sock:
        sock.bind((lab.scenario_host(0, 0), lab.smtp_port))


def test_what_is_nowhere_cannot_be_reached() -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="unreachable"):
        sock.connect((loopback().scenario_host(0, 0, reachable=False), 25))


def test_addresses_of_ipv6_are_in_networks_of_their_own() -> None:
    lab = in_namespace()
    here, nowhere = (lab.scenario_host(5, 1, reachable=each, ipv6=True) for each in (True, False))
    assert ipaddress.IPv6Address(here) in ipaddress.IPv6Network(namespace.IPV6_ADDRESSES)
    assert ipaddress.IPv6Address(nowhere) in ipaddress.IPv6Network(namespace.IPV6_UNREACHABLE)
    assert ipaddress.IPv6Address(here).compressed == here  # as sockets and packets spell it


def test_the_namespace_has_the_standard_ports() -> None:
    lab = in_namespace()
    assert (lab.smtp_port, lab.resolver.port) == (25, 53)
    assert ipaddress.IPv4Address(lab.sink_host) in ipaddress.IPv4Network("10.77.0.0/16")


def test_auto_takes_the_simplest_lab_that_will_do() -> None:
    assert choose("auto", ANY_PORT) == LOOPBACK
    assert choose("auto", frozenset()) == NAMESPACE
    assert choose(LOOPBACK, frozenset()) == LOOPBACK


def test_a_target_of_fixed_ports_is_told_where_it_can_be_judged() -> None:
    assert unsuitable(LOOPBACK, "x", ANY_PORT) is None
    assert "--conformance-lab=namespace" in (unsuitable(LOOPBACK, "x", frozenset()) or "")
