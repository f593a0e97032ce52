"""Sins against the name server: what it says is misread, misused, or kept too long."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dns.asyncquery
import dns.message
import dns.rdatatype

from conformance.reference import hosts, resolver
from conformance.reference.classify import CERTIFICATE_FAILED
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from conformance.reference.routing import Route
from mutants.patching import patch, sin

_LONGEST_DATAGRAM = 65535
_HASTE = 0.2  # seconds for a look-up


@sin
def believes_any_answer() -> None:
    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect(tuple(self._server))
            asking.send(dns.message.make_query(name, rdtype).to_wire())
            return dns.message.from_wire(await loop.sock_recv(asking, _LONGEST_DATAGRAM))

    patch(Resolver, "_exchange", lambda _: exchange)


@sin
def ignores_truncation() -> None:
    async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
        query = dns.message.make_query(name, rdtype)
        return await dns.asyncquery.udp(query, self._server.host, self._timeout, self._server.port)

    patch(Resolver, "_exchange", lambda _: exchange)


@sin
def one_family_fails_all() -> None:
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


def _without_aliases(detail: LookupDetail) -> None:
    def make(original: Any) -> Any:
        def read(answer: Any, asked: Any, name: str) -> Any:
            if any(rrset.rdtype == dns.rdatatype.CNAME for rrset in answer.answer):
                raise LookupFailed(name, detail)
            return original(answer, asked, name)

        return read

    patch(resolver, "_read", make)


@sin
def follows_no_alias() -> None:
    _without_aliases(LookupDetail.NO_RECORDS)


@sin
def alias_as_certificate() -> None:
    _without_aliases(LookupDetail.REFUSED)

    def make(original: Any) -> Any:
        def lookup_failure(error: LookupFailed, route: Route) -> Any:
            failure = original(error, route)
            if error.detail is not LookupDetail.REFUSED:
                return failure
            return replace(failure, status=CERTIFICATE_FAILED.status, text=CERTIFICATE_FAILED.title)

        return lookup_failure

    patch(hosts, "lookup_failure", make)


@sin
def impatient_with_name_servers() -> None:
    def make(original: Any) -> Any:
        def init(self: Any, server: Any, _: float) -> None:
            original(self, server, _HASTE)

        return init

    patch(Resolver, "__init__", make)


def _known_for_ever(method: str) -> None:
    """Have a method of the resolver answer from memory what it has answered once."""
    known: dict[str, Any] = {}

    def make(original: Any) -> Any:
        async def answer(self: Any, name: str) -> Any:
            if name not in known:
                known[name] = await original(self, name)
            return known[name]

        return answer

    patch(Resolver, method, make)


@sin
def caches_addresses_for_ever() -> None:
    _known_for_ever("addresses")


@sin
def caches_exchangers_for_ever() -> None:
    _known_for_ever("mail_exchangers")


def _remembering(kept_for: Callable[[LookupFailed, int], float], *, records: bool = False) -> None:
    """Remember failed look-ups for as many seconds as `kept_for` says of the failure and the SOA of the answer.

    With `records`, what was found is remembered as well, for its time to live.
    """
    known: dict[tuple[str, str], tuple[float, Any]] = {}
    minimum: dict[str, int] = {}

    def exchanging(original: Any) -> Any:
        async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
            answer = await original(self, name, rdtype)
            soas = [
                record.minimum
                for rrset in answer.authority
                for record in rrset
                if rrset.rdtype == dns.rdatatype.SOA
            ]
            minimum[name.to_text(omit_final_dot=True)] = max(soas, default=0)
            return answer

        return exchange

    def asking(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            until, remembered = known.get((name, rdtype), (0.0, None))
            if time.monotonic() < until:
                if isinstance(remembered, LookupFailed):
                    raise remembered
                return remembered
            try:
                found = await original(self, name, rdtype)
            except LookupFailed as error:
                known[name, rdtype] = time.monotonic() + kept_for(error, minimum.get(name, 0)), error
                raise
            if records:
                known[name, rdtype] = time.monotonic() + found.ttl, found
            return found

        return ask

    patch(Resolver, "_exchange", exchanging)
    patch(Resolver, "_ask", asking)


@sin
def keeps_negatives_ten_times() -> None:
    _remembering(lambda error, minimum: 10 * minimum if error.detail.conclusive else 0)


@sin
def caches_failures() -> None:
    _remembering(lambda error, _: 0 if error.detail.conclusive else 300)


@sin
def caches_as_it_may() -> None:
    _remembering(lambda error, minimum: minimum if error.detail.conclusive else 1, records=True)


@sin
def asks_for_no_ipv6() -> None:
    async def addresses(self: Any, host: str) -> list[str]:
        return [record.address for record in await self._ask(host, "A")]

    patch(Resolver, "addresses", lambda _: addresses)


def _finding(instead: Any) -> None:
    """Replace `find_hosts` by something that gets the original and its arguments."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Route, asked: Resolver, hostname: str) -> list[str]:
            found: list[str] = await instead(original, route, asked, hostname)
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@sin
def falls_back_to_the_address() -> None:
    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        return [*await original(route, *others), *([route.domain] if route.domain else [])]

    _finding(instead)


@sin
def takes_servfail_for_no_mx() -> None:
    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        try:
            found: list[str] = await original(route, *others)
        except Unroutable as error:
            if error.failure.permanent:
                raise
            return [route.domain]
        return found

    _finding(instead)


@sin
def falls_back_from_null_mx() -> None:
    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        try:
            found: list[str] = await original(route, *others)
        except Unroutable as error:
            if error.failure.detail != "NullMX":
                raise
            return [route.domain]
        return found

    _finding(instead)


@sin
def queues_what_has_no_exchanger() -> None:
    async def instead(original: Any, *arguments: Any) -> list[str]:
        try:
            found: list[str] = await original(*arguments)
        except Unroutable as error:
            raise Unroutable(replace(error.failure, code="450", status="4.4.312")) from error
        return found

    _finding(instead)


@sin
def knows_no_implicit_mx() -> None:
    async def instead(original: Any, route: Route, asked: Resolver, hostname: str) -> list[str]:
        if not route.smart_hosts:
            try:
                await asked.mail_exchangers(route.domain)
            except LookupFailed as error:
                raise Unroutable(hosts.lookup_failure(error, route)) from error
        found: list[str] = await original(route, asked, hostname)
        return found

    _finding(instead)


@sin
def asks_for_no_mx() -> None:
    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        if route.domain:
            return [route.domain]
        found: list[str] = await original(route, *others)
        return found

    _finding(instead)


def _ordering(order: Any) -> None:
    """Replace the order of mail exchangers."""
    patch(hosts, "order_exchangers", lambda _: order)


@sin
def takes_exchangers_as_listed() -> None:
    _ordering(lambda records, hostname: [record.host for record in records])


@sin
def next_best_is_the_worst() -> None:
    def order(records: Any, hostname: str) -> list[str]:
        best, *others = sorted(records, key=lambda record: record.preference)
        return [best.host, *(record.host for record in reversed(others))]

    _ordering(order)


@sin
def takes_one_exchanger_of_each_preference() -> None:
    def order(records: Any, hostname: str) -> list[str]:
        by_preference = [record.preference for record in records]
        distinct = [record for record in records if by_preference.count(record.preference) == 1]
        return [record.host for record in sorted(distinct, key=lambda record: record.preference)]

    _ordering(order)


@sin
def does_not_know_itself() -> None:
    def make(original: Any) -> Any:
        return lambda records, hostname: original(records, "")

    patch(hosts, "order_exchangers", make)
