"""What a target is asked for: what it can be, and everything that it is handed over at its start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Capability(StrEnum):
    """What a target can be asked for."""

    SMART_HOST = "smart_host"  # a connector can name the hosts to deliver to
    SEVERAL_SMART_HOSTS = "several_smart_hosts"  # ... and more than one of them
    LITERAL = "literal"  # ... and by IP address instead of a name
    WILDCARD = "wildcard"  # the domain of a connector with smart hosts can be `*.` and a domain
    MX = "mx"  # a domain without smart hosts is routed by its MX records
    IPV6 = "ipv6"  # next hops are reached by IPv6 too, by name and by literal (`fd77::1`)
    TLS_OPPORTUNISTIC = "tls_opportunistic"  # uses TLS where it is offered, though no connector asks for it
    TLS_REQUIRED = "tls_required"  # a connector can insist on TLS without looking at the certificate
    TLS_VERIFIED = "tls_verified"  # a connector can insist on a certificate that is valid for a name
    TLS_DOMAIN = "tls_domain"  # `tls_domain` may be another name than the smart host's, or `*.` and a domain
    MANY_CONNECTORS = "many_connectors"  # one instance serves many connectors; else one instance for each
    ONE_ROUTE = "one_route"  # its one connector takes all mail, reports too; not with MANY_CONNECTORS
    ANY_PORT = "any_port"  # honours next_hop_port and resolver; else it needs ports 25 and 53 (namespace lab)
    EVENTS = "events"  # running() yields an object with events()
    CLOCK = "clock"  # running() yields an object with move_clock()
    CLOCK_BACK = "clock_back"  # ... which takes a negative number, too
    RESTART = "restart"  # running() yields an object with kill() and restart()
    STOP = "stop"  # ... with stop(), which ends it in good order; with RESTART
    SECOND_INSTANCE = "second_instance"  # ... with start_second(), for another instance on the same spool
    SUBMISSION_DSN = "submission_dsn"  # its submission takes the DSN parameters of RFC 3461
    ACCEPTED_DOMAINS = "accepted_domains"  # honours accepted_domains
    ALERTS = "alerts"  # honours alert_messages and alert_age; running() yields an object with alerts()
    FIX_NOW = "fix_now"  # ... with fix_now()
    EDIT_CONNECTOR = "edit_connector"  # ... with edit_connector() and delete_connector()
    MAILBOXES = "mailboxes"  # ... with mailbox()


class TlsPolicy(StrEnum):
    """TLS rules of a connector, mildest first (Exchange Online PowerShell, New-OutboundConnector, TlsSettings)."""

    OPPORTUNISTIC = "opportunistic"  # TLS if offered, whatever the certificate; else in clear
    ENCRYPTION_ONLY = "encryption_only"  # TLS or no delivery; any certificate
    CERTIFICATE_VALIDATION = "certificate_validation"  # and the chain leads to a trust anchor, in date
    DOMAIN_VALIDATION = "domain_validation"  # and the certificate names `tls_domain`


class Address(NamedTuple):
    """An IP address and a port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Connector:
    """Where mail for one recipient domain goes.

    Attributes:
        domain: The recipient domain; with WILDCARD also `*.` and a domain, for every name below it that has no
            connector of its own.
        smart_hosts: Host names to deliver to, by their address records (no MX look-up), in this order;
            empty: by the MX records of `domain`. More than one only with SEVERAL_SMART_HOSTS, IP addresses
            (`127.1.0.5`, and with IPV6 `fd77::1`) only with LITERAL.
        tls: What the connection must offer before mail may pass.
        tls_domain: The name a certificate must bear under DOMAIN_VALIDATION; `*.a.test`: any one name below a.test.
    """

    domain: str
    smart_hosts: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = ""


class DomainType(StrEnum):
    """What becomes of unknown recipients of an accepted domain (Exchange Online PowerShell, Set-AcceptedDomain)."""

    INTERNAL_RELAY = "internal_relay"  # they go through the domain's connector, as the known ones do
    AUTHORITATIVE = "authoritative"  # refused at RCPT: 550 5.4.1 Recipient address rejected: Access denied


@dataclass(frozen=True, kw_only=True)
class AcceptedDomain:
    """A domain of the relay's own organization; other recipient domains are a partner's.

    Attributes:
        domain: The recipient domain.
        type: What becomes of its unknown recipients.
        recipients: The known ones, whole addresses without angle brackets.
    """

    domain: str
    type: DomainType = DomainType.INTERNAL_RELAY
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RelayConfig:
    """Everything a target is asked for. Times are in seconds.

    Attributes:
        work_directory: An empty folder of the target's own; put everything below it, logs included.
        hostname: The name the relay gives in EHLO.
        listen: Where to accept mail without authentication; port 0 means any free port.
        resolver: The only name server to ask.
        next_hop_port: The TCP port of every next hop.
        connectors: One for each recipient domain (with WILDCARD some for all names below one), the domain of the
            senders (for NDRs) among them; one with ONE_ROUTE.
        trust_anchors: PEM file with the only certificate authorities to trust.
        retry_interval: From the end of a failed attempt to the next one, for the first two gaps.
        max_retry_interval: The same for all later gaps.
        queue_lifetime: From acceptance to giving up and returning the message.
        connect_timeout: How long to wait for a TCP connection.
        command_timeout: How long to wait for the greeting, each reply and the TLS handshake.
        dns_timeout: How long to wait, in all, for the answer to one DNS question.
        accepted_domains: The relay's own domains; only for a target with ACCEPTED_DOMAINS.
        alert_messages: How many messages of one connector must have waited for `alert_age` before its alert is
            raised; only for a target with ALERTS.
        alert_age: How long they must have waited.
    """

    work_directory: Path
    hostname: str
    listen: Address
    resolver: Address
    next_hop_port: int
    connectors: tuple[Connector, ...]
    trust_anchors: Path
    retry_interval: float
    max_retry_interval: float
    queue_lifetime: float
    connect_timeout: float
    command_timeout: float
    dns_timeout: float
    accepted_domains: tuple[AcceptedDomain, ...] = ()
    alert_messages: int = 2000
    alert_age: float = 3600.0
