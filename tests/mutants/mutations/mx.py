"""Mail exchangers chosen wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.reference import hosts
from conformance.reference.hosts import Unroutable
from conformance.reference.resolver import LookupFailed, Resolver
from conformance.reference.routing import Route
from mutants.expectations import delivered
from mutants.mutant import Expected, VerdictName, deviates, fails, hence, mutation
from mutants.patching import patch

_ELSEWHERE = "mx/no-other-host"
_DELIVERED = "control/delivered"


def _unreported(mode: str, verdict: VerdictName) -> tuple[Expected, ...]:
    return hence("there is no report to read", "reports_refusal", verdict=verdict, modes=(mode,))


def _finding(instead: Any) -> None:
    """Replace `find_hosts` by something that gets the original and its arguments."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Route, asked: Resolver, hostname: str) -> list[str]:
            found: list[str] = await instead(original, route, asked, hostname)
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(scenarios=("plain_mx",), caught=(fails("delivered", _DELIVERED, "plain_mx"),))
def asks_for_no_mx() -> None:
    """Goes to the recipient domain itself and asks for no MX records."""

    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        if route.domain:
            return [route.domain]
        found: list[str] = await original(route, *others)
        return found

    _finding(instead)


@mutation(scenarios=("mx_implicit", "mx_nodata"), caught=(fails("delivered", _DELIVERED, "mx_implicit"),))
def knows_no_implicit_mx() -> None:
    """Reports a domain without MX records as a failed DNS query."""

    async def instead(original: Any, route: Route, asked: Resolver, hostname: str) -> list[str]:
        if not route.smart_hosts:
            try:
                await asked.mail_exchangers(route.domain)
            except LookupFailed as error:
                raise Unroutable(hosts.lookup_failure(error, route)) from error
        found: list[str] = await original(route, asked, hostname)
        return found

    _finding(instead)


def _ordering(order: Any) -> None:
    """Replace the order of mail exchangers."""
    patch(hosts, "order_exchangers", lambda _: order)


@mutation(
    scenarios=("mx_relay_behind", "mx_preference"),
    caught=(fails("delivered", _DELIVERED, "mx_relay_behind"),),
)
def looks_behind_itself() -> None:
    """Leaves out those exchangers that are better than the relay itself, instead of the others."""

    def make(original: Any) -> Any:
        def order(records: Any, hostname: str) -> list[str]:
            own = [each.preference for each in records if each.host.lower() == hostname]
            found: list[str] = original(
                [each for each in records if each.preference >= min(own, default=0)], ""
            )
            return found

        return order

    patch(hosts, "order_exchangers", make)


@mutation(
    scenarios=("mx_equal_many", "mx_equal", "mx_preference"),
    caught=(deviates("spreads", "mx/equal-spread", "mx_equal_many"),),
)
def draws_no_lots() -> None:
    """Takes mail exchangers of the same preference by name."""

    def make(original: Any) -> Any:
        def order(records: Any, hostname: str) -> list[str]:
            found: list[str] = original(records, hostname)
            preference = {each.host: each.preference for each in records}
            return sorted(found, key=lambda host: (preference[host], host))

        return order

    patch(hosts, "order_exchangers", make)


@mutation(scenarios=("mx_equal", "mx_preference"), caught=(fails("delivered", _DELIVERED, "mx_equal"),))
def takes_one_exchanger_of_each_preference() -> None:
    """Leaves out mail exchangers of the same preference."""

    def order(records: Any, hostname: str) -> list[str]:
        by_preference = [record.preference for record in records]
        distinct = [record for record in records if by_preference.count(record.preference) == 1]
        return [record.host for record in sorted(distinct, key=lambda record: record.preference)]

    _ordering(order)


@mutation(
    scenarios=("mx_preference", "mx_equal"),
    caught=(
        fails("avoids", "mx/preference", "mx_preference"),
        fails("avoids", "mx/preference", "mx_preference", profile="rfc"),
    ),
)
def takes_exchangers_as_listed() -> None:
    """Tries mail exchangers in the order of the answer."""
    _ordering(lambda records, hostname: [record.host for record in records])


@mutation(
    scenarios=("mx_best_refused", "mx_preference"),
    caught=(fails("avoids", "mx/preference", "mx_best_refused"),),
)
def next_best_is_the_worst() -> None:
    """Tries the best mail exchanger first, and the others in the reverse order."""

    def order(records: Any, hostname: str) -> list[str]:
        best, *others = sorted(records, key=lambda record: record.preference)
        return [best.host, *(record.host for record in reversed(others))]

    _ordering(order)


@mutation(
    scenarios=("mx_target_beside_address", "mx_greeting_421_beside_address", "mx_best_refused"),
    caught=(
        fails("avoids", _ELSEWHERE, "mx_target_beside_address", "mx_greeting_421_beside_address"),
        delivered("mx_target_beside_address", "mx_greeting_421_beside_address"),
    ),
)
def falls_back_to_the_address() -> None:
    """Tries the domain's own address when no mail exchanger takes the message."""

    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        return [*await original(route, *others), *([route.domain] if route.domain else [])]

    _finding(instead)


@mutation(
    scenarios=("mx_servfail_beside_address", "mx_servfail"),
    caught=(
        fails("avoids", _ELSEWHERE, "mx_servfail_beside_address"),
        delivered("mx_servfail_beside_address"),
    ),
)
def takes_servfail_for_no_mx() -> None:
    """Takes a failed look-up of MX records for one that says that there are none."""

    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        try:
            found: list[str] = await original(route, *others)
        except Unroutable as error:
            if error.failure.permanent:
                raise
            return [route.domain]
        return found

    _finding(instead)


@mutation(
    scenarios=("mx_null",),
    caught=(fails("avoids", _ELSEWHERE), deviates("returned_at_once", "mx/null-returned")),
    also=_unreported("mx_null", "not_applicable"),
)
def falls_back_from_null_mx() -> None:
    """Goes to the domain's own address when the domain says that it accepts no mail."""

    async def instead(original: Any, route: Route, *others: Any) -> list[str]:
        try:
            found: list[str] = await original(route, *others)
        except Unroutable as error:
            if error.failure.detail != "NullMX":
                raise
            return [route.domain]
        return found

    _finding(instead)


@mutation(
    scenarios=("mx_null", "mx_relay_is_best"),
    caught=(
        deviates("returned_at_once", "mx/null-returned", "mx_null"),
        fails(
            "returned_at_once",
            "mx/self-undeliverable",
            "mx_relay_is_best",
        ),
    ),
)
def queues_what_has_no_exchanger() -> None:
    """Keeps mail for a domain without a usable mail exchanger in the queue."""

    async def instead(original: Any, *arguments: Any) -> list[str]:
        try:
            found: list[str] = await original(*arguments)
        except Unroutable as error:
            raise Unroutable(replace(error.failure, code="450", status="4.4.312")) from error
        return found

    _finding(instead)


@mutation(
    scenarios=("mx_relay_in_list", "mx_relay_is_best"),
    caught=(
        fails("avoids", _ELSEWHERE, "mx_relay_in_list", "mx_relay_is_best"),
        fails("returned_at_once", "mx/self-undeliverable", "mx_relay_is_best"),
        delivered("mx_relay_in_list"),
    ),
    also=_unreported("mx_relay_is_best", "not_applicable"),
)
def does_not_know_itself() -> None:
    """Does not know itself among the mail exchangers."""

    def make(original: Any) -> Any:
        return lambda records, hostname: original(records, "")

    patch(hosts, "order_exchangers", make)
