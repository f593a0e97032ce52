"""Depth of addresses and MX, further reports: what an MX set may hold, and for how long an address is good."""

from __future__ import annotations

import os
from typing import Any

from mutants.patching import patch

from conformance.reference import hosts
from conformance.reference.hosts import Unroutable, lookup_failure
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from foreign.change import fault
from foreign.marker import marked

_DIED = 70


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/1183",
    reported="At the mail exchangers of one domain the server crashed, whenever it tried; it could only be started "
    "without its queue.",
    requirements=("relay/survives",),
    first=("mx_best_nodata", "mx_best_nxdomain"),
)
def dies_of_an_odd_exchanger() -> None:
    """Ends when one of several mail exchangers has no address."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Any) -> list[str]:
            try:
                found: list[str] = await original(host, route, resolver)
            except Unroutable:
                if route.domain and host != route.domain:
                    marked()
                    os._exit(_DIED)
                raise
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@fault(
    kind=1,
    reference="https://github.com/viridIT/vSMTP/pull/323",
    reported="A domain that says by its MX record that it takes no mail was a domain like any other.",
    requirements=("mx/null-returned",),
)
def takes_the_null_mx_for_none() -> None:
    """Goes to the domain's own address where the null MX says that it takes no mail."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, resolver: Any, hostname: str) -> list[str]:
            try:
                found: list[str] = await original(route, resolver, hostname)
            except Unroutable as error:
                if error.failure.detail != "NullMX":
                    raise
                marked()
                return [route.domain]
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@fault(
    kind=1,
    reference="https://github.com/mjl-/mox/issues/350",
    reported="Mail to a domain that has MX records and no address of its own was thought not to be deliverable.",
    requirements=("control/delivered", "harmless/delivered", "mx/preference"),
    first=("mx_preference",),
)
def wants_an_address_of_the_domain() -> None:
    """Defers mail for a domain that has no address of its own, whatever its MX records say."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, resolver: Any, hostname: str) -> list[str]:
            found: list[str] = await original(route, resolver, hostname)
            if route.domain and found != [route.domain]:
                try:
                    await resolver.addresses(route.domain)
                except LookupFailed as error:
                    marked()
                    raise Unroutable(lookup_failure(error, route)) from error
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@fault(
    kind=1,
    reference="https://github.com/viridIT/vSMTP/pull/321",
    reported="Where a domain had no MX records its IPv6 address was no place to go to.",
    requirements=("control/delivered", "harmless/delivered"),
)
def wants_ipv4_where_there_is_no_mx() -> None:
    """Goes to the IPv4 addresses alone of a domain without MX records."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Any) -> list[str]:
            found: list[str] = await original(host, route, resolver)
            if host != route.domain:
                return found
            old = [each for each in found if ":" not in each]
            if old != found:
                marked()
            if not old:
                raise Unroutable(lookup_failure(LookupFailed(host, LookupDetail.NO_RECORDS), route))
            return old

        return find_addresses

    patch(hosts, "find_addresses", make)


@fault(
    kind=1,
    reference="https://github.com/mjl-/mox/issues/136",
    reported="Messages were tried for hours at addresses that were not, or no longer, those of the mail exchangers.",
    requirements=("dns-cache/address",),
)
def keeps_addresses_for_ever() -> None:
    """Remembers the addresses of a host for as long as it runs, whatever their TTL."""
    known: dict[str, list[str]] = {}

    def make(original: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            if host in known:
                marked()
                return known[host]
            found: list[str] = await original(self, host)
            known[host] = found
            return found

        return addresses

    patch(Resolver, "addresses", make)
