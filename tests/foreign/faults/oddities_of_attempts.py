"""Unusual ways to look up, to connect and to speak that no RFC forbids."""

from __future__ import annotations

import random
from typing import Any

from mutants.patching import patch

from conformance.reference import hosts
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from conformance.reference.session import Session
from foreign.change import oddity
from foreign.marker import in_hand, marked
from foreign.reuse import is_ready, reuses_connections

_RFC_5321_5_1 = "RFC 5321 section 5.1"
_OF_HOSTS = (
    "first_host_refused",
    "first_host_silent",
    "hosts_close_then_421",
    "mx_best_refused",
    "mx_preference",
    "greeting_421",
)
_OF_ADDRESSES = ("hosts/every-address", "hosts/ipv6-only-behind-mx")
_OF_REUSE = (
    "plain",
    "greeting_421.corrected",
    "connection_refused.corrected",
    "rejected_at_dot",
    "one_recipient_rejected",
)
_REUSE = ("reuse/stale-connection", "reuse/clean-state", "reuse/own-replies")


@oddity(
    kind=2,
    permitted="RFC 5321 section 4.1.1.10",
    scenarios=("plain", "stall_at_quit", "reply_421_at_quit", "greeting_421", "rejected_at_dot"),
)
def says_quit_and_does_not_wait() -> None:
    """Says QUIT and closes at once, without waiting for the reply."""

    def make(_: Any) -> Any:
        async def leave(self: Any) -> None:
            if not self._transport.is_closing():
                if in_hand() is not None:
                    marked()
                self._transport.write(b"QUIT\r\n")
            self._transport.close()

        return leave

    patch(Session, "_leave", make)


def _addresses(order: Any) -> None:
    def make(original: Any) -> Any:
        async def find_addresses(*where: Any) -> list[str]:
            found: list[str] = await original(*where)
            marked()
            ordered: list[str] = order(found)
            return ordered

        return find_addresses

    patch(hosts, "find_addresses", make)


@oddity(
    kind=1,
    permitted="RFC 8305 section 4",
    scenarios=(*_OF_HOSTS, "ipv6_only", "dns_aaaa_servfail"),
    requirements=_OF_ADDRESSES,
)
def takes_the_families_in_turn() -> None:
    """Tries an IPv6 address first, then an IPv4 address, and so on in turn."""

    def order(found: list[str]) -> list[str]:
        families = [each for each in found if ":" in each], [each for each in found if ":" not in each]
        longest = max(map(len, families))
        return [family[turn] for turn in range(longest) for family in families if turn < len(family)]

    _addresses(order)


@oddity(kind=1, permitted=_RFC_5321_5_1, scenarios=(*_OF_HOSTS, "ipv6_only"), requirements=_OF_ADDRESSES)
def shuffles_the_addresses_of_a_host() -> None:
    """Tries the addresses of a host in any order."""
    _addresses(lambda found: random.sample(found, len(found)))


@oddity(kind=1, permitted=_RFC_5321_5_1, scenarios=(*_OF_HOSTS, "plain_mx_three_hosts"))
def tries_five_addresses_in_an_attempt() -> None:
    """Tries no more than five addresses in one attempt, the others in none, as a limit may be set."""
    tried: dict[Any, int] = {}

    def make(original: Any) -> Any:
        async def try_address(self: Any, host: str, address: str, message: Any, *others: Any) -> Any:
            key = (message.queue_id, message.recipients[0].attempts)
            tried[key] = tried.get(key, 0) + 1
            marked()
            if tried[key] > 5:
                return False
            return await original(self, host, address, message, *others)

        return try_address

    patch(Delivery, "_try_address", make)


@oddity(
    kind=1,
    permitted="RFC 5321 section 5.1, RFC 2181 section 10.3",
    scenarios=("mx_target_cname", "plain_mx", "mx_preference", "mx_target_nxdomain"),
    requirements=("mx/aliased-domain",),
)
def skips_exchangers_that_are_aliases() -> None:
    """Takes a mail exchanger whose name is an alias for one without an address."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Any) -> list[str]:
            found: list[str] = await original(host, route, resolver)
            if not route.smart_hosts and host != route.domain:
                marked()
                try:
                    await resolver._ask(host, "CNAME")
                except LookupFailed:
                    return found
                error = LookupFailed(host, LookupDetail.NO_RECORDS)
                raise Unroutable(hosts.lookup_failure(error, route))
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@oddity(
    kind=1,
    permitted="RFC 5321 section 2.3.5, RFC 7766 section 5",
    scenarios=(
        "plain",
        "plain_mx",
        "dns_truncated",
        "dns_servfail",
        "dns_nxdomain",
        "mx_servfail",
        "dns_cname_chain",
    ),
)
def asks_by_tcp_from_the_beginning() -> None:
    """Asks its name server by TCP, and by UDP where that fails."""

    def make(original: Any) -> Any:
        async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
            import dns.asyncquery
            import dns.exception
            import dns.message

            marked(name.to_text(omit_final_dot=True))
            try:
                return await dns.asyncquery.tcp(
                    dns.message.make_query(name, rdtype),
                    self._server.host,
                    timeout=self._timeout,
                    port=self._server.port,
                )
            except (OSError, EOFError, dns.exception.DNSException):
                return await original(self, name, rdtype)

        return exchange

    patch(Resolver, "_exchange", make)


@oddity(
    kind=1,
    permitted="RFC 5321 section 5.1",
    scenarios=(
        "mx_implicit",
        "plain_mx",
        "mx_nodata",
        "mx_servfail",
        "mx_servfail_beside_address",
        "mx_null",
    ),
)
def asks_for_mx_twice() -> None:
    """Asks for MX records once more before it goes without them."""

    def make(original: Any) -> Any:
        async def mail_exchangers(self: Any, domain: str) -> Any:
            try:
                return await original(self, domain)
            except LookupFailed:
                marked(domain)
                return await original(self, domain)

        return mail_exchangers

    patch(Resolver, "mail_exchangers", make)


def _says_before_mail(command: str) -> None:
    def make(original: Any) -> Any:
        async def prepare(self: Any, *where: Any, **how: Any) -> Session:
            session: Session = await original(self, *where, **how)
            marked()
            await session.command(Stage.EHLO, command)
            return session

        return prepare

    patch(Delivery, "_prepare", make)


_OF_SPEECH = (
    "plain",
    "verified_tls",
    "greeting_421",
    "reply_421_at_mail",
    "stall_at_mail",
    "rejected_at_rcpt",
)


@oddity(kind=4, permitted="RFC 5321 section 4.1.1.5", scenarios=_OF_SPEECH)
def says_rset_before_its_first_message() -> None:
    """Says RSET before its first message on a connection as well."""
    _says_before_mail("RSET")


@oddity(kind=4, permitted="RFC 5321 section 4.1.1.9", scenarios=_OF_SPEECH)
def says_noop_before_its_first_message() -> None:
    """Says NOOP before its first message on a connection."""
    _says_before_mail("NOOP")


@oddity(kind=4, permitted="RFC 5321 sections 3.3 and 4.1.1.5", scenarios=_OF_REUSE, requirements=_REUSE)
def sends_all_mail_of_a_destination_over_one_connection() -> None:
    """Keeps a connection for a moment, and says RSET on it before the next message."""

    async def prepare(session: Session) -> bool:
        marked()
        return await is_ready(session, "RSET")

    reuses_connections(prepare)


@oddity(kind=4, permitted="RFC 5321 sections 3.3 and 4.1.1.9", scenarios=_OF_REUSE, requirements=_REUSE)
def probes_a_kept_connection_by_noop() -> None:
    """Keeps a connection that has taken a message, and says NOOP on it before the next one."""

    async def prepare(session: Session) -> bool:
        marked()
        return await is_ready(session, "NOOP")

    reuses_connections(prepare)


@oddity(kind=4, permitted="RFC 5321 section 4.1.4", scenarios=_OF_REUSE, requirements=_REUSE)
def says_ehlo_again_on_a_kept_connection() -> None:
    """Keeps a connection that has taken a message, and says EHLO once more before the next one."""

    async def prepare(session: Session) -> bool:
        marked()
        return await is_ready(session, "EHLO mta.relay.test")

    reuses_connections(prepare)
