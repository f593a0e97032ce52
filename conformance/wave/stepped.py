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
_PROBE_LIMIT = 1.0  # seconds


class SteppedDestination:
    """One smart host whose name, address and server change from step to step.

    The server is there all along, and so are addresses that refuse, hang or cannot be reached, as far as a step
    needs them: in such a step the name leads to the address concerned.

    Args:
        name: Name of the smart host.
        lab: The address plan.
        index: The scenario's place in it.
        journal: Where everything is noted.
        zone: What the name server knows.
        witness: Who watches the addresses on which no connection comes about.
        rule: Says how a rule is played.
    """

    def __init__(
        self,
        name: str,
        lab: Lab,
        index: int,
        *,
        journal: Journal,
        zone: Zone,
        witness: SynWatch | PacketWatch,
        rule: Callable[[Rule], Rule],
    ) -> None:
        self._name = name
        self._port = lab.smtp_port
        self._addresses = {Tcp.SERVE: lab.scenario_host(index, 0)} | {
            how: lab.scenario_host(index, number, reachable=how is not Tcp.UNREACHABLE)
            for how, (_, number) in _FAULTS.items()
        }
        self._journal = journal
        self._zone = zone
        self._witness = witness
        self._rule = rule
        self._server = SmtpServer(journal, hostname=name)
        self._faults: list[_Fault] = []
        self._hosts: list[Host] = []
        self._now = Host()

    async def stage(self, steps: Sequence[Step]) -> list[Site]:
        """Arm the first step and return every address that the name will lead to."""
        self._hosts = [step.host for step in steps]
        kinds = [Tcp.SERVE, *dict.fromkeys(host.tcp for host in self._hosts if host.tcp is not Tcp.SERVE)]
        await self._server.start(self._addresses[Tcp.SERVE], self._port)
        for how in kinds[1:]:
            fault = _FAULTS[how][0](self._journal, self._addresses[how], self._port)
            fault.start()
            self._faults.append(fault)
            await self._probe(how)
            self._witness.watch(self._addresses[how], self._port)
        self._arm(self._hosts[0])
        return [Site(name=self._name, host=self._addresses[how], port=self._port, tcp=how) for how in kinds]

    async def arm(self, number: int) -> None:
        """Arm the nth step, counted from 0; connections already accepted stay with theirs."""
        await self._change(self._hosts[number])

    async def heal(self, rules: tuple[Rule, ...] = ()) -> None:
        """Be healthy from now on, but for these rules."""
        await self._change(replace(Host(rules=rules), extensions=self._now.extensions))

    async def stop(self) -> None:
        """Close everything."""
        await self._server.stop()
        for fault in self._faults:
            fault.stop()

    async def _change(self, host: Host) -> None:
        before = self._now
        self._arm(host)
        await self._probe(before.tcp)

    def _arm(self, host: Host) -> None:
        self._server.repair(Script(*map(self._rule, host.rules), extensions=host.extensions))
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
