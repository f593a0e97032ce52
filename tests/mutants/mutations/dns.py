"""Answers of the name server that are misread, or not waited for."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import dns.asyncquery
import dns.message
import dns.rdatatype

from conformance.reference import hosts, resolver
from conformance.reference.classify import CERTIFICATE_FAILED
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from conformance.reference.routing import Route
from mutants.expectations import delivered
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes

_LONGEST_DATAGRAM = 65535
_HASTE = 0.2  # seconds for a look-up
_FAMILIES = modes(lambda mode: mode.name.startswith("dns_aaaa_"))


@mutation(
    scenarios=("dns_wrong_id", "dns_malformed"),
    caught=(delivered("dns_wrong_id"),),
)
def believes_any_answer() -> None:
    """Takes the first datagram that comes for its answer, whatever identifier it bears."""

    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect(tuple(self._server))
            asking.send(dns.message.make_query(name, rdtype).to_wire())
            return dns.message.from_wire(await loop.sock_recv(asking, _LONGEST_DATAGRAM))

    patch(Resolver, "_exchange", lambda _: exchange)


@mutation(scenarios=("dns_forged_first", "dns_wrong_id"), caught=(fails("delivers_anyway", "dns/answered"),))
def waits_no_longer_than_for_a_forgery() -> None:
    """Believes no answer that bears another identifier, and takes none that comes behind it."""

    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        query = dns.message.make_query(name, rdtype)
        return await dns.asyncquery.udp(
            query, self._server.host, self._timeout, self._server.port, ignore_unexpected=True
        )

    patch(Resolver, "_exchange", lambda _: exchange)


@mutation(
    scenarios=("dns_forged_elsewhere", "dns_forged_first"),
    caught=(fails("delivers_anyway", "dns/answered", "dns_forged_elsewhere"),),
)
def waits_no_longer_than_for_a_stranger() -> None:
    """Gives a look-up up as soon as a datagram comes from where it has not asked."""

    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        query = dns.message.make_query(name, rdtype)
        where = self._server
        return await dns.asyncquery.udp(query, where.host, self._timeout, where.port, ignore_errors=True)

    patch(Resolver, "_exchange", lambda _: exchange)


@mutation(scenarios=("dns_truncated",), caught=(fails("delivers_anyway", "dns/answered"),))
def ignores_truncation() -> None:
    """Takes a truncated answer for an empty one."""

    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        query = dns.message.make_query(name, rdtype)
        return await dns.asyncquery.udp(query, self._server.host, self._timeout, self._server.port)

    patch(Resolver, "_exchange", lambda _: exchange)


def _without_aliases(detail: LookupDetail) -> None:
    def make(original: Any) -> Any:
        def read(answer: Any, asked: Any, name: str) -> Any:
            if any(rrset.rdtype == dns.rdatatype.CNAME for rrset in answer.answer):
                raise LookupFailed(name, detail)
            return original(answer, asked, name)

        return read

    patch(resolver, "_read", make)


@mutation(
    scenarios=("dns_cname_chain", "dns_cname_loop"),
    caught=(fails("delivers_anyway", "dns/answered", "dns_cname_chain"),),
)
def follows_no_alias() -> None:
    """Takes an alias for a name without an address."""
    _without_aliases(LookupDetail.NO_RECORDS)


@mutation(
    scenarios=("dns_slow", "dns_no_answer"), caught=(fails("delivers_anyway", "dns/answered", "dns_slow"),)
)
def impatient_with_name_servers() -> None:
    """Waits a fifth of a second for an answer."""

    def make(original: Any) -> Any:
        def init(self: Any, server: Any, _: float) -> None:
            original(self, server, _HASTE)

        return init

    patch(Resolver, "__init__", make)


@mutation(
    scenarios=(_FAMILIES, "dns_a_servfail", "dns_cname_chain"),
    caught=(deviates("delivers_anyway", "dns/one-family", _FAMILIES, "dns_a_servfail"),),
)
def one_family_fails_all() -> None:
    """Gives a host up when one of the two look-ups of its addresses fails."""

    async def addresses(self: Any, host: str) -> list[str]:
        found = []
        for family in ("A", "AAAA"):
            try:
                found += [record.address for record in await self._ask(host, family)]
            except LookupFailed as error:
                if error.detail is not LookupDetail.NO_RECORDS:
                    raise
        if not found:
            raise LookupFailed(host, LookupDetail.NO_RECORDS)
        return found

    patch(Resolver, "addresses", lambda _: addresses)


@mutation(
    scenarios=("mx_target_cname",),
    caught=(deviates("error_code", "mx/alias"),),
    also=hence("its words are not those of DNS", "error_detail", verdict="deviation"),
)
def alias_as_certificate() -> None:
    """Reports an alias behind an MX record as a bad certificate."""
    _without_aliases(LookupDetail.REFUSED)

    def make(original: Any) -> Any:
        def lookup_failure(error: LookupFailed, route: Route) -> Any:
            failure = original(error, route)
            if error.detail is not LookupDetail.REFUSED:
                return failure
            return replace(failure, status=CERTIFICATE_FAILED.status, text=CERTIFICATE_FAILED.title)

        return lookup_failure

    patch(hosts, "lookup_failure", make)


@mutation(
    scenarios=(_FAMILIES, "dns_cname_chain"),
    also=hence(
        "it cannot meet what is wrong with IPv6 addresses",
        "delivers_anyway",
        verdict="not_applicable",
        modes=(_FAMILIES,),
    ),
)
def asks_for_no_ipv6() -> None:
    """Asks for IPv4 addresses alone."""

    async def addresses(self: Any, host: str) -> list[str]:
        return [record.address for record in await self._ask(host, "A")]

    patch(Resolver, "addresses", lambda _: addresses)
