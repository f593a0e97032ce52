"""Recipients at an address that are taken for something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.reference import routing
from conformance.reference.config import Connector
from conformance.reference.routing import Route
from mutants.mutant import fails, mutation
from mutants.patching import patch

_LITERAL = ("mx_recipient_at_ipv4", "mx_recipient_at_ipv6")


def _taking(which: str) -> None:
    """Look for the MX records of an address of one form, as if it were a name."""

    def make(original: Any) -> Any:
        def choose_route(domain: str, connectors: Iterable[Connector]) -> Route:
            if domain.startswith(which):
                return Route(domain=domain)
            route: Route = original(domain, connectors)
            return route

        return choose_route

    patch(routing, "choose_route", make)


@mutation(scenarios=(*_LITERAL, "plain_mx"), caught=(fails("carries", "content/ends", *_LITERAL),))
def takes_an_address_for_a_domain() -> None:
    """Looks for the MX records of a recipient's address, and keeps what is for it for ever."""
    _taking("[")


@mutation(
    scenarios=(*_LITERAL, "plain_mx"), caught=(fails("carries", "content/ends", "mx_recipient_at_ipv6"),)
)
def knows_no_ipv6_address_of_a_recipient() -> None:
    """Takes the IPv6 address of a recipient for a domain."""
    _taking("[ipv6:")
