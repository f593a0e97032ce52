"""Hosts with several addresses, and many hosts, of which not all are tried that must be."""

from __future__ import annotations

import errno
import os
from typing import Any

from conformance.reference import hosts
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import deferral
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupFailed, Resolver
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes

_NEXT = "hosts/next-host"
_EVERY = "hosts/every-address"
_FIRST = modes(lambda mode: mode.name.startswith("address_first_"))
_LAST = modes(lambda mode: mode.name.startswith("address_last_"))
_IPV4 = modes(lambda mode: mode.name.startswith("address_ipv4_"))
_IPV6 = modes(lambda mode: mode.name.startswith("address_ipv6_"))
_DEEP = modes(lambda mode: mode.name.startswith("deep_"))
# Controls that nobody declared; several addresses are there in the network namespace alone if one is of IPv6.
_CONTROLS = modes(lambda mode: mode.is_control and mode.name.endswith("_addresses")).without(
    "plain_mx_three_hosts_with_two_and_one_and_one_addresses"  # two of its hosts have one address
)


def choosing(choose: Any) -> None:
    """Have the addresses of a host chosen from those that it has, in their order."""

    def make(original: Any) -> Any:
        async def find_addresses(*arguments: Any) -> list[str]:
            found: list[str] = choose(await original(*arguments))
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@mutation(
    scenarios=(_FIRST, _IPV6, "first_host_refused", "plain"),
    caught=(
        fails("delivers_anyway", _EVERY, _FIRST, _IPV6),
        fails("delivers_anyway", _EVERY, _FIRST, _IPV6, profile="rfc"),
    ),
)
def tries_the_first_address_of_a_host() -> None:
    """Tries the first address of each host only."""
    choosing(lambda found: found[:1])


@mutation(scenarios=(_CONTROLS, "plain"), caught=(fails("delivered", "control/delivered", _CONTROLS),))
def goes_nowhere_if_there_are_two_addresses() -> None:
    """Finds no address for a host that has more than one."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, *arguments: Any) -> list[str]:
            found: list[str] = await original(host, *arguments)
            if len(found) > 1:
                raise Unroutable(deferral(Stage.DNS, Cause.LOOKUP, "not taken", server=host))
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@mutation(scenarios=(_LAST, _IPV4, "plain"), caught=(fails("delivers_anyway", _EVERY, _LAST, _IPV4),))
def keeps_the_last_address_of_a_host() -> None:
    """Keeps one address of each host, the last that it was told."""
    choosing(lambda found: found[-1:])


@mutation(scenarios=(_IPV6, "ipv6_only", "plain"), caught=(fails("delivers_anyway", _EVERY, _IPV6),))
def tries_ipv6_alone_where_there_is_any() -> None:
    """Tries the IPv4 addresses of a host only if it has no IPv6 address."""
    choosing(lambda found: [each for each in found if ":" in each] or found)


@mutation(
    scenarios=("address_ipv6_unreachable", "address_ipv6_closes", "plain"),
    caught=(fails("delivers_anyway", _EVERY, "address_ipv6_unreachable"),),
)
def waits_for_a_network_that_it_does_not_have() -> None:
    """Ends the attempt where an IPv6 address cannot be reached, as if all of the network were down."""

    def make(original: Any) -> Any:
        async def try_address(self: Any, *arguments: Any) -> bool:
            goes_on = bool(await original(self, *arguments))
            results = arguments[-1]
            down = os.strerror(errno.ENETUNREACH)
            return goes_on and not any(down in getattr(each, "detail", "") for each in results.values())

        return try_address

    patch(Delivery, "_try_address", make)


@mutation(
    scenarios=(_FIRST, "first_host_refused"),
    caught=(deviates("delivers_anyway", "harmless/at-once", _FIRST),),
)
def tries_one_address_at_each_attempt() -> None:
    """Tries one address of a host at each attempt, the next one at the next."""
    turn: dict[tuple[str, ...], int] = {}

    def choose(found: list[str]) -> list[str]:
        number = turn[tuple(found)] = turn.get(tuple(found), -1) + 1
        return [found[number % len(found)]]

    choosing(choose)


@mutation(
    scenarios=(_DEEP,),
    caught=(fails("delivers_anyway", _EVERY, "deep_mx_addresses"),),
    also=hence(
        "two hosts, or two addresses, may be all that it tries",
        "delivers_anyway",
        verdict="not_applicable",
        modes=("deep_smart_hosts", "deep_addresses"),
    ),
)
def passes_over_every_second_host() -> None:
    """Takes what was tried out of the list that it walks through, and so passes over the next one."""

    def finding(original: Any) -> Any:
        async def find_hosts(*arguments: Any) -> list[str]:
            found: list[str] = await original(*arguments)
            return found[::2]

        return find_hosts

    patch(hosts, "find_hosts", finding)
    choosing(lambda found: found[::2])


@mutation(
    scenarios=(_DEEP, "mx_best_refused"),
    caught=(fails("delivers_anyway", _NEXT, "deep_mx"),),
)
def tries_two_exchangers() -> None:
    """Tries the best two mail exchangers, and every smart host."""

    def make(original: Any) -> Any:
        return lambda records, hostname: original(records, hostname)[:2]

    patch(hosts, "order_exchangers", make)


@mutation(scenarios=(_DEEP,), caught=(fails("delivers_anyway", _NEXT, "deep_smart_hosts", "deep_mx"),))
def tries_two_hosts() -> None:
    """Tries two hosts in each attempt, and every address of both."""

    def make(original: Any) -> Any:
        async def find_hosts(*arguments: Any) -> list[str]:
            found: list[str] = await original(*arguments)
            return found[:2]

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(scenarios=(_DEEP,), caught=(fails("delivers_anyway", _EVERY, "deep_addresses"),))
def tries_three_addresses_of_a_host() -> None:
    """Tries three addresses of each host, and every host."""
    choosing(lambda found: found[:3])


@mutation(
    scenarios=("mx_ipv6_only", "ipv6_only"), caught=(fails("delivered", "control/delivered", "mx_ipv6_only"),)
)
def asks_for_ipv4_of_exchangers() -> None:
    """Asks for IPv4 addresses only where mail is routed by MX."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Resolver) -> list[str]:
            if route.smart_hosts:
                found: list[str] = await original(host, route, resolver)
                return found
            try:
                return [record.address for record in await resolver._ask(host, "A")]
            except LookupFailed as error:
                raise hosts.Unroutable(hosts.lookup_failure(error, route)) from error

        return find_addresses

    patch(hosts, "find_addresses", make)
