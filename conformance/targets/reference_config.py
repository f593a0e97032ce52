"""The configuration file of the reference relay, as its adapter writes and edits it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from conformance.target import AcceptedDomain, Connector, RelayConfig

Table = dict[str, Any]


class Files(NamedTuple):
    """Where the relay keeps what its adapter needs."""

    config: Path
    events: Path
    clock: Path
    mailboxes: Path
    log: Path


def settings(config: RelayConfig, files: Files) -> Table:
    """Return the whole configuration, as a TOML reader would."""
    return {
        "hostname": config.hostname,
        "listen": f"{config.listen.host}:{config.listen.port}",
        "control": f"{config.listen.host}:0",
        "resolver": f"{config.resolver.host}:{config.resolver.port}",
        "next_hop_port": config.next_hop_port,
        "spool": str(config.work_directory / "spool.sqlite3"),
        "event_log": str(files.events),
        "mailboxes": str(files.mailboxes),
        "clock_offset_file": str(files.clock),
        "trust_anchors": str(config.trust_anchors),
        "schedule": {
            "retry_interval": config.retry_interval,
            "max_retry_interval": config.max_retry_interval,
            "queue_lifetime": config.queue_lifetime,
        },
        "timeouts": {
            "connect": config.connect_timeout,
            "command": config.command_timeout,
            "dns": config.dns_timeout,
        },
        "alert": {"messages": config.alert_messages, "age": config.alert_age},
        "connector": [connector_table(connector) for connector in config.connectors],
        "accepted_domain": [accepted_table(accepted) for accepted in config.accepted_domains],
    }


def connector_table(connector: Connector, *, enabled: bool = True) -> Table:
    """Return the table of one connector."""
    return {
        "domain": connector.domain,
        "enabled": enabled,
        "smart_hosts": list(connector.smart_hosts),
        "tls": str(connector.tls),
        "tls_domain": connector.tls_domain,
    }


def accepted_table(accepted: AcceptedDomain) -> Table:
    """Return the table of one accepted domain."""
    return {
        "domain": accepted.domain,
        "type": str(accepted.type),
        "recipients": list(accepted.recipients),
    }


def replaced(tables: list[Table], domain: str, *fresh: Table) -> list[Table]:
    """Return the tables with `fresh` in place of that of a domain, or behind all if there is none."""
    at = next((n for n, each in enumerate(tables) if each["domain"] == domain), len(tables))
    return [*tables[:at], *fresh, *tables[at + 1 :]]


def dump(top: Table) -> str:
    """Return TOML that a reader turns into `top`."""
    plain = {key: value for key, value in top.items() if not _is_tables(value)}
    lines = _lines(plain)
    for key, value in top.items():
        if _is_tables(value):
            header, tables = (f"[{key}]", [value]) if isinstance(value, dict) else (f"[[{key}]]", value)
            for table in tables:
                lines += [header, *_lines(table)]
    return "\n".join(lines) + "\n"


def _is_tables(value: object) -> bool:
    tables = value if isinstance(value, list) else [value]
    return all(isinstance(each, dict) for each in tables)


def _lines(table: Table) -> list[str]:
    # strings, numbers, booleans and lists of strings are written alike in JSON and in TOML
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]
