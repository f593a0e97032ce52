"""Recipients at an address: dropped, or taken for something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from conformance.reference import routing
from conformance.reference.config import Connector
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.routing import Route
from mutants.mutant import fails, hence, mutation
from mutants.patching import patch

_ROW = "recipients/address-literal"
_LITERAL = ("mx_recipient_at_ipv4", "mx_recipient_at_ipv6")


def _dropping(which: str) -> None:
    """Drop, without a word to anybody, what is for an address of one form."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, recipients: Sequence[Recipient]) -> Any:
            if not all(routing.domain_of(each.address).startswith(which) for each in recipients):
                return await original(self, message, content, recipients)
            for recipient in recipients:
                recipient.notify = "NEVER"
            return dict.fromkeys(recipients, Failure(code="550", status="5.1.2", text="Invalid domain name"))

        return run

    patch(Delivery, "run", make)


@mutation(scenarios=(*_LITERAL, "plain_mx"), caught=(fails("carries", _ROW, *_LITERAL),))
def drops_what_is_for_an_address() -> None:
    """Drops a message for a recipient at an address without a word."""
    _dropping("[")


@mutation(scenarios=(*_LITERAL, "plain_mx"), caught=(fails("carries", _ROW, "mx_recipient_at_ipv6"),))
def drops_what_is_for_an_ipv6_address() -> None:
    """Drops a message for a recipient at an IPv6 address without a word."""
    _dropping("[ipv6:")


@mutation(
    scenarios=(*_LITERAL, "plain_mx"),
    also=hence("it waits, to be returned in the end", "carries", verdict="not_applicable", modes=_LITERAL),
)
def takes_an_address_for_a_domain() -> None:
    """Looks for the MX records of a recipient's address, and waits for some until the message expires."""

    def make(original: Any) -> Any:
        def choose_route(domain: str, connectors: Iterable[Connector]) -> Route:
            if domain.startswith("["):
                return Route(domain=domain)
            route: Route = original(domain, connectors)
            return route

        return choose_route

    patch(routing, "choose_route", make)
