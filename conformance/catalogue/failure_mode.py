"""What a failure mode is: one way a destination can be broken, declared as data.

Adding a failure mode is one `FailureMode(...)` in one file below `conformance/catalogue/failure_modes/`; every aspect
applies to it from then on. A plain one has a name, a section, a sentence, a host and a witness; what else there is
stands in groups of its own, each with defaults, so that nobody needs to know those that are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from conformance.catalogue.connector import MxRouting, SmartHosts, TlsRule
from conformance.catalogue.contradictions import contradictions
from conformance.catalogue.destination import DnsName, EachAttempt, Host, ServerTls, held_up_at, with_names
from conformance.catalogue.failing_attempts import failing_attempts
from conformance.catalogue.message import Kind, Message, Refusal
from conformance.catalogue.section import Section
from conformance.catalogue.step import Step
from conformance.catalogue.way_back import WayBack
from conformance.target import Capability, TlsPolicy
from conformance.witness.amid import AT_THE_END, Amid
from conformance.witness.attempts import Witness
from conformance.witness.kills import KillPoint
from fake_servers import (
    Action,
    Answer,
    Close,
    CloseWith421,
    Endless,
    Followed,
    NoData,
    NxDomain,
    Raw,
    Reply,
    Reset,
    ServFail,
    Stall,
    Trickle,
)

# What a target must be capable of for something to fall into an attempt.
_TAKES: Mapping[Amid | None, frozenset[Capability]] = {
    Amid.EXPIRY: frozenset({Capability.CLOCK}),
    Amid.FLUSH: frozenset({Capability.CLOCK}),
    Amid.EDIT: frozenset({Capability.EDIT_CONNECTOR}),
    Amid.STOP: frozenset({Capability.STOP, Capability.RESTART}),
    Amid.NEW_HOST: frozenset({Capability.EDIT_CONNECTOR}),
    Amid.SAME_HOST: frozenset({Capability.EDIT_CONNECTOR, Capability.LITERAL}),
    Amid.BETWEEN: frozenset({Capability.EDIT_CONNECTOR, Capability.LITERAL}),
    Amid.FIX_NOW: frozenset({Capability.FIX_NOW}),
    Amid.SECOND: frozenset({Capability.SECOND_INSTANCE}),
    Amid.SET_BACK: frozenset({Capability.CLOCK, Capability.CLOCK_BACK}),
}


@dataclass(frozen=True, kw_only=True)
class FailureMode:
    """One way a destination can be broken, or a positive control.

    Attributes:
        name: Identifier in node ids and reports.
        section: The section it belongs to.
        staged: One sentence: what the destination does.
        kind: What must become of the message.
        hosts: The hosts of the destination, in the order in which they are configured.
        routing: How the connector finds them.
        tls: What the connector asks of TLS.
        message: What is submitted.
        steps: What the first smart host does instead, to one attempt after another; the last step stays.
        killed_amid_steps: Whether the relay is killed and started again once the first step was met.
        way_back: The server of the sender's own domain and what is wrong with it; None: the one that all share.
        killed: When the relay is killed.
        amid: What falls into the first attempt, while it hangs.
        witness: What shows, without the target's word, that an attempt met the fault; the attempts it
            sees are the proof that the failure was provoked.
        avoidable_because: Why a relay that is in order may deliver without having met what is wrong: then there is
            nothing to judge. Empty: it cannot.
        attempt: How each attempt goes.
        explained_by: Words of which an error detail that explains this failure contains at least one,
            compared without regard to case, spaces and punctuation.
        refusal: What of the remote server's words must come back.
        brief: Whether it is staged for a few attempts only, and not until the message expires (course `expires`),
            because that would show nothing but what another mode of its section shows: the same error, in the same
            report.

    Raises:
        ValueError: Two of these cannot go together; the text says which, and why.
    """

    name: str
    section: Section
    staged: str
    kind: Kind = Kind.TRANSIENT
    hosts: tuple[Host, ...] = (Host(),)
    routing: SmartHosts | MxRouting = field(default_factory=SmartHosts)
    tls: TlsRule = field(default_factory=TlsRule)
    message: Message = field(default_factory=Message)
    steps: tuple[Step, ...] = ()
    killed_amid_steps: bool = False
    way_back: WayBack | None = None
    killed: KillPoint | None = None
    amid: Amid | None = None
    witness: Witness
    avoidable_because: str = ""
    attempt: EachAttempt = field(default_factory=EachAttempt)
    explained_by: tuple[str, ...] = ()
    refusal: Refusal = field(default_factory=Refusal)
    brief: bool = False

    def __post_init__(self) -> None:
        wrong = list(contradictions(self))
        if wrong:
            raise ValueError(f"the failure mode {self.name} contradicts itself: {'; '.join(wrong)}")

    @property
    def mx(self) -> MxRouting | None:
        """How mail is routed by MX; None: the connector names smart hosts."""
        return self.routing if isinstance(self.routing, MxRouting) else None

    @property
    def forbidden(self) -> tuple[int, ...]:
        """Numbers of the hosts, counted from 0, that the relay may not even connect to."""
        return self.mx.forbidden if self.mx else ()

    @property
    def is_control(self) -> bool:
        """Whether delivery is expected at the first attempt."""
        return self.kind is Kind.CONTROL

    @property
    def fails(self) -> bool:
        """Whether attempts fail until a repair, so that a profile must say which outcomes are accepted."""
        return self.kind not in (
            Kind.CONTROL,
            Kind.HARMLESS,
            Kind.PASSING,
            Kind.CONTENT,
            Kind.REPORTED,
            Kind.BATCH,
        )

    @property
    def failing_attempts(self) -> int:
        """How many attempts can fail before the fault is over by itself; 0: it never is, or nothing is wrong."""
        if self.kind not in (Kind.PASSING, Kind.CONTENT):
            return 0
        return int(failing_attempts(self.hosts, len(self.message.recipients)))

    @property
    def stalls(self) -> bool:
        """Whether a server falls silent, so that nothing but the relay's own time-out ends the attempt."""
        return any(isinstance(action, Stall) for action in self._actions)

    @property
    def waits_for_timeout(self) -> bool:
        """Whether attempts last as long as a time-out of the relay's, at the message or at its report."""
        if self.as_report is not None and self.as_report.waits_for_timeout:
            return True
        stalls = self.stalls or self.needs_total_deadline or self.attempt.timeout is not None
        return stalls or any(step.timeout is not None for step in self.steps)

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
        return tuple(said for action in self._actions for said in _refusals(action))

    @property
    def may_lose_refusal(self) -> bool:
        """Whether a server refuses for good and ends the connection: one attempt hears why, and another does not."""
        return any(
            isinstance(action, Followed | Raw)
            and isinstance(action.then, Close | Reset)
            and any(said.startswith("5") for said in _refusals(action))
            for action in self._actions
        )

    @property
    def _actions(self) -> tuple[Action, ...]:
        elsewhere = (each.host for each in self.message.elsewhere)
        return tuple(rule.action for host in (*self.hosts, *elsewhere) for rule in host.rules)

    @property
    def needs(self) -> frozenset[Capability]:
        """What a target must be capable of for this failure mode to be staged."""
        needs = {Capability.MX if self.mx else Capability.SMART_HOST}
        if isinstance(self.routing, SmartHosts):
            needs |= {Capability.SEVERAL_SMART_HOSTS} if len(with_names(self.hosts)) > 1 else set()
            needs |= {Capability.LITERAL} if self.routing.literal else set()
            needs |= {Capability.WILDCARD} if self.routing.wildcard else set()
        if any(host.dns.ipv6 for host in self.hosts):
            needs.add(Capability.IPV6)
        if self.tls.policy is TlsPolicy.ENCRYPTION_ONLY:
            needs.add(Capability.TLS_REQUIRED)
        elif self.tls.required:
            needs.add(Capability.TLS_VERIFIED)
        elif any(host.tls for host in self.hosts):
            needs.add(Capability.TLS_OPPORTUNISTIC)
        if self.tls.name != TlsRule.name or (self.mx and self.tls.policy is TlsPolicy.DOMAIN_VALIDATION):
            needs.add(Capability.TLS_DOMAIN)
        if self.message.batch is not None and (rule := self.message.batch.rule) is not None:
            needs |= {Capability.MANY_CONNECTORS, Capability.TLS_OPPORTUNISTIC}
            encrypted = rule.policy is TlsPolicy.ENCRYPTION_ONLY
            needs.add(Capability.TLS_REQUIRED if encrypted else Capability.TLS_VERIFIED)
        if self.way_back is not None or self.message.elsewhere or (self.mx is not None and self.mx.unnamed):
            needs.add(Capability.MANY_CONNECTORS)
        if self.message.own_domain:
            needs.add(Capability.ACCEPTED_DOMAINS)
        if self.killed_amid_steps:
            needs.add(Capability.RESTART)
        if self.killed in (KillPoint.EXPIRING, KillPoint.REPORTING):
            needs.add(Capability.CLOCK)
        return frozenset(needs | _TAKES.get(self.amid, frozenset()))

    @property
    def holds_up_reports(self) -> bool:
        """Whether what is wrong keeps even reports from a relay that has no other way for them.

        Nobody knows before MAIL whose mail it is; what is wrong from then on spares reports (`wave/way_back.py`). Where
        the way is found by MX it is the way to each domain, and reports go to that of the senders.
        """
        if self.mx is not None:
            return False
        if self.steps:
            return any(step.holds_up_reports for step in self.steps)
        return any(held_up_at(host, whole) for host, whole in zip(self.hosts, self.healed(), strict=True))

    @cached_property
    def as_report(self) -> FailureMode | None:
        """What a report meets on a way back of its own, as a failure mode of its own; None: it has no such way."""
        back = self.way_back
        if back is None:
            return None
        return FailureMode(
            name=f"{self.name}_on_the_way_back",
            section=Section.PERMANENT_REPLIES if back.refuses else Section.TRANSIENT_REPLIES,
            staged=self.staged,
            kind=Kind.HARMLESS if back.is_whole else Kind.PERMANENT if back.refuses else Kind.TRANSIENT,
            hosts=(back.host,),
            witness=back.witness,
            attempt=back.attempt,
            explained_by=() if back.is_whole else ("",),
        )

    @property
    def lab(self) -> str:
        """The only lab in which it can be staged; empty: any."""
        return "namespace" if self.amid is Amid.FULL or any(host.dns.ipv6 for host in self.hosts) else ""

    @property
    def at_the_end(self) -> bool:
        """Whether what falls into an attempt is such that nothing else may wait in the queue of the relay then."""
        return self.amid in AT_THE_END

    @property
    def longest_ttl(self) -> float:
        """Seconds for which what the name server said before the repair may still be believed after it."""
        routing = float(self.mx.ttl) if self.mx else 0.0
        return max([self.silent_ttl, routing, *(float(host.dns.ttl) for host in self.hosts)])

    @property
    def silent_ttl(self) -> float:
        """Seconds for which an attempt may do without a question, because the answer was that there is nothing."""
        return float(max(negative_ttl(answer) for answer in self._told))

    @property
    def remembered(self) -> str:
        """What a resolver could remember beyond the repair: `address`, `negative`, `failure`, or nothing."""
        if any(host.dns.moves for host in self.hosts):
            return "address"
        if any(isinstance(answer, NxDomain | NoData) for answer in self._told):
            return "negative"
        return "failure" if any(isinstance(answer, ServFail) for answer in self._told) else ""

    @property
    def _told(self) -> tuple[Answer | None, ...]:
        """What the name server says instead of the hosts' addresses and of the MX records."""
        return (*(host.dns.answer for host in self.hosts), self.mx.answer if self.mx else None)

    def healed(self) -> tuple[Host, ...]:
        """Return the hosts as they are after the repair."""
        tls = ServerTls(certificate=self.tls.proper) if self.tls.required else None
        return tuple(
            Host(tls=tls, dns=DnsName(ipv6=host.dns.ipv6), further=host.further) for host in self.hosts
        )


def negative_ttl(answer: Answer | None) -> int:
    """Return for how many seconds a negative answer may be kept (RFC 2308 section 5)."""
    return answer.soa_minimum if isinstance(answer, NxDomain | NoData) else 0


def _refusals(action: Action) -> tuple[str, ...]:
    match action:
        case Reply(positive=False):
            return (action.text,)
        case Followed(reply=Reply(positive=False)):
            return (action.reply.text,)
        case CloseWith421():
            return (f"421 {action.text}",)
        case Raw():
            return (action.data.decode("latin-1"),)
        case _:
            return ()
