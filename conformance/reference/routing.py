"""Where a recipient's mail goes: through a connector, by MX, into a mailbox here, or back to its sender."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from .config import AcceptedDomain, Config, Connector, DomainType, TlsPolicy
from .config_reader import a_labels, bare_ip, is_ip_literal


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
    def label(self) -> str:
        """The destination as the queue shows it."""
        return self.domain or ", ".join(self.smart_hosts)


class Here(Enum):
    """What this relay does itself with mail of an accepted domain that no connector takes."""

    MAILBOX = "local"  # a known recipient: into its mailbox
    NOBODY = "none"  # an unknown recipient: back to the sender

    @property
    def label(self) -> str:
        """The destination as the queue shows it."""
        return self.value


Destination = Route | Here


def choose_destination(address: str, config: Config) -> Destination:
    """Return where mail for one recipient goes, by the settings in force.

    A connector that is turned on takes all mail of its domain. Without one, the known recipients of an accepted
    domain have their mailboxes here and the unknown ones of an authoritative domain do not exist; all other mail
    follows the MX records of its domain, which includes the unknown recipients of an internal relay domain.
    """
    domain = domain_of(address)
    accepted = find_accepted(domain, config.accepted_domains)
    if accepted is not None and choose_connector(domain, config.connectors) is None:
        if accepted.knows(address.removesuffix(".")):
            return Here.MAILBOX
        if accepted.type is DomainType.AUTHORITATIVE:
            return Here.NOBODY
    return choose_route(domain, config.connectors)


def settings_of(address: str, config: Config) -> tuple[Destination, str]:
    """Return all settings that the delivery to one recipient depends on: its destination and the anchors it trusts."""
    destination = choose_destination(address, config)
    verifies = isinstance(destination, Route) and destination.tls.verifies
    return destination, config.trust_anchors if verifies else ""


def is_refused(address: str, config: Config) -> bool:
    """Whether a recipient is refused at RCPT: unknown, and its domain is authoritative."""
    accepted = find_accepted(domain_of(address), config.accepted_domains)
    return (
        accepted is not None
        and accepted.type is DomainType.AUTHORITATIVE
        and not accepted.knows(address.removesuffix("."))
    )


def connector_of(address: str, config: Config) -> Connector | None:
    """Return the connector that mail for one recipient goes through, if any does."""
    return choose_connector(domain_of(address), config.connectors)


def fix_now_domains(connector: str, config: Config) -> list[AcceptedDomain]:
    """Return the accepted domains whose mail goes, or would if it were on, through the connector of this name."""
    connectors = [
        replace(each, enabled=each.enabled or each.domain == connector) for each in config.connectors
    ]
    found = []
    for accepted in config.accepted_domains:
        chosen = choose_connector(accepted.domain, connectors)
        if chosen is not None and chosen.domain == connector:
            found.append(accepted)
    return found


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case and in ASCII, as DNS and the settings have it (RFC 5891 5)."""
    return a_labels(address.rpartition("@")[2]).lower().removesuffix(".")


def find_accepted(domain: str, accepted_domains: Iterable[AcceptedDomain]) -> AcceptedDomain | None:
    """Return the accepted domain of this name, if there is one."""
    return next((each for each in accepted_domains if each.domain == domain), None)


def choose_connector(domain: str, connectors: Iterable[Connector]) -> Connector | None:
    """Return the connector of a recipient domain: the exact one, else the longest wildcard, else None.

    Those that are turned off do not count.
    """
    enabled, labels = _ENABLED.of(connectors), domain.split(".")
    wanted = [domain, *(".".join(["*", *labels[number:]]) for number in range(1, len(labels)))]
    return next((enabled[each] for each in wanted if each in enabled), None)


class _Enabled:
    """The connectors that are turned on, by domain; worked out once for as long as the settings are the same."""

    def __init__(self) -> None:
        self._connectors: Iterable[Connector] = ()
        self._by_domain: dict[str, Connector] = {}

    def of(self, connectors: Iterable[Connector]) -> dict[str, Connector]:
        """Return them; of any two for one domain, which the settings refuse, the first."""
        if connectors is not self._connectors:
            self._by_domain = {}
            for each in connectors:
                if each.enabled:
                    self._by_domain.setdefault(each.domain, each)
            self._connectors = connectors
        return self._by_domain


_ENABLED = _Enabled()


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
