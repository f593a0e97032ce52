"""One reference relay and one healthy server, with the relay's files in a folder of the caller's choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.lab.addresses import loopback
from conformance.target import Address, Connector, Envelope, RelayConfig
from conformance.targets.reference import ReferenceRelay, ReferenceTarget
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.submission import Submission
from fake_servers import CertificateAuthority, DnsServer, Journal, Records, SmtpServer, Zone
from fake_servers.events import SmtpMessage

DEADLINE = 60.0  # seconds for anything that must happen at once


@dataclass(eq=False)
class LoneRelay:
    """The relay, and what it can reach."""

    relay: ReferenceRelay
    server: SmtpServer
    journal: Journal
    _submitted: int = 0
    _noted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int:
        """The relay's process."""
        assert self.relay._process is not None
        return self.relay._process.pid

    async def submit(self, octets: int = 1_000) -> str:
        """Submit a message of about so many octets; return the reply that decided over it."""
        self._submitted += 1
        line = "x" * 76 + "\r\n"
        content = f"Subject: {self._submitted}\r\n\r\n{line * (octets // 78 + 1)}".encode("ascii")
        envelope = Envelope(sender="a@sender.test", recipients=(self.recipient,), content=content)
        try:
            async with Submission(self.relay.submission, envelope, self.journal) as submission:
                await submission.send_content()
                submission.send_final_dot()
                return await submission.outcome()
        except SubmissionRefused as error:
            return str(error)

    @property
    def recipient(self) -> str:
        """The recipient of the message submitted last."""
        return f"r{self._submitted}@a.test"

    def arrived(self) -> list[str]:
        """Return the recipients of all messages that arrived, in order."""
        return [address for each in self.journal.of(SmtpMessage) for address in each.recipients]

    async def arrives(self, recipient: str) -> None:
        """Wait until a message is there."""
        self.journal.subscribe(lambda _: self._noted.set())
        async with asyncio.timeout(DEADLINE):
            while recipient not in self.arrived():
                self._noted.clear()
                await self._noted.wait()

    async def queue_is_empty(self) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(DEADLINE):
            while await self.relay.queue():  # noqa: ASYNC110 (another process is watched)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def lone_relay(folder: Path, work_directory: Path) -> AsyncIterator[LoneRelay]:
    """Start both; the relay keeps all its files in `work_directory`."""
    lab, journal, zone = loopback(), Journal(), Zone()
    anchors = folder / "trust-anchors.pem"
    anchors.write_bytes(CertificateAuthority().trust_anchors())
    dns = DnsServer(journal, zone)
    server = SmtpServer(journal, hostname="mx.a.test")
    await dns.start(lab.resolver.host, 0)
    await server.start(lab.scenario_host(0, 0), lab.smtp_port)
    zone.set("mx.a.test", "A", Records(lab.scenario_host(0, 0)))
    config = RelayConfig(
        work_directory=work_directory,
        hostname="relay.test",
        listen=Address(lab.relay_host, 0),
        resolver=Address(*dns.address),
        next_hop_port=lab.smtp_port,
        connectors=(Connector(domain="a.test", smart_hosts=("mx.a.test",)),),
        trust_anchors=anchors,
        retry_interval=0.3,
        max_retry_interval=0.3,
        queue_lifetime=3600.0,
        connect_timeout=2.0,
        command_timeout=2.0,
        dns_timeout=2.0,
    )
    try:
        async with ReferenceTarget().running(config) as relay:
            yield LoneRelay(relay, server, journal)
    finally:
        await server.stop()
        await dns.stop()
