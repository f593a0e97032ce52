"""Targets that no suite should ever pass: they take mail and do nothing, or do nothing and tell a good story.

Each comes in two kinds: one that does nothing at all, and one that delivers to the healthy servers of the
positive controls, so that it is the proof of provocation alone that must unmask it. The looking parrot shows how
far that proof goes in the loopback lab.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib
import dns.asyncresolver
import dns.inet
import dns.resolver
from aiosmtpd.smtp import SMTP, Envelope

from conformance.catalogue.failure_mode import FailureMode
from conformance.target import (
    AcceptedDomain,
    Address,
    Alert,
    Capability,
    Connector,
    DeliveryEvent,
    DomainType,
    EditRefused,
    Outcome,
    QueuedMessage,
    RelayConfig,
    Schedule,
    TlsPolicy,
)
from conformance.wave.envelope import domain_of

from .waves import everything

# Failure modes and controls by recipient domain.
_MODES = {domain_of(scenario): scenario.failure_mode for scenario in everything()}
_TITLES = {
    "4.4.312": "DNS query failed",
    "4.4.315": "Connection timed out",
    "4.4.316": "Connection refused",
    "4.4.317": "Cannot connect to remote server",
    "4.4.318": "Connection was closed abruptly",
    "4.7.320": "Certificate validation failed",
}

# What no impostor even pretends to: a clock, a life after an end, a second process, and a lack that would excuse it.
LACKING = {
    Capability.CLOCK,
    Capability.CLOCK_BACK,
    Capability.ONE_ROUTE,
    Capability.RESTART,
    Capability.SECOND_INSTANCE,
    Capability.STOP,
}


class BlackHole:
    """Accepts mail, never delivers it, and lists it in its queue for ever."""

    name = "black hole"
    capabilities = frozenset(Capability) - LACKING
    delivers_to_controls = False

    @asynccontextmanager
    async def running(self, config: RelayConfig) -> AsyncIterator[HoleRelay]:
        """Open the hole."""
        relay = self._relay(config)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(relay, hostname="impostor.test", loop=loop), config.listen.host, config.listen.port
        )
        relay.submission = Address(*server.sockets[0].getsockname()[:2])
        try:
            yield relay
        finally:
            server.close()
            await server.wait_closed()
            await relay.close()

    def _relay(self, config: RelayConfig) -> HoleRelay:
        return HoleRelay(config, delivers_to_controls=self.delivers_to_controls)


class HoleRelay:
    """Knows what it has taken; the handler of its own SMTP server."""

    submission: Address

    def __init__(self, config: RelayConfig, *, delivers_to_controls: bool) -> None:
        self.schedule = Schedule(
            retry_interval=config.retry_interval,
            max_retry_interval=config.max_retry_interval,
            queue_lifetime=config.queue_lifetime,
            granularity=0.1,
        )
        self._config = config
        self._delivers_to_controls = delivers_to_controls
        self.connectors = {connector.domain: connector for connector in config.connectors}
        self.taken: list[tuple[float, str, str]] = []
        self.known = {accepted.domain: accepted.recipients for accepted in config.accepted_domains}
        self.closed: set[str] = set()

    def connector_of(self, domain: str) -> Connector:
        """Return the connector of a recipient domain, by name or wildcard; one by MX for a domain that has none."""
        wildcard = f"*.{domain.partition('.')[2]}"
        return self.connectors.get(domain) or self.connectors.get(wildcard) or Connector(domain=domain)

    async def handle_RCPT(
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse whom nobody knows once the operator wants it so: that much even an impostor can do."""
        domain = address.rpartition("@")[2]
        if domain in self.closed and address not in self.known[domain]:
            return "550 5.4.1 Recipient address rejected: Access denied"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:
        """Take a message."""
        recipient, sender = envelope.rcpt_tos[0], envelope.mail_from or ""
        domain = recipient.rpartition("@")[2]
        mode = _MODES.get(domain)  # of the backlog of a control: none
        if self._delivers_to_controls and mode is not None and mode.is_control:
            await _deliver(self._config, self.connector_of(domain), envelope)
        else:
            self.taken.append((time.time(), sender, recipient))
        return "250 2.0.0 OK"

    async def close(self) -> None:
        """End whatever it does besides."""

    def queue(self) -> Sequence[QueuedMessage]:
        """Return everything that was ever taken."""
        return [QueuedMessage(sender=s, recipient=r, error=self.error(r)) for _, s, r in self.taken]

    def events(self) -> Sequence[DeliveryEvent]:
        """Return nothing."""
        return []

    def error(self, recipient: str) -> str:
        """Return the error that the queue shows: none."""
        return ""

    def alerts(self) -> Sequence[Alert]:
        """Tell of nothing."""
        return []

    def mailbox(self, recipient: str) -> Sequence[bytes]:
        """Show that there is nothing."""
        return []

    def fix_now(self, domain: str) -> None:
        """Refuse unknown recipients from now on."""
        self.closed |= {each for each in self.known if self.connector_of(each).domain == domain}

    def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        """Refuse what is not valid, and forget the rest."""
        pem = trust_anchors.read_text() if trust_anchors else "BEGIN CERTIFICATE"
        if "BEGIN CERTIFICATE" not in pem or any(" " in host for host in connector.smart_hosts):
            raise EditRefused("not valid")

    def delete_connector(self, domain: str) -> None:
        """Forget it."""

    def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        """Refuse unknown recipients of an authoritative domain from now on."""
        if accepted.type is DomainType.AUTHORITATIVE:
            self.closed.add(accepted.domain)


class Parrot(BlackHole):
    """Accepts mail, never connects, and says at the right times what a good relay would say."""

    name = "parrot"

    def _relay(self, config: RelayConfig) -> HoleRelay:
        return ParrotRelay(config, delivers_to_controls=self.delivers_to_controls)


class ParrotRelay(HoleRelay):
    """Derives the right code, detail and destination from the recipient domain."""

    def error(self, recipient: str) -> str:
        """Return the error of a failure mode as a good relay shows it."""
        mode = _MODES.get(recipient.rpartition("@")[2])
        if mode is None or mode.is_control:
            return ""
        return (
            f"{_code(mode)} [Message=Error: {' '.join(mode.explained_by)}] "
            f"[LastAttemptedServerName={self._last_host(recipient)}]"
        )

    def alerts(self) -> Sequence[Alert]:
        """Tell of each domain for which enough messages were taken long enough ago, with all that belongs to it."""
        needed, age = self._config.alert_messages, self._config.alert_age
        told = []
        for domain, connector in self.connectors.items():
            ours = [(at, to) for at, _, to in self.taken if to.endswith(f"@{domain}") and self.error(to)]
            if len(ours) < needed or ours[needed - 1][0] + age > time.time():
                continue
            begin, recipient = ours[0]
            told.append(
                Alert(
                    connector=domain,
                    queued=len(ours),
                    raised_at=ours[needed - 1][0] + age,
                    queue_start=begin,
                    oldest_expires=begin + self._config.queue_lifetime,
                    destination_server=connector.smart_hosts[0],
                    last_address="127.1.1.1",
                    last_error=self.error(recipient),
                    how_to_fix="Mend it.",
                )
            )
        return told

    def events(self) -> Sequence[DeliveryEvent]:
        """Return a deferral for each interval that has passed since a message was taken, oldest first."""
        interval, now = self.schedule.retry_interval, time.time()
        told = [
            DeliveryEvent(
                recipient=recipient,
                outcome=Outcome.PERMANENT if self.error(recipient).startswith("5") else Outcome.DEFERRED,
                text=self.error(recipient),
                destination=self._last_host(recipient),
                at=taken + number * interval,
            )
            for taken, _, recipient in self.taken
            if self.error(recipient)
            for number in range(int((now - taken) / interval) + 1)
        ]
        return sorted(told, key=lambda event: event.at)

    def _last_host(self, recipient: str) -> str:
        domain = recipient.rpartition("@")[2]
        return (*self.connector_of(domain).smart_hosts, domain)[-2:][0]


class HoleBesideControls(BlackHole):
    """Delivers to the positive controls, and swallows everything else."""

    name = "black hole beside controls"
    delivers_to_controls = True


class ParrotBesideControls(Parrot):
    """Delivers to the positive controls, and only talks of everything else."""

    name = "parrot beside controls"
    delivers_to_controls = True


class LookingParrot(ParrotBesideControls):
    """Looks names up as a good relay does, too, and still never connects."""

    name = "looking parrot"

    def _relay(self, config: RelayConfig) -> HoleRelay:
        return LookingRelay(config, delivers_to_controls=True)


class LookingRelay(ParrotRelay):
    """Asks for the address of each smart host at each interval."""

    def __init__(self, config: RelayConfig, *, delivers_to_controls: bool) -> None:
        super().__init__(config, delivers_to_controls=delivers_to_controls)
        self._looking: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:
        """Take a message, and begin to look."""
        domain = envelope.rcpt_tos[0].rpartition("@")[2]
        mode = _MODES.get(domain)
        if mode is not None and not mode.is_control:
            hosts = self.connector_of(domain).smart_hosts or (f"mx1.{domain}",)
            self._looking.add(asyncio.create_task(self._look(hosts)))
        return await super().handle_DATA(server, session, envelope)

    async def _look(self, hosts: Sequence[str]) -> None:
        while True:
            for host in hosts:
                # a look-up that fails is as good as any other
                await asyncio.gather(_address(self._config, host), return_exceptions=True)
            await asyncio.sleep(self.schedule.retry_interval)

    async def close(self) -> None:
        """Stop looking."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)


def _code(mode: FailureMode) -> str:
    """Return the codes and the title that the source document, or the server itself, would give."""
    if mode.refusal.reply is not None:
        return mode.refusal.reply.text
    match mode.section:
        case "5yz":
            return "550 5.7.1 Not wanted here"
        case "4yz":
            return "450 4.2.1 Mailbox busy"
        case "mx-null" | "mx-self":
            return "554 5.4.4 Undeliverable"
        case section if section in _TITLES:
            return f"450 {section} {_TITLES[section]}"
        case _:  # where a section accepts several codes, this is one of them
            return f"450 4.4.317 {_TITLES['4.4.317']}"


def _resolver(config: RelayConfig) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [config.resolver.host], config.resolver.port
    return resolver


async def _address(config: RelayConfig, host: str, family: str = "A") -> str:
    resolver = _resolver(config)
    resolver.lifetime = config.dns_timeout
    answer = await resolver.resolve(f"{host}.", family)
    address: str = next(iter(answer)).to_text()
    return address


async def _any_address(config: RelayConfig, host: str) -> str:
    """Return an address of a healthy host, which may be an address itself."""
    if dns.inet.is_address(host):
        return host
    try:
        return await _address(config, host)
    except dns.resolver.NoAnswer:
        return await _address(config, host, "AAAA")


async def _best_exchanger(config: RelayConfig, domain: str) -> str:
    try:
        answer = await _resolver(config).resolve(f"{domain}.", "MX")
    except dns.resolver.NoAnswer:
        return domain
    best = min(answer, key=lambda record: record.preference)
    host: str = best.exchange.to_text(omit_final_dot=True)
    return host


async def _deliver(config: RelayConfig, connector: Connector, envelope: Envelope) -> None:
    """Deliver to a healthy server as a good relay does."""
    host = (*connector.smart_hosts, "")[0] or await _best_exchanger(config, connector.domain)
    client = aiosmtplib.SMTP(
        hostname=await _any_address(config, host),
        port=config.next_hop_port,
        local_hostname=config.hostname,
        start_tls=False,
        timeout=60,  # what a server may take, on a busy machine too
    )
    async with client:
        if connector.tls is not TlsPolicy.OPPORTUNISTIC:
            context = ssl.create_default_context(cafile=str(config.trust_anchors))
            await client.starttls(server_hostname=host, tls_context=context)
        assert envelope.mail_from is not None
        assert envelope.original_content is not None
        await client.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.original_content)
