"""The circumstances of a failure mode: everything about it but what is wrong. Its control has the same.

They are what is there once the fault is over: the way to the hosts and their number, the connector's TLS rule, the
certificate that the repair brings, how many recipients the message has. So a control that arrives shows all of it to be
in order, and asks for nothing that the failure mode does not ask for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.destination import Host, ServerTls, addresses_of, with_names
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Message

# Preference of the best mail exchangers, and how much more each worse one has.
_STEP = 10

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a failure mode has in common with its control.

    Attributes:
        routing: How the connector finds the hosts: by name, by address, or by MX records that are in order.
        hosts: The hosts, all of them healthy.
        tls: What the connector asks of TLS.
        recipients: How many recipients the message has.
        domains: In how many domains.
    """

    routing: SmartHosts | MxRouting
    hosts: tuple[Host, ...]
    tls: TlsRule
    recipients: int
    domains: int = 1

    @property
    def name(self) -> str:
        """What a control is called that has them: `good_under_encryption_only_two_hosts`."""
        return "".join((self._rule, self._route, self._hosts, self._recipients))

    @property
    def _rule(self) -> str:
        tls = self.hosts[0].tls
        if tls is None:
            return "plain"
        whose = re.sub(r"[^a-z0-9]+", "_", self.tls.name.replace("*", "any").replace("{domain}", ""))
        name = "" if self.tls.name == TlsRule.name else f"_for_{whose.strip('_')}"
        return f"{tls.certificate}_under_{self.tls.policy}{name}"

    @property
    def _route(self) -> str:
        ipv6 = [host.dns.ipv6 for host in self.hosts]
        families = "_ipv6" if all(ipv6) else "_both_families" if any(ipv6) else ""
        if len(with_names(self.hosts)) < len(self.hosts) and families == "_both_families":
            families += "_ipv6_first" if ipv6[0] else "_ipv4_first"
        match self.routing:
            case SmartHosts(literal=literal):
                return "_literal" * literal + families
            case MxRouting(preferences=()):
                return "_implicit_mx" + families
            case MxRouting(preferences=preferences):
                several = len(set(preferences)) < len(preferences)
                return "_mx" + "".join(f"_{each}" for each in preferences if several) + families

    @property
    def _hosts(self) -> str:
        named = with_names(self.hosts)
        hosts = f"_{in_words(len(named))}_hosts" if len(named) > 1 else ""
        if len(named) == len(self.hosts):
            return hosts
        counts = [in_words(len(addresses_of(self.hosts, number))) for number in named]
        return f"{hosts}_with_{'_and_'.join(counts)}_addresses"

    @property
    def _recipients(self) -> str:
        apart = f"_in_{in_words(self.domains)}_domains" if self.domains > 1 else ""
        return (f"_{in_words(self.recipients)}_recipients" if self.recipients > 1 else "") + apart


def circumstances_of(mode: FailureMode) -> Circumstances:
    """Return the circumstances of a failure mode; of a control, what it stages as far as it is well."""
    hosts = mode.hosts if mode.is_control else mode.healed()
    if mode.mx is not None and mode.mx.preferences:
        # to any other host mail may not go in the first place
        last = with_names(hosts)[len(mode.mx.preferences) - 1]
        hosts = hosts[: addresses_of(hosts, last).stop]
    offered = any(host.tls for host in mode.hosts)
    return Circumstances(
        routing=_in_order(mode.routing),
        hosts=tuple(
            Host(
                dns=replace(Host.dns, ipv6=host.dns.ipv6),
                tls=ServerTls(certificate=host.tls.certificate)
                if host.tls
                else ServerTls()
                if offered
                else None,
                further=host.further,
            )
            for host in hosts
        ),
        tls=replace(mode.tls, proper=TlsRule.proper),
        recipients=len(mode.message.recipients),
        domains=1 + len(mode.message.elsewhere),
    )


def apart(together: Circumstances) -> tuple[Circumstances, ...]:
    """Return the same as several in which fewer things are unusual, each of them in one; nothing if there is one only.

    Fault schedules have further addresses, hosts and recipients in any combination, and no control has all of that.
    """
    hosts = together.hosts
    named = tuple(hosts[number] for number in with_names(hosts))
    near = hosts[: addresses_of(hosts, 0).stop]
    if together.recipients > 1 and len(hosts) > 1:
        return replace(together, recipients=1), replace(together, hosts=hosts[:1])
    if len(named) > 1 and len(near) > 1:
        return replace(together, hosts=named), replace(together, hosts=near)
    return ()


def is_plain_control(mode: FailureMode) -> bool:
    """Tell whether a failure mode stages its circumstances and nothing else, so that it is a control for others."""
    own = circumstances_of(mode)
    mx = mode.mx
    straight = mx is None or replace(mx, preferences=(), apex=False, forbidden=()) == MxRouting(
        preferences=()
    )
    elsewhere = tuple(replace(each, host=Host()) for each in mode.message.elsewhere)
    ordinary = mode.message == Message(also_to=mode.message.also_to, elsewhere=elsewhere)
    return mode.is_control and straight and ordinary and mode.hosts == own.hosts


def in_words(number: int) -> str:
    """Return a small number as a word, and a large one in digits."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _in_order(routing: SmartHosts | MxRouting) -> SmartHosts | MxRouting:
    """Return a way to the hosts on which nothing is wrong; of preferences only the order counts, best first."""
    if isinstance(routing, SmartHosts):
        return SmartHosts(literal=routing.literal)
    if routing.stands_in:
        return SmartHosts()  # the control is declared so, too, and staged in the same way
    ranks = sorted(set(routing.preferences))
    preferences = sorted((ranks.index(each) + 1) * _STEP for each in routing.preferences)
    return MxRouting(preferences=tuple(preferences), apex=not preferences)


__all__ = ["Circumstances", "apart", "circumstances_of", "in_words", "is_plain_control"]
