"""The configuration file, read strictly: an unknown key or a bad value is an error naming file and key."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from .config_reader import ConfigError, Table


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
    """Where mail for one recipient domain (or, with `*.`, for all domains below it) goes."""

    domain: str
    smart_hosts: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = ""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything the relay is told; see the file `example.toml` beside this module."""

    hostname: str
    listen: Address
    control: Address
    resolver: Address
    next_hop_port: int
    spool: Path
    event_log: Path
    trust_anchors: str
    clock_offset_file: Path | None
    schedule: RetrySchedule
    timeouts: Timeouts
    connectors: tuple[Connector, ...]

    @property
    def control_file(self) -> Path:
        """Where a running relay leaves the address of its control service."""
        return self.spool.with_name(self.spool.name + ".control")


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: The file cannot be read, is no TOML, lacks a key, or holds a bad key or value.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    return _config(Table(data, source=str(path)))


def _config(top: Table) -> Config:
    connectors = tuple(_connector(table) for table in top.tables("connector"))
    clock_offset_file = top.text("clock_offset_file", "")
    config = Config(
        hostname=top.domain("hostname"),
        listen=_address(top, "listen", any_port=True),
        control=_address(top, "control", any_port=True, default="127.0.0.1:0"),
        resolver=_address(top, "resolver"),
        next_hop_port=top.integer("next_hop_port", 25, low=1, high=65535),
        spool=Path(top.text("spool")),
        event_log=Path(top.text("event_log")),
        trust_anchors=_trust_anchors(top, connectors),
        clock_offset_file=Path(clock_offset_file) if clock_offset_file else None,
        schedule=_schedule(top.table("schedule")),
        timeouts=_timeouts(top.table("timeouts")),
        connectors=connectors,
    )
    top.refuse_unknown()
    _refuse_twins(top, connectors)
    return config


def _schedule(table: Table) -> RetrySchedule:
    schedule = RetrySchedule(
        retry_interval=table.seconds("retry_interval", 900),
        max_retry_interval=table.seconds("max_retry_interval", 3600),
        quick_retries=table.integer("quick_retries", 2, low=0, high=1000),
        queue_lifetime=table.seconds("queue_lifetime", 86400),
    )
    table.refuse_unknown()
    return schedule


def _timeouts(table: Table) -> Timeouts:
    command = table.seconds("command", 300)
    timeouts = Timeouts(
        connect=table.seconds("connect", 30),
        command=command,
        data_done=table.seconds("data_done", command),
        dns=table.seconds("dns", 10),
    )
    table.refuse_unknown()
    return timeouts


def _connector(table: Table) -> Connector:
    policies = [policy.value for policy in TlsPolicy]
    tls = table.text("tls", TlsPolicy.OPPORTUNISTIC.value)
    if tls not in policies:
        raise table.error("tls", tls, "one of " + ", ".join(policies))
    connector = Connector(
        domain=table.domain("domain", wildcard=True),
        smart_hosts=table.hosts("smart_hosts"),
        tls=TlsPolicy(tls),
        tls_domain=table.domain("tls_domain", default="", wildcard=True),
    )
    table.refuse_unknown()
    return connector


def _address(table: Table, key: str, *, any_port: bool = False, default: str | None = None) -> Address:
    text = table.text(key, default)
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
    except ValueError:
        colon = ""
    if not colon or not port.isdecimal() or not (0 if any_port else 1) <= int(port) <= 65535:
        raise table.error(key, text, "an IP address, a colon and a port" + (" (0: any)" if any_port else ""))
    return Address(host, int(port))


def _trust_anchors(top: Table, connectors: tuple[Connector, ...]) -> str:
    """Return the PEM text of the trust anchors, tried once so that a bad file is an error at start-up."""
    name = top.text("trust_anchors", "")
    if not name:
        if any(connector.tls.verifies for connector in connectors):
            raise ConfigError(
                f"{top.source}: key 'trust_anchors' is missing: a connector verifies certificates"
            )
        return ""
    try:
        pem = Path(name).read_text(encoding="ascii", errors="replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (OSError, ValueError) as error:
        raise top.error("trust_anchors", name, f"a file with certificates in PEM form ({error})") from error
    return pem


def _refuse_twins(top: Table, connectors: tuple[Connector, ...]) -> None:
    seen: Mapping[str, int] = {}
    for number, connector in enumerate(connectors, start=1):
        if connector.domain in seen:
            raise ConfigError(
                f"{top.source}: key 'domain' in [[connector]] {number}: {connector.domain!r} "
                f"has a connector already (number {seen[connector.domain]})"
            )
        seen = {**seen, connector.domain: number}
