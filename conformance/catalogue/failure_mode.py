"""What a failure mode is: one way a destination can be broken, declared as data.

Adding a failure mode is one `FailureMode(...)` in one file below `conformance/catalogue/failure_modes/`; every aspect
applies to it from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ssl import TLSVersion

from conformance.catalogue.section import Section
from conformance.target import Capability, Schedule, TlsPolicy
from conformance.witness.attempts import Witness
from conformance.witness.kills import KillPoint
from fake_servers import (
    Action,
    Answer,
    Certificate,
    CloseWith421,
    Endless,
    NoData,
    NxDomain,
    Raw,
    Records,
    Reply,
    Rule,
    ServFail,
    Stall,
    Trickle,
)

# Local part of the recipient of every message; a rule for it is meant for that recipient alone.
RECIPIENT = "recipient"


class Kind(StrEnum):
    """What must become of the message."""

    CONTROL = "control"  # delivered at the first attempt
    HARMLESS = "harmless"  # delivered at the first attempt, although something is wrong
    TRANSIENT = "transient"  # queued and retried
    PASSING = "passing"  # the same, but over without any repair: a later attempt succeeds
    PERMANENT = "permanent"  # returned at once
    SCHEDULE = "schedule"  # one fault after another; delivered or returned, as it comes
    MIXED = "mixed"  # one recipient is delivered, another is not
    KILLED = "killed"  # delivered or reported, although the relay was killed


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
class Host:
    """One smart host of a destination; as it stands it is healthy.

    Attributes:
        dns: What a look-up of its name gets instead of its address; None: the address, TTL 0.
        tcp: What a connection attempt meets.
        rules: What its SMTP server does differently from a healthy one.
        certificate: The certificate it presents after STARTTLS; None: STARTTLS is not offered.
        receive_buffer: Octets of socket buffer on its side; None: the system's choice. Small where a fault
            inside the content must not vanish in the kernel's buffers.
        extensions: What EHLO offers besides STARTTLS.
        tls_extensions: The same for EHLO under TLS; None: as in clear.
        newest_tls: The newest version of TLS that it speaks; None: whatever there is, from TLS 1.2 on.
        ttl: Seconds for which its address may be kept.
        aliases: How many aliases (CNAME) lead from its name to the name that has the address.
        loops: Whether the last alias leads back to the first, and to no address.
        moves: Whether the repair gives its name another address, where a healthy server waits, while the
            server at the old one stays as it is.
        ipv6: Whether its only address is an IPv6 address (namespace lab only).
        served: How the name server gives its address, as a function of the record; None: at once, by UDP.
        other_family: What a look-up of its addresses of the other family gets (AAAA, unless `ipv6`); None: that
            there are none.
        like: Name of the failure mode whose error this host makes, where the hosts fail in different ways.
    """

    dns: Answer | None = None
    tcp: Tcp = Tcp.SERVE
    rules: tuple[Rule, ...] = ()
    certificate: Certificate | None = None
    receive_buffer: int | None = None
    extensions: tuple[str, ...] = ()
    tls_extensions: tuple[str, ...] | None = None
    newest_tls: TLSVersion | None = None
    ttl: int = 0
    aliases: int = 0
    loops: bool = False
    moves: bool = False
    ipv6: bool = False
    served: Callable[[Records], Answer] | None = None
    other_family: Answer | None = None
    like: str = ""


@dataclass(frozen=True, kw_only=True)
class MxRouting:
    """A connector without smart hosts: mail goes by the MX records of the recipient domain (RFC 5321 section 5.1).

    Attributes:
        preferences: The preference of each host, in the order of the hosts and of the records in the answer.
        answer: What the MX look-up gets instead of the records; other answers than records stand for all types.
        apex: Whether the last of the hosts is the domain itself, by its address record. It has a preference only
            if an MX record names it: without any MX record it is the one host (implicit MX), with some it is a
            place where no mail may go.
        relay: The preference of a further record, which names the relay itself; None: there is none.
        ttl: Seconds for which the records may be kept.
        moves: Whether the repair has the records name another host, with a healthy server, instead of one that
            `Host.moves`; the old name and its server stay as they are.
    """

    preferences: tuple[int, ...] = (10,)
    answer: Answer | None = None
    apex: bool = False
    relay: int | None = None
    ttl: int = 0
    moves: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a destination does until an attempt has met it; one part of a fault schedule.

    Attributes:
        name: Identifier in schedules: `dns_servfail`, `close_at_mail`, `healthy`.
        about: What the destination does, as the end of "the destination ...".
        host: The smart host as it is meanwhile.
        timeout: Which of the relay's time-outs ends the attempt; None: the fault shows at once.
    """

    name: str
    about: str
    host: Host
    timeout: Timeout | None = None


@dataclass(frozen=True, kw_only=True)
class FailureMode:
    """One way a destination can be broken, or a positive control.

    Attributes:
        name: Identifier in node ids and reports.
        section: The section it belongs to.
        staged: One sentence: what the destination does.
        witness: What shows, without the target's word, that an attempt met the fault; the attempts it
            sees are the proof that the failure was provoked.
        hosts: The smart hosts of the connector, in the order in which they are configured.
        mx: Set: the connector names no smart hosts, and the hosts are found by MX records.
        literal: Whether the connector names its smart hosts by address.
        tls: The connector's TLS rule.
        tls_domain: The name that a certificate must bear, as `{host}` (the first host) or `{domain}` (the recipient
            domain) and what stands around it; only with DOMAIN_VALIDATION.
        proper: The certificate that the repair brings, where the connector requires TLS.
        timeout: Which of the relay's time-outs ends an attempt; None: the failure shows at once.
        reply: The reply of the remote server that is the error, word for word; its code and status are kept.
        explained_by: Words of which an error detail that explains this failure contains at least one,
            compared without regard to case, spaces and punctuation.
        hostile: Whether the words of the remote server are made to break whatever quotes them.
        kind: What must become of the message.
        body_octets: Size of the message submitted; on clocks that are moved or compressed at most 64,000.
        also_to: Local parts of further recipients, with whom nothing is wrong.
        backlog: Messages that wait for a dead destination of the scenario's own before the message is submitted.
        steps: What the one smart host does instead, to one attempt after another; the last step stays.
        connections_per_attempt: How many connections in direct succession are still one attempt.
        control: The positive control that shows everything but the fault to be in order.
        forbidden: Numbers of the hosts, counted from 0, that the relay may not even connect to.
        avoidable_because: Why a relay that is in order may deliver without having met what is wrong: then there is
            nothing to judge. Empty: it cannot.
        killed: When the relay is killed (kind KILLED only).
        brief: Whether it is staged for a few attempts only, and not until the message expires (course `expires`),
            because that would show nothing but what another mode of its section shows: the same error, in the same
            report.
    """

    name: str
    section: Section
    staged: str
    witness: Witness
    hosts: tuple[Host, ...] = (Host(),)
    mx: MxRouting | None = None
    literal: bool = False
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    tls_domain: str = "{host}"
    proper: Certificate = Certificate.GOOD
    timeout: Timeout | None = None
    reply: Reply | None = None
    explained_by: tuple[str, ...] = ()
    hostile: bool = False
    kind: Kind = Kind.TRANSIENT
    body_octets: int = 1_500
    also_to: tuple[str, ...] = ()
    backlog: int = 0
    steps: tuple[Step, ...] = ()
    connections_per_attempt: int = 1
    control: str = "plain"
    forbidden: tuple[int, ...] = ()
    avoidable_because: str = ""
    killed: KillPoint | None = None
    brief: bool = False

    @property
    def is_control(self) -> bool:
        """Whether delivery is expected at the first attempt."""
        return self.kind is Kind.CONTROL

    @property
    def fails(self) -> bool:
        """Whether attempts fail until a repair, so that a profile must say which outcomes are accepted."""
        return self.kind not in (Kind.CONTROL, Kind.HARMLESS, Kind.PASSING)

    @property
    def stalls(self) -> bool:
        """Whether a server falls silent, so that nothing but the relay's own time-out ends the attempt."""
        return any(isinstance(action, Stall) for action in self._actions)

    @property
    def needs_total_deadline(self) -> bool:
        """Whether a server sends so slowly, or so much, that nothing but a deadline for all of it ends the attempt."""
        return any(isinstance(action, Trickle | Endless) for action in self._actions)

    @property
    def trickles_for(self) -> float:
        """Seconds that the slowest reply takes, 0 if none trickles."""
        replies = [action for action in self._actions if isinstance(action, Trickle)]
        return max((len(each.reply.encoded()) * each.interval for each in replies), default=0.0)

    @property
    def refusals(self) -> tuple[str, ...]:
        """What the servers answer instead of a yes, word for word, whether or not that must be the relay's error."""
        said = []
        for action in self._actions:
            match action:
                case Reply(positive=False):
                    said.append(action.text)
                case CloseWith421():
                    said.append(f"421 {action.text}")
                case Raw():
                    said.append(action.data.decode("latin-1"))
        return tuple(said)

    @property
    def _actions(self) -> tuple[Action, ...]:
        return tuple(rule.action for host in self.hosts for rule in host.rules)

    @property
    def needs(self) -> frozenset[Capability]:
        """What a target must be capable of for this failure mode to be staged."""
        needs = {Capability.SMART_HOST if self.mx is None else Capability.MX}
        if any(host.ipv6 for host in self.hosts):
            needs.add(Capability.IPV6)
        if self.tls is TlsPolicy.ENCRYPTION_ONLY:
            needs.add(Capability.TLS_REQUIRED)
        elif self.tls is not TlsPolicy.OPPORTUNISTIC:
            needs.add(Capability.TLS_VERIFIED)
        elif any(host.certificate for host in self.hosts):
            needs.add(Capability.TLS_OPPORTUNISTIC)
        if self.tls is TlsPolicy.DOMAIN_VALIDATION and self.tls_domain != "{host}":
            needs.add(Capability.TLS_DOMAIN)
        if self.killed in (KillPoint.EXPIRING, KillPoint.REPORTING):
            needs.add(Capability.CLOCK)
        return frozenset(needs)

    @property
    def lab(self) -> str:
        """The only lab in which it can be staged; empty: any."""
        return "namespace" if any(host.ipv6 for host in self.hosts) else ""

    @property
    def longest_ttl(self) -> float:
        """Seconds for which what the name server said before the repair may still be believed after it."""
        routing = float(self.mx.ttl) if self.mx else 0.0
        return max([self.silent_ttl, routing, *(float(host.ttl) for host in self.hosts)])

    @property
    def silent_ttl(self) -> float:
        """Seconds for which an attempt may do without a question, because the answer was that there is nothing."""
        told = [host.dns for host in self.hosts] + [self.mx.answer if self.mx else None]
        return float(max(negative_ttl(answer) for answer in told))

    @property
    def remembered(self) -> str:
        """What a resolver could remember beyond the repair: `address`, `negative`, `failure`, or nothing."""
        told = [host.dns for host in self.hosts] + [self.mx.answer if self.mx else None]
        if any(host.moves for host in self.hosts):
            return "address"
        if any(isinstance(answer, NxDomain | NoData) for answer in told):
            return "negative"
        return "failure" if any(isinstance(answer, ServFail) for answer in told) else ""

    def healed(self) -> tuple[Host, ...]:
        """Return the hosts as they are after the repair."""
        secured = self.tls is not TlsPolicy.OPPORTUNISTIC
        return tuple(
            Host(certificate=self.proper if secured else None, ipv6=host.ipv6) for host in self.hosts
        )


def negative_ttl(answer: Answer | None) -> int:
    """Return for how many seconds a negative answer may be kept (RFC 2308 section 5)."""
    return answer.soa_minimum if isinstance(answer, NxDomain | NoData) else 0
