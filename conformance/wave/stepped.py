"""A destination that is broken in one way after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from conformance.catalogue.destination import DnsName, Host, Tcp
from conformance.catalogue.step import Step
from conformance.evidence.site import Site
from conformance.lab.addresses import Lab
from conformance.wave.names import point
from fake_servers import (
    Hanging,
    Journal,
    PacketWatch,
    Records,
    Refusing,
    Rule,
    Script,
    SmtpServer,
    SynWatch,
    Unreachable,
    Zone,
    probe,
)

_Fault = Refusing | Hanging | Unreachable
# Kind of fault, and which of the scenario's addresses has it.
_FAULTS: dict[Tcp, tuple[type[_Fault], int]] = {
    Tcp.REFUSE: (Refusing, 1),
    Tcp.HANG: (Hanging, 2),
    Tcp.UNREACHABLE: (Unreachable, 3),
}
# The first address of what is beside and the same all along: a second address, a second host.
_BESIDE = 4
_PROBE_LIMIT = 1.0  # seconds


class SteppedDestination:
    """A smart host whose name, address and server change from step to step; what is beside it, if anything, does not.

    The server is there all along, and so are addresses that refuse, hang or cannot be reached, as far as a step
    needs them: in such a step the name leads to the address concerned, and to the second address if there is one.

    Args:
        names: Names of the smart hosts, that of the first once more for its second address.
        lab: The address plan.
        index: The scenario's place in it.
        journal: Where everything is noted.
        zone: What the name server knows.
        witness: Who watches the addresses on which no connection comes about.
        rule: Says how a rule is played.
        always: What every server does all along, unless a step has it do something else there.
    """

    def __init__(
        self,
        names: Sequence[str],
        lab: Lab,
        index: int,
        *,
        journal: Journal,
        zone: Zone,
        witness: SynWatch | PacketWatch,
        rule: Callable[[Rule], Rule],
        always: Sequence[Rule] = (),
    ) -> None:
        self._name, *self._names_beside = names
        self._port = lab.smtp_port
        self._addresses = {Tcp.SERVE: lab.scenario_host(index, 0)} | {
            how: lab.scenario_host(index, number, reachable=how is not Tcp.UNREACHABLE)
            for how, (_, number) in _FAULTS.items()
        }
        self._lab, self._index = lab, index
        self._further: list[str] = []  # addresses of the first name
        self._journal = journal
        self._zone = zone
        self._witness = witness
        self._rule = rule
        self._always = tuple(map(rule, always))
        self._servers = [SmtpServer(journal, hostname=name) for name in names]
        self._faults: list[_Fault] = []
        self._hosts: list[Host] = []
        self._now = Host()

    async def stage(self, steps: Sequence[Step], beside: Sequence[Host] = ()) -> list[Site]:
        """Arm the first step and return every address that a name will lead to: one of each host, and then the others.

        Args:
            steps: What the first host does.
            beside: Its second address and a second host, if there are such: in order, or refusing.
        """
        self._hosts = [step.host for step in steps]
        kinds = [Tcp.SERVE, *dict.fromkeys(host.tcp for host in self._hosts if host.tcp is not Tcp.SERVE)]
        await self._servers[0].start(self._addresses[Tcp.SERVE], self._port)
        for how in kinds[1:]:
            fault = _FAULTS[how][0](self._journal, self._addresses[how], self._port)
            fault.start()
            self._faults.append(fault)
            await self._probe(how)
            self._witness.watch(self._addresses[how], self._port)
        sites_beside = [
            await self._stage_beside(number, name, host)
            for number, (name, host) in enumerate(zip(self._names_beside, beside, strict=True))
        ]
        self._arm(self._hosts[0])
        first, *others = (
            Site(name=self._name, host=self._addresses[how], port=self._port, tcp=how) for how in kinds
        )
        return [first, *sites_beside, *others]

    async def _stage_beside(self, number: int, name: str, host: Host) -> Site:
        address = self._lab.scenario_host(self._index, _BESIDE + number, ipv6=host.dns.ipv6)
        if host.tcp is Tcp.REFUSE:
            refusing = Refusing(self._journal, address, self._port)
            refusing.start()
            self._faults.append(refusing)
            self._witness.watch(address, self._port)
        else:
            server = self._servers[1 + number]
            server.repair(Script(*self._always, extensions=host.extensions))
            await server.start(address, self._port)
        if host.further:
            self._further.append(address)
        else:
            self._zone.set(name, "A", Records(address))
        return Site(name=name, host=address, port=self._port, tcp=host.tcp, beside=host.further)

    async def arm(self, number: int) -> None:
        """Arm the nth step, counted from 0; connections already accepted stay with theirs."""
        await self._change(self._hosts[number])

    async def heal(self, rules: tuple[Rule, ...] = ()) -> None:
        """Be healthy from now on, but for these rules."""
        await self._change(replace(Host(rules=rules), extensions=self._now.extensions))

    async def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            await server.stop()
        for fault in self._faults:
            fault.stop()

    async def _change(self, host: Host) -> None:
        before = self._now
        self._arm(host)
        await self._probe(before.tcp)

    def _arm(self, host: Host) -> None:
        rules = (*map(self._rule, host.rules), *self._always)
        self._servers[0].repair(Script(*rules, extensions=host.extensions))
        self._zone.clear(self._name)
        if host.dns.answer is None:
            point(self._zone, self._name, self._addresses[host.tcp], DnsName(), *self._further)
        else:
            self._zone.set_all(self._name, host.dns.answer)
        self._now = host

    async def _probe(self, how: Tcp) -> None:
        """Look ourselves where an attempt leaves no trace, before and after."""
        if how in (Tcp.REFUSE, Tcp.UNREACHABLE):
            await probe(
                self._journal, self._addresses[how], self._port, _PROBE_LIMIT, unseen_by=self._witness
            )
