"""A relay of an afternoon (`naive_relay.py`), and the adapter that its author wrote from docs/adapters.md.

`--target=relays.naive:Naive`, from the folder `tests`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.target import (
    Address,
    Capability,
    QueuedMessage,
    RelayConfig,
    Schedule,
    TargetError,
    TlsPolicy,
)
from conformance.targets.process import Process, free_port, spawn, wait_for_port


class Naive:
    """Starts the relay."""

    name = "naive"
    capabilities = frozenset(
        {Capability.SMART_HOST, Capability.TLS_VERIFIED, Capability.MANY_CONNECTORS, Capability.ANY_PORT}
    )

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[Running]:
        """Start it, and end it."""
        listen = Address(config.listen.host, config.listen.port or free_port(config.listen.host))
        folder = config.work_directory
        routes = {c.domain: (c.smart_hosts, c.tls is not TlsPolicy.OPPORTUNISTIC) for c in config.connectors}
        settings = {
            "listen": listen,
            "dns": config.resolver,
            "port": config.next_hop_port,
            "routes": routes,
            "anchors": str(config.trust_anchors),
            "retry": config.retry_interval,
            "lifetime": config.queue_lifetime,
            "timeout": config.command_timeout,
        }
        (folder / "config.json").write_text(json.dumps(settings))
        program = Path(__file__).with_name("naive_relay.py")
        relay = await spawn(
            [sys.executable, str(program), "config.json"], cwd=folder, log=folder / "relay.log"
        )
        try:
            await wait_for_port(listen, deadline=10, process=relay, greeting=b"220")
            yield Running(config, listen, relay)
        finally:
            await relay.stop()


class Running:
    """Shows its queue."""

    def __init__(self, config: RelayConfig, listen: Address, relay: Process) -> None:
        self.submission = listen
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=0.5,
        )
        self._listing, self._relay = config.work_directory / "queue.json", relay

    def queue(self) -> Sequence[QueuedMessage]:
        """Read the listing that the relay keeps."""
        if not self._relay.alive:
            raise TargetError("the relay has ended", log=self._relay.log_tail())
        rows = json.loads(self._listing.read_text()) if self._listing.exists() else []
        return [QueuedMessage(sender=row["from"], recipient=row["to"], error=row["error"]) for row in rows]
