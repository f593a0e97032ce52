"""MX records of which one is bad, or that come in an unusual way, read wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dns.asyncquery
import dns.flags
import dns.message
import dns.name

from conformance.reference import hosts
from conformance.reference.config_reader import is_ip_literal
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from mutants.expectations import delivered, returned
from mutants.mutant import fails, mutation
from mutants.patching import patch

_NEXT = "hosts/next-host"
_ELSEWHERE = "mx/no-other-host"


@mutation(
    scenarios=("mx_numbers_of_several_lengths", "mx_preference", "mx_best_refused"),
    caught=(fails("avoids", "mx/preference", "mx_numbers_of_several_lengths"),),
)
def sorts_preferences_as_text() -> None:
    """Sorts MX records by their preference as text, 10 and 100 before 5."""
    patch(
        hosts,
        "order_exchangers",
        lambda _: (
            lambda records, hostname: [
                each.host for each in sorted(records, key=lambda record: str(record.preference))
            ]
        ),
    )


@mutation(
    scenarios=("mx_numbers_of_several_lengths", "mx_preference"),
    caught=(fails("avoids", "mx/preference", "mx_numbers_of_several_lengths"),),
)
def takes_preferences_for_signed() -> None:
    """Takes the highest bit of a preference for a sign, so that 40000 is better than 5."""

    def order(records: Any, hostname: str) -> list[str]:
        signed = {record.host: (record.preference ^ 0x8000) - 0x8000 for record in records}
        return sorted(signed, key=lambda host: signed[host])

    patch(hosts, "order_exchangers", lambda _: order)


def _insisting(on: Callable[[Resolver, str], Any]) -> None:
    """Give a destination up as a whole, for now, if something is wrong with one of its mail exchangers."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, asked: Resolver, hostname: str) -> list[str]:
            found: list[str] = await original(route, asked, hostname)
            if not route.smart_hosts and len(found) > 1:
                for host in found:
                    try:
                        await on(asked, host)
                    except LookupFailed as error:
                        raise Unroutable(hosts.lookup_failure(error, route)) from error
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(
    scenarios=(
        "mx_best_nxdomain",
        "mx_best_nodata",
        "mx_best_servfail",
        "mx_best_refused",
        "first_host_nxdomain",
    ),
    caught=(fails("delivers_anyway", _NEXT, "mx_best_nxdomain", "mx_best_nodata"),),
)
def insists_that_every_exchanger_exists() -> None:
    """Goes to no mail exchanger of a domain if one of them has no address."""

    async def on(asked: Resolver, host: str) -> None:
        try:
            await asked.addresses(host)
        except LookupFailed as error:
            if error.detail.conclusive:
                raise

    _insisting(on)


@mutation(
    scenarios=("mx_best_servfail", "mx_best_nxdomain", "first_host_servfail"),
    caught=(fails("delivers_anyway", _NEXT, "mx_best_servfail"),),
)
def waits_for_every_exchanger_to_be_known() -> None:
    """Goes to no mail exchanger of a domain as long as the look-up of one of them fails."""

    async def on(asked: Resolver, host: str) -> None:
        try:
            await asked.addresses(host)
        except LookupFailed as error:
            if not error.detail.conclusive:
                raise

    _insisting(on)


@mutation(
    scenarios=("mx_best_cname", "mx_best_nxdomain", "dns_cname_chain"),
    caught=(fails("delivers_anyway", _NEXT, "mx_best_cname"),),
)
def refuses_records_with_an_alias() -> None:
    """Goes to no mail exchanger of a domain if one of them is an alias."""

    async def on(asked: Resolver, host: str) -> None:
        try:
            told = await asked._ask(host, "A")
        except LookupFailed:
            return
        if told.name != dns.name.from_text(host):
            raise LookupFailed(host, LookupDetail.RETRY)

    _insisting(on)


@mutation(
    scenarios=("mx_literal", "mx_best_nxdomain"),
    caught=(fails("delivers_anyway", _NEXT, "mx_literal"),),
)
def refuses_records_with_an_address() -> None:
    """Goes to no mail exchanger of a domain if a record bears an address instead of a name."""

    async def on(asked: Resolver, host: str) -> None:
        if is_ip_literal(host):
            raise LookupFailed(host, LookupDetail.RETRY)

    _insisting(on)


@mutation(
    scenarios=("mx_equal_one_refuses", "mx_equal", "mx_best_refused"),
    caught=(fails("delivers_anyway", _NEXT, "mx_equal_one_refuses"),),
)
def takes_the_first_of_each_preference() -> None:
    """Takes of several mail exchangers of one preference the first."""

    def order(records: Any, hostname: str) -> list[str]:
        first: dict[int, str] = {}
        for record in records:
            first.setdefault(record.preference, record.host)
        return [first[each] for each in sorted(first)]

    patch(hosts, "order_exchangers", lambda _: order)


@mutation(
    scenarios=("mx_relay_twice", "mx_relay_in_list", "mx_relay_is_best"),
    caught=(fails("avoids", _ELSEWHERE, "mx_relay_twice"), delivered("mx_relay_twice")),
)
def knows_its_last_record_only() -> None:
    """Leaves out what is not better than its own worst record."""

    def order(records: Any, hostname: str) -> list[str]:
        own = [record.preference for record in records if record.host.lower() == hostname]
        others = [record for record in records if record.host and record.host.lower() != hostname]
        usable = [record for record in others if not own or record.preference < max(own)]
        return [record.host for record in sorted(usable, key=lambda record: record.preference)]

    patch(hosts, "order_exchangers", lambda _: order)


@mutation(
    scenarios=("mx_relay_twice", "mx_relay_in_list", "mx_relay_is_best"),
    caught=(fails("avoids", _ELSEWHERE, "mx_relay_twice"), delivered("mx_relay_twice")),
)
def does_not_know_itself_in_capitals() -> None:
    """Looks for its own name among the mail exchangers as it is written, in small letters."""

    def order(records: Any, hostname: str) -> list[str]:
        own = [record.preference for record in records if record.host == hostname]
        usable = [record for record in records if not own or record.preference < min(own)]
        return [record.host for record in sorted(usable, key=lambda record: record.preference)]

    patch(hosts, "order_exchangers", lambda _: order)


def _reading_mx(read: Any) -> None:
    """Have MX records asked for by `read`, which gets the original, the resolver and the domain."""

    def make(original: Any) -> Any:
        async def mail_exchangers(self: Any, domain: str) -> Any:
            return await read(original, self, domain)

        return mail_exchangers

    patch(Resolver, "mail_exchangers", make)


@mutation(
    scenarios=("mx_domain_alias", "dns_cname_chain", "plain_mx"),
    caught=(fails("delivers_anyway", "mx/aliased-domain", "mx_domain_alias"),),
)
def knows_no_alias_of_a_domain() -> None:
    """Takes MX records that belong to the name behind an alias for none."""

    async def read(original: Any, asked: Any, domain: str) -> Any:
        told = await asked._ask(domain, "MX")
        if told.name != dns.name.from_text(domain):
            raise LookupFailed(domain, LookupDetail.NO_RECORDS)
        return await original(asked, domain)

    _reading_mx(read)


@mutation(
    scenarios=("mx_truncated", "dns_truncated", "plain_mx"),
    caught=(fails("delivers_anyway", "dns/answered", "mx_truncated"),),
)
def asks_for_mx_by_datagram_only() -> None:
    """Takes a truncated answer about MX records for all there is."""

    async def read(original: Any, asked: Any, domain: str) -> Any:
        told = await dns.asyncquery.udp(
            dns.message.make_query(domain, "MX"), asked._server.host, port=asked._server.port, timeout=2
        )
        if told.flags & dns.flags.TC:
            raise LookupFailed(domain, LookupDetail.RETRY)
        return await original(asked, domain)

    _reading_mx(read)


@mutation(
    scenarios=("mx_truncated_beside_address", "mx_servfail_beside_address", "mx_truncated"),
    caught=(
        fails("avoids", _ELSEWHERE, "mx_truncated_beside_address"),
        delivered("mx_truncated_beside_address"),
    ),
)
def takes_a_failed_repetition_for_no_mx() -> None:
    """Goes to the domain's own address where the answer about its MX records is cut and cannot be had by TCP."""

    async def read(original: Any, asked: Any, domain: str) -> Any:
        try:
            return await original(asked, domain)
        except LookupFailed as error:
            if isinstance(error.__cause__, EOFError | ConnectionError):
                raise LookupFailed(domain, LookupDetail.NO_RECORDS) from error
            raise

    _reading_mx(read)


def _hopeless(where: int) -> None:
    """Return a message at once if one of several hosts does not exist: the first (0), or the last (-1)."""

    def make(original: Any) -> Any:
        async def run(self: Any, *arguments: Any) -> Any:
            results = await original(self, *arguments)
            if self._route.smart_hosts:
                return results
            found = await hosts.find_hosts(self._route, self._resolver, self._config.hostname)
            try:
                await self._resolver.addresses(found[where])
            except LookupFailed as error:
                if len(found) > 1 and error.detail is LookupDetail.NONEXISTENT:
                    return {
                        who: replace(result, code="550", status="5.4.4")
                        if isinstance(result, Failure)
                        else result
                        for who, result in results.items()
                    }
            return results

        return run

    patch(Delivery, "run", make)


_ALL_DOWN = ("mx_421_then_nxdomain", "mx_nxdomain_then_421")


@mutation(scenarios=(*_ALL_DOWN, "mx_target_nxdomain"), caught=(returned("mx_421_then_nxdomain"),))
def gives_up_where_the_last_host_does_not_exist() -> None:
    """Returns a message at once if its last mail exchanger does not exist, and another is only down."""
    _hopeless(-1)


@mutation(scenarios=(*_ALL_DOWN, "mx_target_nxdomain"), caught=(returned("mx_nxdomain_then_421"),))
def gives_up_where_the_best_host_does_not_exist() -> None:
    """Returns a message at once if its best mail exchanger does not exist, and another is only down."""
    _hopeless(0)
