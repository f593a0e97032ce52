"""A destination: its hosts, each with a name, a port and a server, and what an attempt meets there.

Each group stands for itself: whoever breaks a name need not know what a server could do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ssl import TLSVersion

from conformance.target import Schedule
from fake_servers import OFFER, Answer, Certificate, Records, Rule, Slow, Stage
from fake_servers.smtp.script import WITH_REVERSE_PATH


class Tcp(StrEnum):
    """What a connection attempt meets."""

    SERVE = "serve"
    REFUSE = "refuse"
    HANG = "hang"
    UNREACHABLE = "unreachable"


class Timeout(StrEnum):
    """Which of the relay's time-outs ends an attempt."""

    CONNECT = "connect"
    COMMAND = "command"
    DNS = "dns"

    def of(self, schedule: Schedule) -> float | None:
        """Return the time-out in a schedule, in seconds; None: the schedule does not say."""
        match self:
            case Timeout.CONNECT:
                return schedule.connect_timeout
            case Timeout.COMMAND:
                return schedule.command_timeout
            case Timeout.DNS:
                return schedule.dns_timeout


@dataclass(frozen=True, kw_only=True)
class EachAttempt:
    """How an attempt goes.

    Attributes:
        timeout: Which of the relay's time-outs ends it; None: the failure shows at once.
        connections: How many connections in direct succession are still one attempt.
    """

    timeout: Timeout | None = None
    connections: int = 1


@dataclass(frozen=True, kw_only=True)
class DnsName:
    """What the name server says of a host; as it stands its address, at once, by UDP.

    Attributes:
        answer: What a look-up of its name gets instead of its address.
        ttl: Seconds for which its address may be kept.
        aliases: How many aliases (CNAME) lead from its name to the name that has the address.
        loops: Whether the last alias leads back to the first, and to no address.
        moves: Whether the repair gives its name another address, where a healthy server waits, while the
            server at the old one stays as it is.
        ipv6: Whether its only address is an IPv6 address (namespace lab only).
        served: How the name server gives its address, as a function of the record.
        other_family: What a look-up of its addresses of the other family gets (AAAA, unless `ipv6`); None: that
            there are none.
    """

    answer: Answer | None = None
    ttl: int = 0
    aliases: int = 0
    loops: bool = False
    moves: bool = False
    ipv6: bool = False
    served: Callable[[Records], Answer] | None = None
    other_family: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """What a server does after STARTTLS; as it stands it is in order.

    Attributes:
        certificate: The certificate it presents.
        newest: The newest version of TLS that it speaks; None: whatever there is, from TLS 1.2 on.
        oldest: The oldest version that it speaks; None: TLS 1.2, or as `newest` says.
        asks_client: Whether it asks the relay for a certificate, and does without.
        resumes: Whether it gives out sessions and resumes those of all hosts of its destination that do so; else it
            presents its certificate on each connection.
        extensions: What EHLO offers under TLS; None: as in clear.
    """

    certificate: Certificate = Certificate.GOOD
    newest: TLSVersion | None = None
    oldest: TLSVersion | None = None
    asks_client: bool = False
    resumes: bool = False
    extensions: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host of a destination; as it stands it is healthy.

    Attributes:
        dns: What the name server says of it.
        tcp: What a connection attempt meets.
        rules: What its SMTP server does differently from a healthy one.
        tls: What it does after STARTTLS; None: STARTTLS is not offered.
        extensions: What EHLO offers besides STARTTLS; as it stands what nearly every server does. A failure mode
            states an offer of its own if it is about what is offered, if what it stages contradicts one of these
            extensions, or if a client that uses one could go another way.
        later_extensions: The same from the second connection on; None: as at first.
        mixed_case: Whether keywords are spelled with one capital letter only.
        receive_buffer: Octets of socket buffer on its side; None: the system's choice. Small where a fault
            inside the content must not vanish in the kernel's buffers.
        segment: Octets of the largest segment that the relay may send it, on which the size of the relay's own buffer
            depends; None: the system's choice.
        like: Name of the failure mode whose error this host makes, where the hosts fail in different ways.
        further: Whether it is no host of its own but one more address of the host before it, whose name leads to both;
            each address has a server of its own. The name server gives them in the order of the hosts, by family.
    """

    dns: DnsName = DnsName()
    tcp: Tcp = Tcp.SERVE
    rules: tuple[Rule, ...] = ()
    tls: ServerTls | None = None
    extensions: tuple[str, ...] = OFFER
    later_extensions: tuple[str, ...] | None = None
    mixed_case: bool = False
    receive_buffer: int | None = None
    segment: int | None = None
    like: str = ""
    further: bool = False


def with_names(hosts: Sequence[Host]) -> list[int]:
    """Return the numbers of those hosts, counted from 0, that have a name of their own."""
    return [number for number, host in enumerate(hosts) if not host.further]


def named_like(hosts: Sequence[Host], number: int) -> int:
    """Return the number of the host whose name leads to a host; of one beyond the hosts its own."""
    return (
        max((each for each in with_names(hosts) if each <= number), default=0)
        if number < len(hosts)
        else number
    )


def addresses_of(hosts: Sequence[Host], number: int) -> range:
    """Return the numbers of all addresses to which the name of a host leads."""
    first = named_like(hosts, number)
    return range(
        first, next((each for each in with_names(hosts) if each > first), max(first + 1, len(hosts)))
    )


def offer_without(*extensions: str) -> tuple[str, ...]:
    """Return what nearly every server offers, but for some extensions."""
    return tuple(extension for extension in OFFER if extension not in extensions)


# Seconds that a slow server takes for a reply: half of the time-outs that are asked for. Commands of one group are sent
# together, and who counts a time-out from then (RFC 5321 section 4.5.3.2) has all their replies in one.
PACE = 1.0
PACE_IN_GROUP = 0.4
SLOWLY = f"takes {PACE} s for each reply, {PACE_IN_GROUP} s for those to MAIL, RCPT and DATA"


def slow_at(*stages: Stage) -> tuple[Rule, ...]:
    """Return the rules of a healthy server that offers PIPELINING and takes its time at some stages."""
    in_group = (Stage.MAIL, Stage.RCPT, Stage.DATA)
    return tuple(Rule(stage, Slow(PACE_IN_GROUP if stage in in_group else PACE)) for stage in stages)


def held_up_at(host: Host, whole: Host) -> bool:
    """Tell whether something is wrong with a host before it knows whose mail it is, by how it is when it is well."""
    early = any(rule.stage not in (*WITH_REVERSE_PATH, Stage.QUIT) for rule in host.rules)
    return early or (host.tcp, host.dns, host.tls) != (whole.tcp, whole.dns, whole.tls)
