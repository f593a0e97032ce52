"""A destination that is broken in one way after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from conformance.catalogue.destination import Host, Tcp
from conformance.catalogue.step import Step
from conformance.evidence.site import Site
from conformance.lab.addresses import Lab
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
# The address of a second host, which is the same all along.
_SECOND = 4
_PROBE_LIMIT = 1.0  # seconds


class SteppedDestination:
    """A smart host whose name, address and server change from step to step; a second one, if any, does not.

    The server is there all along, and so are addresses that refuse, hang or cannot be reached, as far as a step
    needs them: in such a step the name leads to the address concerned.

    Args:
        names: Names of the smart hosts.
        lab: The address plan.
        index: The scenario's place in it.
        journal: Where everything is noted.
        zone: What the name server knows.
        witness: Who watches the addresses on which no connection comes about.
        rule: Says how a rule is played.
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
    ) -> None:
        self._name, *self._second = names
        self._port = lab.smtp_port
        self._addresses = {Tcp.SERVE: lab.scenario_host(index, 0)} | {
            how: lab.scenario_host(index, number, reachable=how is not Tcp.UNREACHABLE)
            for how, (_, number) in _FAULTS.items()
        }
        self._second_address = lab.scenario_host(index, _SECOND)
        self._journal = journal
        self._zone = zone
        self._witness = witness
        self._rule = rule
        self._servers = [SmtpServer(journal, hostname=name) for name in names]
        self._faults: list[_Fault] = []
        self._hosts: list[Host] = []
        self._now = Host()

    async def stage(self, steps: Sequence[Step], second: Sequence[Host] = ()) -> list[Site]:
        """Arm the first step and return every address that a name will lead to: one of each host, and then the others.

        Args:
            steps: What the first host does.
            second: The second one, if there is one: in order, or it refuses.
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
        self._arm(self._hosts[0])
        first, *others = (
            Site(name=self._name, host=self._addresses[how], port=self._port, tcp=how) for how in kinds
        )
        return [
            first,
            *[await self._stage_second(name, host) for name, host in zip(self._second, second, strict=True)],
            *others,
        ]

    async def _stage_second(self, name: str, host: Host) -> Site:
        address = self._second_address
        if host.tcp is Tcp.REFUSE:
            refusing = Refusing(self._journal, address, self._port)
            refusing.start()
            self._faults.append(refusing)
            self._witness.watch(address, self._port)
        else:
            await self._servers[1].start(address, self._port)
        self._zone.set(name, "A", Records(address))
        return Site(name=name, host=address, port=self._port, tcp=host.tcp)

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
        self._servers[0].repair(Script(*map(self._rule, host.rules), extensions=host.extensions))
        self._zone.clear(self._name)
        if host.dns.answer is None:
            self._zone.set(self._name, "A", Records(self._addresses[host.tcp]))
        else:
            self._zone.set_all(self._name, host.dns.answer)
        self._now = host

    async def _probe(self, how: Tcp) -> None:
        """Look ourselves where an attempt leaves no trace, before and after."""
        if how in (Tcp.REFUSE, Tcp.UNREACHABLE):
            await probe(
                self._journal, self._addresses[how], self._port, _PROBE_LIMIT, unseen_by=self._witness
            )
