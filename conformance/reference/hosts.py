"""The hosts of a destination, in the order in which they are tried."""

from __future__ import annotations

import random
from collections.abc import Iterable

from .classify import Cause, Stage
from .config_reader import is_ip_literal
from .errors import Failure, deferral
from .resolver import LookupDetail, LookupFailed, MailExchanger, Resolver
from .routing import Route


class Unroutable(Exception):
    """No host of a destination is known; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.line)
        self.failure = failure


async def find_hosts(route: Route, resolver: Resolver, hostname: str) -> list[str]:
    """Return the host names (or addresses) of a destination.

    Raises:
        Unroutable: The MX records cannot be had, or say that there is no host.
    """
    if route.smart_hosts:
        return list(route.smart_hosts)
    try:
        records = await resolver.mail_exchangers(route.domain)
    except LookupFailed as error:
        if error.detail is LookupDetail.NO_RECORDS:
            return [route.domain]  # the implicit MX of RFC 5321 5.1
        raise Unroutable(lookup_failure(error, route)) from error
    if is_null_mx(records):
        raise Unroutable(
            Failure(
                code="556",
                status="5.1.10",
                text="Recipient domain does not accept mail",
                detail="NullMX",
                server=route.domain,
            )
        )
    hosts = order_exchangers(records, hostname)
    if not hosts:
        raise Unroutable(
            Failure(
                code="554",
                status="5.4.6",
                text="Routing loop detected",
                detail="the best mail exchanger is this relay",
                server=route.domain,
            )
        )
    return hosts


async def find_addresses(host: str, route: Route, resolver: Resolver) -> list[str]:
    """Return the IP addresses of one host.

    Raises:
        Unroutable: They cannot be had.
    """
    if is_ip_literal(host):
        return [host]
    try:
        return await resolver.addresses(host)
    except LookupFailed as error:
        raise Unroutable(lookup_failure(error, route)) from error


def is_null_mx(records: Iterable[MailExchanger]) -> bool:
    """Whether a domain says that it accepts no mail (RFC 7505 3)."""
    return [record.host for record in records] == [""]


def order_exchangers(records: Iterable[MailExchanger], hostname: str) -> list[str]:
    """Return host names by preference, equals shuffled; RFC 5321 5.1.

    Where this relay is among them, it and all that are not better are left out, lest mail runs in circles.
    """
    usable = [record for record in records if record.host]
    own = [record.preference for record in usable if record.host.lower() == hostname]
    if own:
        usable = [record for record in usable if record.preference < min(own)]
    random.shuffle(usable)
    return [record.host for record in sorted(usable, key=lambda record: record.preference)]


def lookup_failure(error: LookupFailed, route: Route) -> Failure:
    """Return the deferral; its server is the smart host, or under MX routing the recipient domain."""
    return deferral(Stage.DNS, Cause.LOOKUP, error.detail.value, server=route.domain or error.name)
