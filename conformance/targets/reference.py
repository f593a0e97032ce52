"""The reference relay as a target; also the worked example of an adapter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from conformance.lab import namespace
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
_GRANULARITY = 0.02  # seconds; it wakes when something is due, not every so often


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
            Capability.CLOCK,
            Capability.RESTART,
            Capability.SUBMISSION_DSN,
            *([Capability.IPV6] if namespace.has_ipv6() else []),
        }
    )

    def command(self, config_file: Path) -> list[str]:
        """Return the command line of the relay; a relay derived from it may say something else."""
        return [sys.executable, "-m", "conformance.reference", "serve", "--config", str(config_file)]

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[ReferenceRelay]:
        """Start the relay; it is ready when it says so."""
        directory = config.work_directory
        files = Files(
            config=directory / "relay.toml",
            events=directory / "events.jsonl",
            clock=directory / "clock-offset",
            log=directory / "relay.log",
        )
        files.config.write_text(_toml(config, directory / "spool.sqlite3", files), encoding="utf-8")
        relay = ReferenceRelay(config, self.command(files.config), files)
        try:
            await relay.restart()
            yield relay
        finally:
            await relay.stop()


class Files(NamedTuple):
    """Where the relay keeps what its adapter needs."""

    config: Path
    events: Path
    clock: Path
    log: Path


class ReferenceRelay:
    """The running relay, asked through its control port; its events are a file of JSON lines."""

    submission: Address

    def __init__(self, config: RelayConfig, command: list[str], files: Files) -> None:
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.max_retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=_GRANULARITY,
        )
        self._command = command
        self._files = files
        self._process: Process | None = None
        self._control = Address("", 0)
        self._offset = 0.0

    async def restart(self) -> None:
        """Start the process and wait for the line that says it is ready."""
        self._process = await spawn(
            self._command,
            cwd=self._files.config.parent,
            log=self._files.log,
            # the very packages of this process, whatever lies in the working directory
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"},
            pipe_stdout=True,
        )
        ready = await _ready(self._process)
        self.submission = Address(*ready["submission"])
        self._control = Address(*ready["control"])

    async def kill(self) -> None:
        """End the process without a goodbye."""
        if self._process is not None:
            await self._process.kill()

    async def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            await self._process.stop()

    async def move_clock(self, seconds: float) -> None:
        """Move the clock by its offset file, and have the whole queue tried."""
        self._offset += seconds
        fresh = self._files.clock.with_suffix(".new")
        fresh.write_text(str(self._offset), encoding="ascii")
        fresh.replace(self._files.clock)
        await self._ask(b"flush")

    async def queue(self) -> Sequence[QueuedMessage]:
        """Ask the control port."""
        return [
            QueuedMessage(sender=row["sender"], recipient=row["recipient"], error=row["last_error"] or "")
            for row in await self._ask(b"queue")
        ]

    async def _ask(self, request: bytes) -> Any:
        """Return the answer to a request: one line for one line."""
        try:
            reader, writer = await asyncio.open_connection(*self._control, limit=2**24)
        except OSError as error:
            log = self._process.log_tail() if self._process else ""
            raise TargetError(f"the relay's control port does not answer: {error}", log=log) from error
        try:
            writer.write(request + b"\n")
            return json.loads(await reader.readline())
        finally:
            writer.close()

    def events(self) -> Sequence[DeliveryEvent]:
        """Read the event log."""
        if not self._files.events.exists():
            return []
        lines = self._files.events.read_text(encoding="utf-8").splitlines()
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


def _toml(config: RelayConfig, spool: Path, files: Files) -> str:
    # A JSON string is a TOML basic string as well.
    lines = [
        f"hostname = {json.dumps(config.hostname)}",
        f'listen = "{config.listen.host}:{config.listen.port}"',
        f'control = "{config.listen.host}:0"',
        f'resolver = "{config.resolver.host}:{config.resolver.port}"',
        f"next_hop_port = {config.next_hop_port}",
        f"spool = {json.dumps(str(spool))}",
        f"event_log = {json.dumps(str(files.events))}",
        f"clock_offset_file = {json.dumps(str(files.clock))}",
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
