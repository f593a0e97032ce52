"""Which connector a recipient domain belongs to, and which recipients therefore share a destination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .config import Connector, TlsPolicy
from .config_reader import bare_ip, is_ip_literal


@dataclass(frozen=True, kw_only=True)
class Route:
    """A destination; recipients with equal routes travel together.

    Attributes:
        domain: The recipient domain whose MX records say where to go; empty with smart hosts.
        smart_hosts: Host names and addresses, in the order in which they are tried.
        tls: What the connection must offer.
        tls_domain: The name a certificate must bear under DOMAIN_VALIDATION, else empty.
    """

    domain: str = ""
    smart_hosts: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = ""

    @property
    def name(self) -> str:
        """The destination as the queue shows it."""
        return self.domain or ", ".join(self.smart_hosts)


def choose_connector(domain: str, connectors: Iterable[Connector]) -> Connector | None:
    """Return the connector of a recipient domain: the exact one, else the longest wildcard, else None."""
    best: Connector | None = None
    for connector in connectors:
        if connector.domain == domain:
            return connector
        suffix = connector.domain.removeprefix("*")
        covers = suffix != connector.domain and domain.endswith(suffix) and len(domain) > len(suffix)
        if covers and (best is None or len(connector.domain) > len(best.domain)):
            best = connector
    return best


def choose_route(domain: str, connectors: Iterable[Connector]) -> Route:
    """Return the destination of a recipient domain.

    An address literal (`user@[10.1.2.3]`) is its own host. Where DOMAIN_VALIDATION gives no `tls_domain`, the
    certificate must bear the recipient domain.
    """
    if domain.startswith("[") and is_ip_literal(domain):
        return Route(smart_hosts=(bare_ip(domain),))
    connector = choose_connector(domain, connectors)
    if connector is None:
        return Route(domain=domain)
    tls_domain = ""
    if connector.tls is TlsPolicy.DOMAIN_VALIDATION:
        tls_domain = connector.tls_domain or domain
    return Route(
        domain="" if connector.smart_hosts else domain,
        smart_hosts=connector.smart_hosts,
        tls=connector.tls,
        tls_domain=tls_domain,
    )
