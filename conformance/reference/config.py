"""Everything the relay is told, typed; `config_file` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class TlsPolicy(StrEnum):
    """What a connection must offer before mail may pass, mildest first."""

    OPPORTUNISTIC = "opportunistic"
    ENCRYPTION_ONLY = "encryption_only"
    CERTIFICATE_VALIDATION = "certificate_validation"
    DOMAIN_VALIDATION = "domain_validation"

    @property
    def required(self) -> bool:
        """Whether mail may never pass in clear."""
        return self is not TlsPolicy.OPPORTUNISTIC

    @property
    def verifies(self) -> bool:
        """Whether the certificate must lead to a trust anchor and be in date."""
        return self in (TlsPolicy.CERTIFICATE_VALIDATION, TlsPolicy.DOMAIN_VALIDATION)


class Address(NamedTuple):
    """An IP address and a port."""

    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class RetrySchedule:
    """When to try again; seconds."""

    retry_interval: float
    max_retry_interval: float
    quick_retries: int
    queue_lifetime: float


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for the far side; seconds."""

    connect: float
    command: float
    data_done: float
    dns: float


@dataclass(frozen=True, kw_only=True)
class Connector:
    """Where mail for one recipient domain (or, with `*.`, for all domains below it) goes.

    One that is not `enabled` counts as if it were not there.
    """

    domain: str
    enabled: bool = True
    smart_hosts: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = ""


class DomainType(StrEnum):
    """What becomes of the unknown recipients of an accepted domain."""

    INTERNAL_RELAY = "internal_relay"  # they are relayed, as the known ones are
    AUTHORITATIVE = "authoritative"  # they are refused


@dataclass(frozen=True, kw_only=True)
class AcceptedDomain:
    """A domain of the relay's own organization; `recipients` are its known ones, in lower case."""

    domain: str
    type: DomainType
    recipients: frozenset[str]

    def knows(self, address: str) -> bool:
        """Whether an address is a known recipient; postmaster always is (RFC 5321 4.5.1)."""
        return address.lower() in self.recipients or address.lower() == f"postmaster@{self.domain}"


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """An alert is raised when `messages` of one connector have each waited for `age` seconds."""

    messages: int
    age: float


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole configuration; see the file `example.toml` beside this module. `trust_anchors` is PEM text."""

    hostname: str
    listen: Address
    control: Address
    resolver: Address
    next_hop_port: int
    spool: Path
    event_log: Path
    mailboxes: Path
    trust_anchors: str
    clock_offset_file: Path | None
    schedule: RetrySchedule
    timeouts: Timeouts
    alert: AlertRule
    connectors: tuple[Connector, ...]
    accepted_domains: tuple[AcceptedDomain, ...]

    @property
    def control_file(self) -> Path:
        """Where a running relay leaves the address of its control service."""
        return self.spool.with_name(self.spool.name + ".control")
