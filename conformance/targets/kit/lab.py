"""What an adapter asks of the machine and of the namespace lab: what is possible, and addresses of the relay's own."""

from __future__ import annotations

import re
import subprocess
from itertools import chain, count
from pathlib import Path

from conformance.lab import namespace
from conformance.target import Address, Capability, RelayConfig, TargetError
from conformance.targets import faketime
from conformance.targets.process import free_port

_IPV6 = "fd77::ffff:25"  # of the lab's network, and nobody's there
_PORT = 25
_PORTS = chain([_PORT], count(2525))  # of this process, which is one wave; all below those that clients get


def possible(*offered: Capability) -> frozenset[Capability]:
    """Return capabilities without those for which this machine lacks something.

    That is CLOCK without libfaketime (do not ask for a relay whose clock can be moved in another way), and IPV6 with a
    kernel that has none.
    """
    lacking = set() if faketime.available() else {Capability.CLOCK}
    if not namespace.has_ipv6():
        lacking.add(Capability.IPV6)
    return frozenset(offered) - lacking


def listening(config: RelayConfig) -> Address:
    """Return where a relay is to accept mail, where it may choose.

    In a lab of its own that is port 25 for the first instance and another one for each that follows, whether or not the
    ones before it are still there: two that wait for the greeting of one port would take each other for themselves.
    """
    host, port = config.listen
    if not port:
        port = next(_PORTS) if config.next_hop_port == _PORT else free_port(host)
    return Address(host, port)


def check_lab(config: RelayConfig, name: str, *, users: bool = False) -> float:
    """Make sure that mounts are private and the system's resolver is the lab's.

    Args:
        config: What the suite asks for.
        name: The relay's, for the error.
        users: Whether it has users of its own, so that this must be root's lab.

    Returns:
        The time-out of one DNS question, all attempts together, if asked by the C library.

    Raises:
        TargetError: This is not the namespace lab, or not root's (`installation` is set).
    """
    resolv = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    if re.findall(r"(?m)^nameserver\s+(\S+)", resolv) != [config.resolver.host] or config.resolver.port != 53:
        raise TargetError(
            f"{name} needs a machine of its own: port 25 everywhere, and the system's resolver",
            hint="Run it in the namespace lab.",
            installation=True,
        )
    if users and Path("/proc/self/uid_map").read_text(encoding="ascii").split() != ["0", "0", "4294967295"]:
        raise TargetError(f"{name} needs users of its own", hint="Run it as root.", installation=True)
    options = dict(re.findall(r"\b(timeout|attempts):(\d+)", resolv))
    return float(options.get("timeout", 5)) * float(options.get("attempts", 2))


def own_addresses(config: RelayConfig, *, ipv6: bool = False) -> None:
    """Give a network device the address at which the relay listens.

    The lab's addresses are local by a route and belong to no device; that is for relays that know themselves by their
    devices' addresses, or ask for the addresses of others only where a device has one of the same kind.

    Args:
        config: What the suite asks for.
        ipv6: Give it an address of IPv6 as well.

    Raises:
        TargetError: It cannot be done.
    """
    addresses = [f"{config.listen.host}/32", *([f"{_IPV6}/128"] if ipv6 else [])]
    for address in addresses:
        command = ["ip", "address", "replace", address, "dev", "lo"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=9)
        if done.returncode != 0:
            raise TargetError(f"{' '.join(command)}: {done.stderr.strip()}")
