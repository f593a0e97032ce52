"""The configuration file, read strictly: an unknown key or a bad value is an error naming file and key."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from .config import (
    AcceptedDomain,
    Address,
    AlertRule,
    Config,
    Connector,
    DomainType,
    RetrySchedule,
    Timeouts,
    TlsPolicy,
)
from .config_reader import ConfigError, Table


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: The file cannot be read, is no TOML, lacks a key, or holds a bad key or value.
    """
    return parse(read_text(path), source=path)


def read_text(path: Path) -> str:
    """Return the text of a configuration file.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def parse(text: str, *, source: Path) -> Config:
    """Return the configuration that a text says; complaints name `source` as its file.

    Raises:
        ConfigError: It is no TOML, lacks a key, or holds a bad key or value.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: is not valid TOML: {error}") from error
    return _config(Table(data, source=str(source)))


def _config(top: Table) -> Config:
    connectors = tuple(_connector(table) for table in top.tables("connector"))
    clock_offset_file = top.text("clock_offset_file", "")
    accepted_domains = tuple(_accepted_domain(table) for table in top.tables("accepted_domain"))
    config = Config(
        hostname=top.domain("hostname"),
        listen=_address(top, "listen", any_port=True),
        control=_address(top, "control", any_port=True, default="127.0.0.1:0"),
        resolver=_address(top, "resolver"),
        next_hop_port=top.integer("next_hop_port", 25, low=1, high=65535),
        spool=Path(top.text("spool")),
        event_log=Path(top.text("event_log")),
        mailboxes=Path(top.text("mailboxes", "") or top.text("spool") + ".mailboxes"),
        trust_anchors=_trust_anchors(top, connectors),
        clock_offset_file=Path(clock_offset_file) if clock_offset_file else None,
        schedule=_schedule(top.table("schedule")),
        timeouts=_timeouts(top.table("timeouts")),
        alert=_alert(top.table("alert")),
        connectors=connectors,
        accepted_domains=accepted_domains,
    )
    top.refuse_unknown()
    _refuse_twins(top, "connector", [connector.domain for connector in connectors])
    _refuse_twins(top, "accepted_domain", [accepted.domain for accepted in accepted_domains])
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


def _alert(table: Table) -> AlertRule:
    rule = AlertRule(
        messages=table.integer("messages", 2000, low=1, high=10**9), age=table.seconds("age", 3600)
    )
    table.refuse_unknown()
    return rule


def _connector(table: Table) -> Connector:
    connector = Connector(
        domain=table.domain("domain", wildcard=True),
        enabled=table.flag("enabled", True),
        smart_hosts=table.hosts("smart_hosts"),
        tls=table.choice("tls", TlsPolicy, TlsPolicy.OPPORTUNISTIC),
        tls_domain=table.domain("tls_domain", default="", wildcard=True),
    )
    table.refuse_unknown()
    return connector


def _accepted_domain(table: Table) -> AcceptedDomain:
    domain = table.domain("domain")
    accepted = AcceptedDomain(
        domain=domain,
        type=table.choice("type", DomainType, DomainType.AUTHORITATIVE),
        recipients=table.addresses("recipients", domain),
    )
    table.refuse_unknown()
    return accepted


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


def _refuse_twins(top: Table, key: str, domains: Sequence[str]) -> None:
    for number, domain in enumerate(domains, start=1):
        first = domains.index(domain) + 1
        if first != number:
            raise ConfigError(
                f"{top.source}: key 'domain' in [[{key}]] {number}: {domain!r} is taken already (number {first})"
            )
