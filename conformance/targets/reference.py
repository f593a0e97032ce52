"""The reference relay as a target; also the worked example of an adapter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conformance.target import (
    Address,
    Capability,
    Connector,
    DeliveryEvent,
    Outcome,
    QueuedMessage,
    RelayConfig,
    Schedule,
    TargetError,
)
from conformance.targets.process import Process, spawn

_START_LIMIT = 20.0  # seconds
_GRANULARITY = 0.1  # seconds; its scheduler wakes when something is due


class ReferenceTarget:
    """Runs `python -m conformance.reference serve` with a configuration written for the occasion."""

    name = "reference"
    capabilities = frozenset(
        {
            Capability.SMART_HOST,
            Capability.MX,
            Capability.TLS_REQUIRED,
            Capability.TLS_VERIFIED,
            Capability.MANY_CONNECTORS,
            Capability.ANY_PORT,
            Capability.EVENTS,
        }
    )

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the relay; a relay derived from it may say something else."""
        return [sys.executable, "-m", "conformance.reference", "serve", "--config", str(config_file)]

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start the relay and wait for the line that says it is ready."""
        directory = config.work_directory
        events = directory / "events.jsonl"
        config_file = directory / "relay.toml"
        config_file.write_text(_toml(config, directory / "spool.sqlite3", events), encoding="utf-8")
        # the very packages of this process, whatever lies in the working directory
        environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"}
        process = await spawn(
            self.command(config_file),
            cwd=directory,
            log=directory / "relay.log",
            env=environment,
            pipe_stdout=True,
        )
        try:
            ready = await _ready(process)
            yield ReferenceRelay(config, process, ready, events)
        finally:
            await process.stop()


class ReferenceRelay:
    """The running relay, asked through its control port; its events are a file of JSON lines."""

    def __init__(self, config: RelayConfig, process: Process, ready: dict[str, Any], events: Path) -> None:
        self.submission = Address(*ready["submission"])
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.max_retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=_GRANULARITY,
        )
        self._control = Address(*ready["control"])
        self._process = process
        self._events = events

    async def queue(self) -> Sequence[QueuedMessage]:
        """Ask the control port, which answers one line with one line of JSON."""
        try:
            reader, writer = await asyncio.open_connection(*self._control, limit=2**24)
        except OSError as error:
            raise TargetError(
                f"the relay's control port does not answer: {error}", log=self._process.log_tail()
            ) from error
        try:
            writer.write(b"queue\n")
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
        return [
            QueuedMessage(sender=row["sender"], recipient=row["recipient"], error=row["last_error"] or "")
            for row in answer
        ]

    def events(self) -> Sequence[DeliveryEvent]:
        """Read the event log."""
        if not self._events.exists():
            return []
        lines = self._events.read_text(encoding="utf-8").splitlines()
        return [_event(json.loads(line)) for line in lines]


def _event(row: dict[str, Any]) -> DeliveryEvent:
    return DeliveryEvent(
        at=row["at"],
        recipient=row["recipient"],
        outcome=Outcome(row["event"]),
        text=row["text"],
        destination=row.get("destination") or "",
    )


async def _ready(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_LIMIT)
    except TimeoutError as error:
        raise TargetError(
            f"the reference relay said nothing for {_START_LIMIT:.0f} s", log=process.log_tail()
        ) from error
    if not line:
        raise TargetError("the reference relay ended before it was ready", log=process.log_tail())
    ready: dict[str, Any] = json.loads(line)
    return ready


def _toml(config: RelayConfig, spool: Path, events: Path) -> str:
    # A JSON string is a TOML basic string as well.
    lines = [
        f"hostname = {json.dumps(config.hostname)}",
        f'listen = "{config.listen.host}:{config.listen.port}"',
        f'control = "{config.listen.host}:0"',
        f'resolver = "{config.resolver.host}:{config.resolver.port}"',
        f"next_hop_port = {config.next_hop_port}",
        f"spool = {json.dumps(str(spool))}",
        f"event_log = {json.dumps(str(events))}",
        f"trust_anchors = {json.dumps(str(config.trust_anchors))}",
        "[schedule]",
        f"retry_interval = {config.retry_interval}",
        f"max_retry_interval = {config.max_retry_interval}",
        f"queue_lifetime = {config.queue_lifetime}",
        "[timeouts]",
        f"connect = {config.connect_timeout}",
        f"command = {config.command_timeout}",
        f"dns = {config.dns_timeout}",
    ]
    for connector in config.connectors:
        lines += _connector(connector)
    return "\n".join(lines) + "\n"


def _connector(connector: Connector) -> list[str]:
    return [
        "[[connector]]",
        f"domain = {json.dumps(connector.domain)}",
        f"smart_hosts = {json.dumps(list(connector.smart_hosts))}",
        f'tls = "{connector.tls}"',
        f"tls_domain = {json.dumps(connector.tls_domain)}",
    ]
