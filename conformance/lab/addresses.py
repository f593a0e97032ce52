"""The address plan of a lab: who lives where, in loopback and in the namespace alike."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from conformance.lab import namespace
from conformance.target import Address, Capability

LOOPBACK = "loopback"
NAMESPACE = "namespace"
NAMES = (LOOPBACK, NAMESPACE)

# Hosts of one scenario, and scenarios in one /24.
HOSTS_PER_SCENARIO = 6
_SCENARIOS_PER_NET = 42

# Instances of a relay with an address of their own: as many as one answer of DNS names by UDP.
_INSTANCES = 25
_BEFORE_INSTANCES = 100


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Addresses and ports of one wave.

    Attributes:
        name: `loopback` or `namespace`.
        net: The first two octets of every address.
        nowhere: The first two octets of addresses that no packet can reach.
        smtp_port: Port of every next hop.
        resolver: Address of the name server.
    """

    name: str
    net: str
    nowhere: str
    smtp_port: int
    resolver: Address

    @property
    def relay_host(self) -> str:
        """Where a relay listens; instances share it and differ by port."""
        return f"{self.net}.0.25"

    def instance_host(self, number: int) -> str:
        """Return where one of several instances of a relay listens, which may have a fixed port; counted from 1."""
        return f"{self.net}.0.{_BEFORE_INSTANCES + number}" if number <= _INSTANCES else self.relay_host

    @property
    def sink_host(self) -> str:
        """Where NDRs are received."""
        return f"{self.net}.0.99"

    def scenario_host(self, index: int, host: int, *, reachable: bool = True, ipv6: bool = False) -> str:
        """Return the address of the nth smart host of the nth scenario, both counted from 0."""
        if ipv6:
            addresses = namespace.IPV6_ADDRESSES if reachable else namespace.IPV6_UNREACHABLE
            return f"{addresses.partition('/')[0]}{1 + index:x}:{1 + host:x}"
        third, fourth = divmod(index, _SCENARIOS_PER_NET)
        net = self.net if reachable else self.nowhere
        return f"{net}.{1 + third}.{1 + HOSTS_PER_SCENARIO * fourth + host}"


def choose(asked: str, capabilities: frozenset[Capability]) -> str:
    """Return the name of the lab: as asked, or for `auto` the simplest that the target can work in."""
    if asked != "auto":
        return asked
    return LOOPBACK if Capability.ANY_PORT in capabilities else NAMESPACE


def unsuitable(name: str, target: str, capabilities: frozenset[Capability]) -> str | None:
    """Return why a target cannot be judged in a lab on this machine, and what to do; None if it can."""
    if name == NAMESPACE:
        return namespace.unavailable()
    if Capability.ANY_PORT not in capabilities:
        return (
            f"{target} needs ports 25 and 53 (it lacks the capability any_port), which only the namespace lab "
            "has: use --conformance-lab=namespace"
        )
    return None


def loopback() -> Lab:
    """Return a plan on 127/8, with ports that are free now."""
    return Lab(
        name=LOOPBACK,
        net="127.1",
        nowhere="239.77",  # multicast: a TCP connection to it fails in the kernel, before any packet
        smtp_port=_free_port("127.1.1.1"),
        resolver=Address("127.1.0.53", 0),
    )


def in_namespace() -> Lab:
    """Return a plan inside the namespace lab, with the standard ports."""
    return Lab(
        name=NAMESPACE,
        net=namespace.ADDRESSES.rsplit(".", 2)[0],
        nowhere=namespace.UNREACHABLE.rsplit(".", 2)[0],
        smtp_port=25,
        resolver=Address(f"{namespace.ADDRESSES.rsplit('.', 2)[0]}.0.53", 53),
    )


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
