"""Which parts of one host cannot go together, wherever it stands, and what of it lets a relay wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.catalogue.destination import DnsName, Host, Tcp, Timeout
from fake_servers import OFFER, Answer, Endless, Raw, Reply, Rule, Silence, Stage, Stall, Trickle

# Replies to these are of an older form.
_WITHOUT_STATUS = (Stage.GREETING, Stage.EHLO, Stage.EHLO_TLS)
_UNDER_TLS = (Stage.STARTTLS, Stage.HANDSHAKE, Stage.EHLO_TLS)


def of_host(host: Host) -> Iterator[str]:
    """Yield a sentence for each two parts of a host that cannot go together."""
    dns = host.dns
    serves = bool(host.rules or host.tls or host.extensions != OFFER or host.receive_buffer)
    serves = serves or bool(host.segment) or host.mixed_case or host.later_extensions is not None
    if dns.loops and not dns.aliases:
        yield "dns.loops without dns.aliases: nothing leads back"
    if dns.loops and (dns.served is not None or dns.other_family is not None):
        yield "dns.loops with dns.served or dns.other_family: no address is told"
    if dns.answer is not None and dns != DnsName(answer=dns.answer, ipv6=dns.ipv6):
        yield "dns.answer with more in dns about the address, which is not told"
    if dns.answer is not None or dns.loops:
        if host.tcp is not Tcp.SERVE:
            yield f"dns without an address with tcp {host.tcp}, which nobody comes to meet"
        if serves:
            yield "dns without an address with a server that nobody comes to meet"
    if host.tcp is not Tcp.SERVE:
        if serves:
            yield f"tcp {host.tcp} with a server that nobody comes to meet"
        if dns.moves:
            yield f"tcp {host.tcp} with dns.moves: there is no server to stay at the old address"
    if host.tls is None and any(
        rule.stage in _UNDER_TLS and not _refuses_unoffered(rule) for rule in host.rules
    ):
        yield "a rule around STARTTLS without tls: STARTTLS is not offered, and can only be refused"
    if "ENHANCEDSTATUSCODES" in host.extensions:
        for text in filter(None, map(_without_status, host.rules)):
            yield f"extensions with ENHANCEDSTATUSCODES, and the reply {text!r} without one of its class"


def of_further(host: Host, before: Sequence[Host] | None) -> Iterator[str]:
    """Yield a sentence for each reason why a host cannot be one more address of those before it; None: it is not."""
    if before is None:
        return
    if not before:
        yield "further, and there is no host before it"
        return
    if host.dns != DnsName(ipv6=host.dns.ipv6):
        yield "further with dns, which its name has from the host before it"
    first = next(each for each in reversed(before) if not each.further or each is before[0])
    if (
        first.dns.answer is not None
        or first.dns.loops
        or first.dns.moves
        or first.dns.other_family is not None
    ):
        yield "further, and the name of the host before it leads to no address, or to another"


def _without_status(rule: Rule) -> str:
    """Return the first line of a reply that lacks the status code it must have if any has (RFC 2034 section 4)."""
    if not isinstance(rule.action, Reply) or rule.stage in _WITHOUT_STATUS or rule.action.code // 100 == 3:
        return ""
    status = f"{rule.action.code // 100}."
    return next((line for line in rule.action.lines if not line.startswith(status)), "")


def _refuses_unoffered(rule: Rule) -> bool:
    """Tell whether a rule says what STARTTLS gets from a server that does not offer it."""
    return rule.stage is Stage.STARTTLS and isinstance(rule.action, Reply) and not rule.action.positive


def waits_for(host: Host, *, surely: bool = False) -> set[Timeout]:
    """Return which time-outs of the relay a host may make an attempt wait for, or surely does."""
    found = waits_for_answer(host.dns.answer, surely=surely)
    found |= waits_for_answer(host.dns.other_family, surely=surely)
    if host.dns.served is not None and not surely:
        found.add(Timeout.DNS)
    if host.tcp is Tcp.HANG:
        found.add(Timeout.CONNECT)
    patient = Stall | Trickle | Endless if surely else Stall | Trickle | Endless | Raw
    if any(isinstance(rule.action, patient) for rule in host.rules):
        found.add(Timeout.COMMAND)
    return found


def waits_for_answer(answer: Answer | None, *, surely: bool = False) -> set[Timeout]:
    """Return the same of an answer of the name server, where it says anything unusual."""
    waits = isinstance(answer, Silence) if surely else answer is not None
    return {Timeout.DNS} if waits else set()
