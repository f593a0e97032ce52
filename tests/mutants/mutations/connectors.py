"""Relays that can be told less of a connector than the reference relay, or deliver less than they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conformance.reference import hosts, tls
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import deferral
from conformance.reference.hosts import Unroutable
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.routing import Route
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes
from mutants.shared import one_by_one

if TYPE_CHECKING:
    from conformance.catalogue.failure_mode import FailureMode

_DELIVERED = "control/delivered"
_BOTH = ("eop", "rfc")

# Host names of this length and above are refused by some relays (HOST_NAME_MAX).
_TOO_LONG = 64

_SEVERAL = ("first_host_refused", "first_host_greets_421", "hosts_close_then_421", "greeting_421_every_host")
_TLS = ("tls_not_offered", "starttls_454", "reply_421_at_starttls", "expired_under_encryption_only")

# Controls that nobody declared, with several hosts: of most of them a MUST is asked, of some a SHOULD.
_SEVERAL_HOSTS = modes(lambda mode: mode.is_control and "_hosts" in mode.name and mode.section == "control")
_SEVERAL_BY_TLS_DOMAIN = modes(lambda mode: _is_made(mode, "_hosts") and mode.section == "tls-domain")
_SEVERAL_UNDER_TLS = modes(lambda mode: _is_made(mode, "_hosts") and mode.tls.required)
_SEVERAL_RECIPIENTS = modes(lambda mode: _is_made(mode, "_recipients"))

# What is asked of a failure that is repaired.
_OF_A_REPAIR = (
    "never_in_clear",
    "error_code",
    "error_detail",
    "destination_server",
    "stays_queued",
    "retried",
    "recovers",
)


def _is_made(mode: FailureMode, last: str) -> bool:
    return mode.is_control and mode.name.endswith(last)


def _only_the_first() -> None:
    def make(original: Any) -> Any:
        async def find_hosts(route: Route, *arguments: Any) -> list[str]:
            found: list[str] = await original(route, *arguments)
            return found[:1] if route.smart_hosts else found

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(
    scenarios=(*_SEVERAL, "connection_refused", "greeting_421"),
    lacks=("several_smart_hosts",),
    profiles=_BOTH,
)
def one_smart_host() -> None:
    """Can be told of one smart host for each domain, and says so."""
    _only_the_first()


@mutation(
    scenarios=("first_host_refused", "first_host_greets_421"),
    caught=(fails("delivers_anyway", "hosts/next-host", "first_host_refused", "first_host_greets_421"),),
)
def says_several_smart_hosts_and_takes_one() -> None:
    """Lets itself be told of several smart hosts, and forgets all but the first."""
    _only_the_first()


@mutation(
    scenarios=("literal_greeting_421", "certificate_of_host_for_ip_literal", "greeting_421"),
    lacks=("literal",),
    profiles=_BOTH,
)
def names_only() -> None:
    """Can be told of smart hosts by name alone, and says so."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Route, *arguments: Any) -> list[str]:
            if hosts.is_ip_literal(host):
                raise Unroutable(deferral(Stage.DNS, Cause.LOOKUP, "not taken", server=host))
            found: list[str] = await original(host, route, *arguments)
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@mutation(scenarios=(*_TLS, "stall_at_ehlo_tls"), lacks=("tls_verified", "tls_domain"), profiles=_BOTH)
def verifies_no_certificate() -> None:
    """Can require TLS, and cannot be told to look at a certificate."""


@mutation(
    scenarios=("mx_servfail", "mx_nodata", "mx_servfail.expires", "mx_null"),
    lacks=("smart_host", "several_smart_hosts", "literal"),
    profiles=_BOTH,
)
def routes_by_mx_alone() -> None:
    """Can be told of no smart host at all."""


@mutation(scenarios=("beside_backlog", "plain", "greeting_421"), routes="only", profiles=_BOTH)
def one_route_and_no_backlog() -> None:
    """Has one route, so that no other mail waits for another destination."""


@mutation(
    scenarios=(
        "missing_intermediate_under_certificate_validation",
        "missing_intermediate_under_certificate_validation.expires",
        "wildcard_two_labels_under_certificate_validation",
        "wrong_name_under_certificate_validation",
        "missing_intermediate_under_encryption_only",
    ),
    profiles=_BOTH,
)
def short_names_only() -> None:
    """Refuses to know hosts and domains whose names have 64 octets or more."""

    def make_hosts(original: Any) -> Any:
        async def find_addresses(host: str, route: Route, *arguments: Any) -> list[str]:
            if len(host) >= _TOO_LONG or len(route.domain) >= _TOO_LONG:
                raise Unroutable(deferral(Stage.DNS, Cause.LOOKUP, "not taken", server=host))
            found: list[str] = await original(host, route, *arguments)
            return found

        return find_addresses

    patch(hosts, "find_addresses", make_hosts)


@mutation(
    scenarios=("certificate_for_ip_literal", "certificate_of_host_for_ip_literal", "literal_greeting_421"),
    caught=(
        deviates("delivered", "tls/ip-address", "certificate_for_ip_literal"),
        deviates("delivered", "tls/ip-address", "certificate_for_ip_literal", profile="rfc"),
    ),
    also=tuple(
        each
        for profile in _BOTH
        for each in hence(
            "what the repair brings is judged at the control",
            *_OF_A_REPAIR,
            verdict="not_applicable",
            modes=("certificate_of_host_for_ip_literal",),
            profile=profile,
        )
    ),
)
def matches_no_address() -> None:
    """Looks for `localhost` in the certificate where the smart host is an IP address, as Haraka does."""

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            result: bool = original(certificate, "localhost" if hosts.is_ip_literal(expected) else expected)
            return result

        return verify_name

    patch(tls, "verify_name", make)


@mutation(
    scenarios=(
        _SEVERAL_HOSTS,
        _SEVERAL_BY_TLS_DOMAIN,
        "first_host_greets_421",
        "mx_best_refused",
        "first_host_wrong_name",
    ),
    caught=(
        fails("delivered", _DELIVERED, _SEVERAL_HOSTS),
        deviates("delivered", "tls/domain-wildcard", _SEVERAL_BY_TLS_DOMAIN),
    ),
    also=(
        *hence(
            "the control says it, which is a SHOULD here",
            "delivers_anyway",
            "never_in_clear",
            verdict="not_applicable",
            modes=("first_host_wrong_name",),
        ),
        *hence(
            "the control says it",
            "delivers_anyway",
            verdict="inconclusive",
            modes=("first_host_greets_421", "mx_best_refused"),
        ),
        *hence("the control says it", "avoids", verdict="inconclusive", modes=("mx_best_refused",)),
        *hence("nobody was met", "survives", "tidy", "fit_host", verdict="inconclusive"),
        *hence("nobody was met", "never_in_clear", verdict="inconclusive", modes=(_SEVERAL_UNDER_TLS,)),
        *hence("nobody was met", "server_name", verdict="inconclusive", modes=("first_host_wrong_name",)),
        *hence("nobody was met", "server_name", verdict="not_applicable", modes=(_SEVERAL_UNDER_TLS,)),
    ),
)
def goes_nowhere_if_there_are_two() -> None:
    """Delivers to no destination that has more than one host."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Route, *arguments: Any) -> list[str]:
            found: list[str] = await original(route, *arguments)
            if len(found) > 1:
                raise Unroutable(deferral(Stage.DNS, Cause.LOOKUP, "not taken", server=found[0]))
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@mutation(
    scenarios=("one_recipient_deferred", "too_many_recipients_452", _SEVERAL_RECIPIENTS),
    caught=(fails("delivered", _DELIVERED, _SEVERAL_RECIPIENTS),),
    also=hence("the control says it", "delivered_later", "each_recipient", verdict="inconclusive"),
)
def delivers_to_the_first_recipient() -> None:
    """Hands a message over for the first of its recipients, and takes it for delivered to all."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, route, recipients[:1])
            return dict.fromkeys(recipients, results[recipients[0]])

        return deliver

    patch(Relay, "_deliver", make)


@mutation(
    scenarios=("one_recipient_deferred", "too_many_recipients_452"),
    also=tuple(
        each
        for profile in _BOTH
        for each in hence(
            "no transaction has too many recipients",
            "delivered_later",
            verdict="not_applicable",
            profile=profile,
        )
    ),
)
def a_transaction_for_each_recipient() -> None:
    """Hands a message over in a transaction of its own for each recipient."""
    one_by_one()


@mutation(
    scenarios=("certificate_of_host_not_tls_domain", "certificate_wildcard"),
    caught=(deviates("delivered", "tls/wildcard", "wildcard_under_domain_validation_for_gateway"),),
    also=hence(
        "what the repair brings is judged at the control",
        *_OF_A_REPAIR,
        verdict="not_applicable",
        modes=("certificate_of_host_not_tls_domain",),
    ),
)
def no_wildcard_for_another_name() -> None:
    """Takes a certificate with a wildcard for the names of mail exchangers only."""

    def make(original: Any) -> Any:
        def match_name(presented: str, expected: str) -> bool:
            wildcard = presented.startswith("*.") and not expected.startswith("mx")
            return not wildcard and bool(original(presented, expected))

        return match_name

    patch(tls, "match_name", make)
