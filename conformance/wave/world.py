"""The fake world of one wave: every destination, broken as its failure mode says, and its repair."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from conformance.catalogue.course import NEW_SMART_HOST
from conformance.catalogue.destination import Host, ServerTls, Tcp, addresses_of
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.step import Step
from conformance.evidence.site import Site
from conformance.lab import namespace
from conformance.lab.addresses import NAMESPACE, Lab
from conformance.target import Address
from conformance.wave.beside import Beside, elsewhere, way_back
from conformance.wave.connectors import DEAD, SINK_NAME, SPARE, exchangers_beside
from conformance.wave.envelope import SENDER_DOMAIN, domain_of
from conformance.wave.names import new_name, point, publish_mx, ruled_host, smart_host
from conformance.wave.request import RELAY_NAME
from conformance.wave.stepped import SteppedDestination
from conformance.wave.way_back import sparing_reports
from conformance.witness.amid import Amid
from fake_servers import (
    CertificateAuthority,
    DnsServer,
    Hanging,
    Journal,
    PacketWatch,
    Records,
    Refusing,
    Rule,
    Script,
    SmtpServer,
    Stage,
    Stall,
    SynWatch,
    Unreachable,
    Zone,
    probe,
)
from fake_servers.limits import Bucket, Limits, Open

# What one server of one scenario bears of a relay, which has a message or two for it: a hundred times what any relay
# needs that is in order. The sink is for everybody, and bears more.
AT_ONCE = 200  # connections
CONNECTIONS = 5_000
COMMANDS = 2_000  # on one connection
_EVERYBODY = 10
_REPORTS = 5  # times as many commands, where all of a relay's reports come on one connection

# Questions for names with which no scenario has to do: further ones have the same answer and leave no trace.
UNPLANNED_AT_ONCE = 500
UNPLANNED_A_SECOND = 100.0

# Questions over UDP, whatever for. Hundreds of messages that are tried at once, each with ten questions, are not half
# of them, and not half of that each second. Whoever asks without a pause asks tens of thousands a second.
QUESTIONS_AT_ONCE = 20_000
QUESTIONS_A_SECOND = 4_000.0


@dataclass
class _Destination:
    """One smart host as it stands now."""

    site: Site
    address: str
    server: SmtpServer
    fault: Refusing | Hanging | Unreachable | None = None
    moved: SmtpServer | None = None


@dataclass
class World:
    """Everything a relay can reach.

    Attributes:
        lab: The address plan.
        journal: Where everything is noted.
        sink: The server that takes what comes back to the senders; healthy unless a course has it misbehave.
        sink_turn: Held by who has it misbehave.
        one_route: Whether the relay has no other way for its reports than the destination of the message.
    """

    lab: Lab
    journal: Journal
    sink_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    one_route: bool = False
    _connections: Open = field(default_factory=Open)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _destinations: dict[str, list[_Destination]] = field(default_factory=dict)
    _beside: dict[str, list[Beside]] = field(default_factory=dict)
    _ways_back: dict[str, Beside] = field(default_factory=dict)
    _stepped: dict[str, SteppedDestination] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.authority = CertificateAuthority()
        self.zone = Zone()
        self.zone.set(RELAY_NAME, "A", Records(self.lab.relay_host))  # some relays know themselves by address
        unplanned = Bucket(UNPLANNED_AT_ONCE, UNPLANNED_A_SECOND)
        datagrams = Bucket(QUESTIONS_AT_ONCE, QUESTIONS_A_SECOND)
        dns = DnsServer(
            self.journal, self.zone, unplanned=unplanned, connections=AT_ONCE, datagrams=datagrams
        )
        await dns.start(self.lab.resolver.host, self.lab.resolver.port)
        self._stack.push_async_callback(dns.stop)
        self.resolver = Address(*dns.address)
        self.witness: SynWatch | PacketWatch
        if self.lab.name == NAMESPACE:
            self.witness = PacketWatch(self.journal, inside=namespace.NETWORKS)
        else:
            self.witness = SynWatch(self.journal)
        await self.witness.start()
        self._stack.push_async_callback(self.witness.stop)
        await self._open_sink()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open_sink(self) -> None:
        self.zone.set(SENDER_DOMAIN, "MX", Records(f"10 {SINK_NAME}."))
        self.zone.set(SINK_NAME, "A", Records(self.lab.sink_host))
        self.sink = SmtpServer(self.journal, hostname=SINK_NAME, limits=self._limits(_EVERYBODY))
        await self.sink.start(self.lab.sink_host, self.lab.smtp_port)
        self._stack.push_async_callback(self.sink.stop)

    async def stage(self, scenario: Scenario, index: int, *, disarmed: bool) -> list[Site]:
        """Arm one scenario's destination; nothing can connect before its fault is in place."""
        mode = scenario.failure_mode
        for domain, exchanger in exchangers_beside(scenario).items():
            self.zone.set(domain, "MX", Records(f"10 {exchanger}."))
        if mode.steps:
            publish_mx(self.zone, scenario)
            return await self._stage_steps(scenario, index, disarmed=disarmed)
        hosts = mode.healed() if disarmed and not mode.is_control else mode.hosts
        destinations = [
            await self._arm(scenario, host, self._site(scenario, index, number, host))
            for number, host in enumerate(hosts)
        ]
        for number, host in enumerate(hosts):
            if not host.further:
                self._name(destinations, hosts, number)
        if mode.message.batch is not None and mode.message.batch.rule is not None:
            point(self.zone, ruled_host(scenario), destinations[0].address, hosts[0].dns)
        answer = mode.mx.answer if mode.mx and not disarmed else None
        literal = self.lab.scenario_host(index, len(hosts) - 1)
        publish_mx(self.zone, scenario, answer, literal=literal, disarmed=disarmed)
        if mode.message.backlog:
            dead = Host(rules=(Rule(Stage.GREETING, Stall()),))
            destinations.append(await self._extra(scenario, index, DEAD, dead))
        if scenario.course in NEW_SMART_HOST or mode.amid in (Amid.EDIT, Amid.NEW_HOST):
            spare = Host(tls=ServerTls() if mode.tls.required else None)
            destinations.append(await self._extra(scenario, index, SPARE, spare))
        self._destinations[scenario.id] = destinations
        for beside, host in elsewhere(scenario, index, self.lab):
            server = await self._start_beside(beside, Host() if disarmed else host)
            self._beside.setdefault(scenario.id, []).append(server)
        sites = [destination.site for destination in destinations]
        for number, host in enumerate(hosts):
            if host.tcp is Tcp.UNREACHABLE or host.dns.moves:  # where it will be once its record is corrected
                address = self._new_address(index, number, host)
                sites.append(replace(sites[number], name=new_name(scenario, number), host=address))
        return [*sites, *(server.site for server in self._beside.get(scenario.id, []))]

    async def stage_way_back(self, scenario: Scenario, index: int, *, disarmed: bool) -> Site | None:
        """Arm the server to which a scenario's reports go, if it has one of its own; return where it is."""
        found = way_back(scenario, index, self.lab)
        if found is None:
            return None
        site, host = found
        self._ways_back[scenario.id] = await self._start_beside(site, Host() if disarmed else host)
        return site

    async def _start_beside(self, site: Site, host: Host) -> Beside:
        server = Beside(site, host, self.journal, self.zone, self._limits())
        await server.start()
        self._stack.push_async_callback(server.stop)
        return server

    def mend_way_back(self, scenario: Scenario) -> None:
        """Take away what is wrong with the server to which a scenario's reports go."""
        self._ways_back[scenario.id].mend()

    def _new_address(self, index: int, number: int, host: Host) -> str:
        """Return the address that a host has after the repair, if that is another one."""
        return self.lab.scenario_host(index, number + 1 if host.dns.moves else number, ipv6=host.dns.ipv6)

    async def _stage_steps(self, scenario: Scenario, index: int, *, disarmed: bool) -> list[Site]:
        mode = scenario.failure_mode
        stepped = SteppedDestination(
            [smart_host(scenario, number) for number in range(len(mode.hosts))],
            self.lab,
            index,
            journal=self.journal,
            zone=self.zone,
            witness=self.witness,
            rule=partial(self._rule, scenario),
            always=() if disarmed else mode.hosts[0].rules,
        )
        self._stepped[scenario.id] = stepped
        self._stack.push_async_callback(stepped.stop)
        steps = [Step(name="healthy", about="serves", host=Host())] if disarmed else mode.steps
        return await stepped.stage(steps, mode.healed()[1:] if disarmed else mode.hosts[1:])

    async def step(self, scenario: Scenario, number: int) -> None:
        """Arm the nth step of a scenario's schedule, counted from 0, in place of the one before."""
        await self._stepped[scenario.id].arm(number)

    def _site(self, scenario: Scenario, index: int, number: int, host: Host) -> Site:
        reachable = host.tcp is not Tcp.UNREACHABLE
        address = self.lab.scenario_host(index, number, reachable=reachable, ipv6=host.dns.ipv6)
        beside = len(addresses_of(scenario.failure_mode.hosts, number)) > 1
        name = smart_host(scenario, number)
        return Site(name=name, host=address, port=self.lab.smtp_port, beside=beside)

    async def _extra(self, scenario: Scenario, index: int, number: int, host: Host) -> _Destination:
        """Arm a host that the failure mode does not have."""
        destination = await self._arm(scenario, host, self._site(scenario, index, number, host))
        point(self.zone, destination.site.name, destination.address, host.dns)
        return destination

    def _name(self, destinations: Sequence[_Destination], hosts: Sequence[Host], number: int) -> None:
        """Have the name of a host lead to its addresses, as it says."""
        first, *further = (destinations[each] for each in addresses_of(hosts, number))
        dns, name = hosts[number].dns, first.site.name
        if dns.answer is None:
            point(self.zone, name, first.address, dns, *(each.address for each in further))
        else:
            self.zone.set_all(name, dns.answer)

    async def _arm(self, scenario: Scenario, host: Host, site: Site) -> _Destination:
        server = SmtpServer(
            self.journal,
            hostname=site.name,
            script=self._script(host, scenario),
            tls=self._context(host.tls, site, scenario),
            certificate=_certificate(host),
            receive_buffer=host.receive_buffer,
            segment=host.segment,
            limits=self._limits(),
        )
        destination = _Destination(site=site, address=site.host, server=server)
        if host.tcp is Tcp.SERVE:
            await server.start(site.host, site.port)
            self._stack.push_async_callback(server.stop)
        else:
            await self._break_tcp(destination, host.tcp)
        return destination

    def _context(self, tls: ServerTls | None, site: Site, scenario: Scenario) -> ssl.SSLContext | None:
        if tls is None:
            return None
        return self.authority.server_context(
            tls.certificate,
            site.name,
            address=site.host,
            newest=tls.newest,
            oldest=tls.oldest,
            asks_client=tls.asks_client,
            sessions=scenario.id if tls.resumes else "",
        )

    async def _break_tcp(self, destination: _Destination, how: Tcp) -> None:
        kinds: dict[Tcp, type[Refusing] | type[Hanging] | type[Unreachable]] = {
            Tcp.REFUSE: Refusing,
            Tcp.HANG: Hanging,
            Tcp.UNREACHABLE: Unreachable,
        }
        site = destination.site
        fault = kinds[how](self.journal, site.host, site.port)
        fault.start()
        destination.fault = fault
        if how is not Tcp.HANG:
            # our own look, before any attempt and again before the repair, frames what leaves no trace
            await probe(self.journal, site.host, site.port, 1.0)
        self.witness.watch(site.host, site.port)

    async def repair(self, scenario: Scenario, index: int, rules: tuple[Rule, ...] = ()) -> None:
        """Take the faults away: from now on every smart host of the scenario is healthy, but for these rules."""
        if scenario.id in self._stepped:
            await self._stepped[scenario.id].heal(rules)
            return
        healed = [replace(host, rules=rules) for host in scenario.failure_mode.healed()]
        destinations = self._destinations[scenario.id]
        for number, (destination, host) in enumerate(zip(destinations, healed, strict=False)):
            await self._heal(scenario, index, number, destination, host)
        for number, host in enumerate(healed):
            if not host.further:
                name = new_name(scenario, number)
                first, *further = (destinations[each].address for each in addresses_of(healed, number))
                self.zone.clear(name)
                point(self.zone, name, first, host.dns, *further)
        for server in self._beside.get(scenario.id, []):
            server.mend()
        literal = self.lab.scenario_host(index, len(healed) - 1)
        publish_mx(self.zone, scenario, literal=literal, repaired=True)

    async def _heal(
        self, scenario: Scenario, index: int, number: int, destination: _Destination, host: Host
    ) -> None:
        site, fault, server = destination.site, destination.fault, destination.server
        if scenario.failure_mode.hosts[number].dns.moves:
            server = destination.moved = await self._move(scenario, index, number, destination)
        context = self._context(host.tls, site, scenario)
        server.repair(
            self._script(host, scenario),
            tls=context,
            certificate=_certificate(host),
            receive_buffer=host.receive_buffer,
        )
        if fault is not None:
            if not isinstance(fault, Hanging):
                await probe(self.journal, site.host, site.port, 1.0, unseen_by=self.witness)
            self.witness.unwatch(site.host, site.port)
            await self._open(scenario, index, number, destination, fault)
            self._stack.push_async_callback(server.stop)
            destination.fault = None

    async def _move(
        self, scenario: Scenario, index: int, number: int, destination: _Destination
    ) -> SmtpServer:
        """Start a server at the new address, once; the one at the old address stays as it is."""
        if destination.moved is not None:
            return destination.moved
        host = scenario.failure_mode.hosts[number]
        destination.address = self._new_address(index, number, host)
        server = SmtpServer(self.journal, hostname=new_name(scenario, number), limits=self._limits())
        await server.start(destination.address, destination.site.port)
        self._stack.push_async_callback(server.stop)
        return server

    async def _open(
        self,
        scenario: Scenario,
        index: int,
        number: int,
        destination: _Destination,
        fault: Refusing | Hanging | Unreachable,
    ) -> None:
        site = destination.site
        if isinstance(fault, Unreachable):
            # an address that cannot be reached stays so; the operator corrects the record instead
            destination.address = self._new_address(index, number, scenario.failure_mode.hosts[number])
            await destination.server.start(destination.address, site.port)
        else:
            sock: socket.socket = fault.hand_over()
            await destination.server.start(site.host, site.port, sock=sock)

    async def probe_again(self, scenario: Scenario) -> None:
        """Look once more ourselves at faults that leave no trace, so that two looks frame what happened meanwhile."""
        for destination in self._destinations[scenario.id]:
            if isinstance(destination.fault, Refusing | Unreachable):
                site = destination.site
                await probe(self.journal, site.host, site.port, 1.0, unseen_by=self.witness)

    def _script(self, host: Host, scenario: Scenario) -> Script:
        return Script(
            *(self._rule(scenario, rule) for rule in host.rules),
            extensions=host.extensions,
            tls_extensions=host.tls.extensions if host.tls else None,
            later_extensions=host.later_extensions,
            mixed_case=host.mixed_case,
        )

    def _rule(self, scenario: Scenario, rule: Rule) -> Rule:
        """Return a rule as it is played: about whole addresses, and not for reports that have no other way."""
        if rule.recipient is not None and "@" not in rule.recipient:
            rule = replace(rule, recipient=f"{rule.recipient}@{domain_of(scenario)}")
        return sparing_reports(rule, scenario) if self.one_route and rule.null_path is None else rule

    def _limits(self, times: int = 1) -> Limits:
        return Limits(
            at_once=times * AT_ONCE,
            connections=times * CONNECTIONS,
            commands=min(times, _REPORTS) * COMMANDS,
            shared=self._connections,
        )

    def stop_faults(self) -> None:
        """Release what still refuses or hangs."""
        for destinations in self._destinations.values():
            for destination in destinations:
                if destination.fault is not None:
                    destination.fault.stop()
                    destination.fault = None


def _certificate(host: Host) -> str:
    """Return the name of the certificate that a host presents; empty: none."""
    return str(host.tls.certificate) if host.tls else ""
