"""Exchangers and their addresses, further reports: name servers that fail, or answer half of it."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import hosts
from conformance.reference.hosts import Unroutable
from conformance.reference.relay import Relay
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from foreign.change import fault
from foreign.marker import in_hand, marked

_NOBODY_KNOWS = (LookupDetail.RETRY.value, LookupDetail.TIMEOUT.value)


def _for_good(error: Unroutable) -> Unroutable:
    return Unroutable(replace(error.failure, code="550", status="5.4.4"))


@fault(
    kind=1,
    reference="https://github.com/zone-eu/zone-mta/issues/4",
    reported="A name server that answered SERVFAIL to the question about MX records made the recipient be refused, "
    "though the next answer might have been a good one.",
    requirements=("queue/kept",),
    first=("mx_servfail",),
)
def refuses_where_the_exchangers_are_not_known_now() -> None:
    """Returns mail when the question about the MX records of its domain is answered by SERVFAIL."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> Any:
            try:
                return await original(route, *others)
            except Unroutable as error:
                if route.smart_hosts or error.failure.detail != LookupDetail.RETRY.value:
                    raise
                marked()
                raise _for_good(error) from error

        return find_hosts

    patch(hosts, "find_hosts", make)


@fault(
    kind=1,
    reference="https://github.com/zone-eu/zone-mta/issues/154",
    reported="For some minutes the name server failed at the addresses of mail exchangers, and all mail that was "
    "tried meanwhile came back with a 550.",
    requirements=("queue/kept",),
    first=("mx_target_servfail",),
)
def refuses_where_an_exchangers_address_is_not_known_now() -> None:
    """Returns mail when the address of a mail exchanger cannot be looked up for now."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Any) -> Any:
            try:
                return await original(host, route, resolver)
            except Unroutable as error:
                if route.smart_hosts or error.failure.detail not in _NOBODY_KNOWS:
                    raise
                marked()
                raise _for_good(error) from error

        return find_addresses

    patch(hosts, "find_addresses", make)


@fault(
    kind=1,
    reference="https://mskb.pkisolutions.com/kb/972744",
    reported="Name servers that ignored questions about AAAA records, or answered them oddly, kept mail in the queue "
    "as not to be looked up, though the A records were there.",
    requirements=("dns/one-family", "dns/answered"),
    first=("dns_aaaa_servfail", "dns_aaaa_silent", "dns_aaaa_refused"),
)
def one_family_without_an_answer_spoils_the_other() -> None:
    """Does not use the IPv4 addresses of a host when the question about its IPv6 addresses fails."""

    def make(original: Any) -> Any:
        async def addresses(self: Any, host: str) -> Any:
            found = await original(self, host)
            try:
                await self._ask(host, "AAAA")
            except LookupFailed as error:
                if not error.detail.conclusive:
                    marked()
                    raise
            return found

        return addresses

    patch(Resolver, "addresses", make)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/384",
    reported="Where a mail exchanger had no IPv6 address its name was looked up once more with the local domain "
    "behind it; a wildcard there led all such mail back to the sending machine.",
    requirements=("mx/no-other-host", "control/delivered"),
    first=("plain_mx", "mx_preference", "mx_best_refused"),
    unseen="what the domain that a relay's own machine is in has for a name of somebody else's is decided by "
    "whoever runs its resolver, so that nothing is there to lead mail astray, and a question more is "
    "nobody's fault",
)
def looks_exchangers_up_in_its_own_domain() -> None:
    """Looks a host without IPv6 addresses up again below its own domain, and goes to what it finds there first."""
    own: list[str] = []

    def made(original: Any) -> Any:
        def init(self: Any, config: Any, *others: Any) -> None:
            own.append(config.hostname.partition(".")[2] or config.hostname)
            original(self, config, *others)

        return init

    def make(original: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            found: list[str] = await original(self, host)
            if any(ipaddress.ip_address(each).version == 6 for each in found) or in_hand() is None:
                return found
            marked()
            try:
                return [*await original(self, f"{host}.{own[-1]}"), *found]
            except LookupFailed:
                return found

        return addresses

    patch(Relay, "__init__", made)
    patch(Resolver, "addresses", make)
