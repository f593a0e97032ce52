"""Which steps of a fault schedule were met, without the target's word.

A step is in force from the moment at which the wave armed it to the moment at which it armed the next one;
the first from the beginning. It was met if the journal shows its fault in that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.catalogue.destination import Tcp
from conformance.catalogue.step import Step
from conformance.evidence.site import Site
from conformance.evidence.view import Evidence
from conformance.witness.contact import Contact
from fake_servers import Stage
from fake_servers.events import (
    DnsAnswer,
    DnsEvent,
    E,
    Event,
    SmtpFault,
    TcpProbe,
    TcpSyn,
)

_SYN = {Tcp.REFUSE: "refused", Tcp.HANG: "dropped"}
_PROBE = {Tcp.REFUSE: "refused", Tcp.UNREACHABLE: "unreachable"}


def milestone(number: int) -> str:
    """Return the name of the moment at which the nth step, counted from 0, was armed."""
    return f"step {number + 1}"


def is_fault(step: Step) -> bool:
    """Tell whether a step does anything but serve."""
    return bool(step.host.dns.answer or step.host.rules) or step.host.tcp is not Tcp.SERVE


def met(evidence: Evidence, steps: Sequence[Step], number: int) -> list[Contact]:
    """Return what shows that the nth step, counted from 0, was met, in the order of time; empty: nothing does."""
    step = steps[number]
    if step.host.tcp is not Tcp.SERVE:
        return list(_unconnected(evidence, step.host.tcp, number))
    if step.host.dns.answer is not None:
        failing = step.host.dns.answer.name
        return [
            _contact(event) for event in _in_force(evidence, number, DnsAnswer) if event.answer == failing
        ]
    played = {(rule.stage, rule.action.name) for rule in step.host.rules}
    return [
        _contact(event)
        for event in _in_force(evidence, number, SmtpFault)
        if (event.stage, event.action) in played
    ]


def contacts(evidence: Evidence, steps: Sequence[Step]) -> list[Contact]:
    """Return what shows of all steps, in the order of time."""
    found = [contact for number in range(len(steps)) for contact in met(evidence, steps, number)]
    return sorted(found, key=lambda contact: contact.at)


def faults_not_met(evidence: Evidence, steps: Sequence[Step]) -> list[Step]:
    """Return the faults of a schedule that no attempt has met."""
    return [step for number, step in enumerate(steps) if is_fault(step) and not met(evidence, steps, number)]


def is_at_quit(step: Step) -> bool:
    """Tell whether a step goes wrong at the end of a session alone, when the message is through."""
    return bool(step.host.rules) and all(rule.stage is Stage.QUIT for rule in step.host.rules)


def beside(evidence: Evidence) -> list[Site]:
    """Return where a second host or a second address is, which take no part in the steps; nothing: there is none."""
    first = evidence.staged.sites[0].name
    return [site for site in evidence.staged.sites if site.name != first or site.beside]


def _in_force(evidence: Evidence, number: int, kind: type[E]) -> Iterator[E]:
    """Yield the events of a kind in the time of a step, but for those at the second host or address."""
    elsewhere = {text for site in beside(evidence) for text in (site.server, site.name)}
    elsewhere.discard(evidence.staged.sites[0].name)
    milestones, repaired = evidence.staged.milestones, evidence.staged.fault_ended
    begin = 0.0 if number == 0 else milestones.get(milestone(number))
    end = milestones.get(milestone(number + 1), float("inf") if repaired is None else repaired)
    if kind is SmtpFault and milestone(number + 1) not in milestones:
        end = float(
            "inf"
        )  # a session goes on as it began: who has the message may still take its time with QUIT
    for event in evidence.of(kind):
        whose = event.host if isinstance(event, DnsEvent) else event.server
        if begin is not None and begin <= event.at < end and whose not in elsewhere:
            yield event


def _unconnected(evidence: Evidence, how: Tcp, number: int) -> Iterator[Contact]:
    """Yield attempts to connect where nobody listens.

    Packets show them, and a SYN that is never answered shows in the kernel's socket table. Otherwise it is the
    look-up of an address (TTL 0) at which probes of our own, before and if possible after it, met the same. Where all
    is well at another address of the same name, a look-up does not tell which of the two was tried.
    """
    others = beside(evidence)
    sites = (site for site in evidence.staged.sites if site not in others)
    servers = {site.server for site in sites if site.tcp == how.value}
    if how is Tcp.HANG or (how is Tcp.REFUSE and evidence.record.header.lab == "namespace"):
        for syn in _in_force(evidence, number, TcpSyn):
            if syn.server in servers and syn.outcome == _SYN[how]:
                yield _contact(syn)
        return
    probes = [e for e in evidence.of(TcpProbe) if e.server in servers]
    if not probes or any(probe.outcome != _PROBE[how] for probe in probes):
        return
    if any(site.beside and site.tcp == Tcp.SERVE for site in others):
        return
    hosts = {server.rpartition(":")[0] for server in servers}
    for answer in _in_force(evidence, number, DnsAnswer):
        if hosts & set(answer.records):
            yield _contact(answer)


def _contact(event: Event) -> Contact:
    return Contact(at=event.at, end=event.at, latest_end=event.at, host=event.server)
