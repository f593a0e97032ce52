"""Connectors for all names below a domain that take too little, or too much; and mail that no connector takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.reference import routing
from conformance.reference.alerts import AlertWatch
from conformance.reference.config import AcceptedDomain, Config, Connector
from conformance.reference.message import Recipient
from mutants.mutant import fails, mutation
from mutants.patching import patch

_FIXED = "wildcard_refused.fixed_now"


@mutation(scenarios=("wildcard", "plain"), caught=(fails("delivered", "control/delivered", "wildcard"),))
def wildcard_connector_is_for_nobody() -> None:
    """Follows MX records where the connector of a domain is one for all names below another."""

    def make(_original: Any) -> Any:
        def choose_connector(domain: str, connectors: Iterable[Connector]) -> Connector | None:
            return next((each for each in connectors if each.enabled and each.domain == domain), None)

        return choose_connector

    patch(routing, "choose_connector", make)


@mutation(
    scenarios=("domains_wildcard", "wildcard", "plain"),
    caught=(
        fails(
            "each_recipient",
            "recipients/delivered-once",
            "domains_wildcard",
            besides=("recipients/own-server",),
        ),
    ),
)
def wildcard_connector_takes_all() -> None:
    """Prefers the connector for all names below a domain to that of one of them."""

    def make(original: Any) -> Any:
        def choose_connector(domain: str, connectors: Iterable[Connector]) -> Connector | None:
            wide = [each for each in connectors if each.enabled and each.domain.startswith("*.")]
            covers = (each for each in wide if domain.endswith(each.domain[1:]))
            return next(covers, None) or original(domain, connectors)

        return choose_connector

    patch(routing, "choose_connector", make)


@mutation(
    scenarios=(_FIXED, "connection_refused.fixed_now"),
    caught=(
        fails("rejected_at_once", "out-of-service/invalid-rejected", "wildcard_refused"),
        fails("stops_trying", "out-of-service/stops", "wildcard_refused"),
    ),
)
def fix_now_knows_no_wildcards() -> None:
    """Makes only a domain authoritative that has the name of the connector."""

    def make(_original: Any) -> Any:
        def fix_now_domains(connector: str, config: Config) -> list[AcceptedDomain]:
            return [each for each in config.accepted_domains if each.domain == connector]

        return fix_now_domains

    patch(routing, "fix_now_domains", make)


@mutation(
    scenarios=("mx_unnamed_deferred_deferred", "plain_mx"),
    caught=(fails("each_recipient", "recipients/own-outcome", "mx_unnamed_deferred_deferred"),),
)
def stumbles_over_mail_of_no_connector() -> None:
    """Breaks off when a message fails whose domain no connector names, and does not try it again."""

    def make(original: Any) -> Any:
        def failed(self: Any, recipient: Recipient) -> None:
            if not self._connector(recipient):
                raise KeyError(recipient.address)
            original(self, recipient)

        return failed

    patch(AlertWatch, "failed", make)
