"""Fault schedules: what one destination does to one attempt after another.

A schedule is a sequence of faults and an ending; its text, `dns_servfail+close_at_mail+healthy`, is its name in
node ids, plans and records, and all that is needed to stage it again. Each fault lasts until an attempt has met
it; the ending lasts. In front may stand what is not as usual all along, `large_message+offers_nothing+reset_at_dot+
healthy`. Whatever the schedule, the message must be delivered once or returned once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Self

from conformance.catalogue.destination import DnsName, Host, Tcp, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.step import Step
from conformance.schedules.settings import KNOWN, SORTS, Setting, combinations_of, newest_of
from conformance.schedules.steps import contacts
from conformance.witness.attempts import Witness
from fake_servers import (
    OFFER,
    Action,
    Close,
    CloseWith421,
    NoData,
    NxDomain,
    Refused,
    Reply,
    Reset,
    Rule,
    ServFail,
    Silence,
    Stage,
    Stall,
)

SEPARATOR = "+"

# A fault inside the content falls this early, in octets: before the end of the message, however small.
_READ_FIRST = 512
_BUSY = Reply(451, "4.3.0 Try again later")
_NOT_WANTED = Reply(550, "5.7.1 Not wanted here")
_STAGES = (Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT)
_REPLIES_451 = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
_WHERE = {
    Stage.GREETING: "instead of greeting",
    Stage.BODY: "amid the content",
    Stage.DOT: "after the final dot",
}


def _at(stage: Stage, name: str, action: Action, about: str, timeout: Timeout | None = None) -> Step:
    where = _WHERE.get(stage, f"after {stage.upper()}")
    host = Host(rules=(Rule(stage, action),))
    return Step(name=f"{name}_at_{stage}", about=f"{about} {where}", host=host, timeout=timeout)


def _after(stage: Stage) -> int:
    return _READ_FIRST if stage is Stage.BODY else 0


# The simplest first: this is the order in which a failing schedule is made simpler.
_FAULTS = (
    Step(name="connection_refused", about="refuses the connection", host=Host(tcp=Tcp.REFUSE)),
    Step(name="host_unreachable", about="cannot be reached", host=Host(tcp=Tcp.UNREACHABLE)),
    Step(
        name="connect_timeout", about="never answers a SYN", host=Host(tcp=Tcp.HANG), timeout=Timeout.CONNECT
    ),
    Step(
        name="dns_servfail",
        about="has a name server that answers SERVFAIL",
        host=Host(dns=DnsName(answer=ServFail())),
    ),
    Step(
        name="dns_refused",
        about="has a name server that answers REFUSED",
        host=Host(dns=DnsName(answer=Refused())),
    ),
    Step(
        name="dns_nxdomain", about="has a name that does not exist", host=Host(dns=DnsName(answer=NxDomain()))
    ),
    Step(name="dns_nodata", about="has a name without address", host=Host(dns=DnsName(answer=NoData()))),
    Step(
        name="dns_no_answer",
        about="has a name server that never answers",
        host=Host(dns=DnsName(answer=Silence())),
        timeout=Timeout.DNS,
    ),
    *(_at(stage, "reply_451", _BUSY, "says 451") for stage in _REPLIES_451),
    *(
        _at(stage, "reply_421", CloseWith421(), "says 421 and closes")
        for stage in _STAGES
        if stage is not Stage.BODY
    ),
    *(_at(stage, "close", Close(_after(stage)), "closes the connection") for stage in _STAGES),
    *(_at(stage, "reset", Reset(_after(stage)), "resets the connection") for stage in _STAGES),
    *(_at(stage, "stall", Stall(_after(stage)), "falls silent", Timeout.COMMAND) for stage in _STAGES),
)
_HEALTHY = Step(name="healthy", about="serves", host=Host())
_ENDINGS = (
    _HEALTHY,
    _at(Stage.QUIT, "reply_421", CloseWith421(), "accepts the message, says 421 and closes"),
    _at(Stage.QUIT, "close", Close(), "accepts the message and closes the connection"),
    _at(Stage.QUIT, "reset", Reset(), "accepts the message and resets the connection"),
    _at(Stage.QUIT, "stall", Stall(), "accepts the message and falls silent", Timeout.COMMAND),
    *(
        _at(stage, "rejected", _NOT_WANTED, "says 550")
        for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
    ),
)

# All that can be unusual from beginning to end.
_SETTINGS = frozenset(combinations_of(SORTS))

# What can happen to an attempt before the last one, and to the last one; by name, simplest first.
FAULTS: dict[str, Step] = {step.name: step for step in _FAULTS}
ENDINGS: dict[str, Step] = {step.name: step for step in _ENDINGS}
_ORDER = {name: place for place, name in enumerate((*FAULTS, *ENDINGS))}


@dataclass(frozen=True)
class FaultSequence:
    """A sequence of faults and an ending, by name.

    Attributes:
        faults: Each for one attempt.
        ending: What the destination does from then on.
        settings: What is unusual all along, at most one of each of `SORTS`, in their order.
    """

    faults: tuple[str, ...]
    ending: str
    settings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise ValueError(f"no fault is called {unknown[0]!r}; there are {', '.join(FAULTS)}")
        if self.ending not in ENDINGS:
            raise ValueError(f"no ending is called {self.ending!r}; there are {', '.join(ENDINGS)}")
        if self.settings not in _SETTINGS:
            raise ValueError(
                f"{SEPARATOR.join(self.settings)!r} are no settings; there are, at most one of each, "
                + " and ".join(" or ".join(sort.names) for sort in SORTS)
            )
        if self.is_killed and not self.faults:
            raise ValueError("a schedule without a fault has no moment at which the relay is killed")
        if not self.faults and self.ending == _HEALTHY.name:
            raise ValueError("a schedule needs a fault; a destination that is healthy all along is a control")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a schedule's text.

        Raises:
            ValueError: It is not one; the text says which part.
        """
        *faults, ending = text.split(SEPARATOR)
        settings = tuple(takewhile(KNOWN.__contains__, faults))
        return cls(tuple(faults[len(settings) :]), ending, settings)

    def __str__(self) -> str:
        return SEPARATOR.join((*self.settings, *self.faults, self.ending))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The faults and the ending, in full."""
        offered = next((each.offers for each in self._set if each.offers is not None), OFFER)
        usual = (*(FAULTS[name] for name in self.faults), ENDINGS[self.ending])
        return tuple(_offering(step, offered) for step in usual)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The one whose steps these are, its second address if it has one, and a host beside it if there is one."""
        rules = tuple(rule for each in self._set for rule in each.rules)
        further = [each.address for each in self._set if each.address is not None]
        second = [each.second for each in self._set if each.second is not None]
        return tuple(
            replace(host, rules=rules) if host.tcp is Tcp.SERVE else host
            for host in (Host(), *further, *second)
        )

    @property
    def message(self) -> Message:
        """What is submitted."""
        octets = next(filter(None, (each.octets for each in self._set)), Message().octets)
        special = (each.special(octets) for each in self._set)
        also_to = tuple(local for each in self._set for local in each.also_to)
        return Message(octets=octets, also_to=also_to, special=next(filter(None, special), None))

    @property
    def about(self) -> str:
        """What is unusual all along, in words; empty: nothing."""
        return " and ".join(each.about for each in self._set)

    @property
    def avoidable_because(self) -> str:
        """Why a relay may deliver without having met any fault; empty: it cannot."""
        healthy = next((host for host in self.hosts[1:] if host.tcp is Tcp.SERVE), None)
        if healthy is None:
            return ""
        return f"it may begin with the other {'address' if healthy.further else 'smart host'}"

    @property
    def is_killed(self) -> bool:
        """Whether the relay is killed and started again once the first fault was met."""
        return any(each.killed for each in self._set)

    @property
    def since(self) -> str:
        """The version of the catalogue with which all that it has came."""
        return newest_of(self.settings)

    @property
    def _set(self) -> list[Setting]:
        return [KNOWN[name] for name in self.settings]

    @property
    def weight(self) -> tuple[int, int, int]:
        """What makes one schedule simpler than another: fewer faults, then less that is unusual, then simpler ones."""
        faults = len(self.faults) + (self.ending != _HEALTHY.name)
        unusual = sum(len(_down_from(name)) for name in self.settings)
        return faults, unusual, sum(_ORDER[step.name] for step in self.steps)

    @property
    def alone(self) -> str:
        """The one step that is not healthy, by name; empty: there are several, or it is not all."""
        if self.settings:
            return ""
        wrong = [*self.faults, *([self.ending] if self.ending != _HEALTHY.name else [])]
        return wrong[0] if len(wrong) == 1 else ""

    def reductions(self) -> list[FaultSequence]:
        """Return every schedule that is simpler by one step, simplest first.

        What is unusual all along is dropped, or becomes what is simpler of its sort; a fault is dropped, or becomes a
        milder one at the same stage, or the mildest of its layer, or the mildest of all; an ending becomes a milder one
        of its kind, or healthy.
        """
        return sorted(set(self._reductions()), key=lambda sequence: sequence.weight)

    def parts(self) -> list[FaultSequence]:
        """Return what often explains it all, much simpler than the whole.

        That is each fault followed by health, and the ending without faults, as usual or under all that is unusual;
        and the whole under nothing of that, or one thing.
        """
        alone = [FaultSequence((name,), _HEALTHY.name) for name in self.faults]
        if self.ending != _HEALTHY.name:
            alone.append(FaultSequence((), self.ending))
        alone += [
            replace(part, settings=self.settings) for part in alone if part.faults or not self.is_killed
        ]
        alone += [replace(self, settings=few) for few in ((), *((name,) for name in self.settings))]
        return [part for part in dict.fromkeys(alone) if part != self]

    def can_become(self, other: FaultSequence) -> bool:
        """Tell whether reductions lead from this schedule to another, or to itself."""
        if not set(other.settings) <= {name for each in self.settings for name in _down_from(each)}:
            return False
        if other.ending != self.ending and other.ending not in _milder(self.ending, ENDINGS):
            return False
        # each fault of the other one in turn takes the first of ours that is left and can become it
        left = iter(self.faults)
        return all(any(f == fault or fault in _milder(f, FAULTS) for f in left) for fault in other.faults)

    def _reductions(self) -> Iterator[FaultSequence]:
        for place, name in enumerate(self.settings):
            before, behind = self.settings[:place], self.settings[place + 1 :]
            for less in ((), *((milder,) for milder in _down_from(name)[1:])):
                yield replace(self, settings=(*before, *less, *behind))
        for place, name in enumerate(self.faults):
            before, after = self.faults[:place], self.faults[place + 1 :]
            if before or after or (self.ending != _HEALTHY.name and not self.is_killed):
                yield replace(self, faults=(*before, *after))
            for milder in _milder(name, FAULTS):
                yield replace(self, faults=(*before, milder, *after))
        for milder in _milder(self.ending, ENDINGS):
            if self.faults or milder != _HEALTHY.name:
                yield replace(self, ending=milder)


def _offering(step: Step, extensions: tuple[str, ...]) -> Step:
    """Return a step in which a server that is met at all offers these."""
    met = step.host.tcp is Tcp.SERVE and step.host.dns.answer is None
    return replace(step, host=replace(step.host, extensions=extensions)) if met else step


def _down_from(setting: str) -> tuple[str, ...]:
    """Return a setting and all that are simpler than it, each than the one before."""
    milder = KNOWN[setting].milder
    return (setting, *(_down_from(milder) if milder else ()))


def _milder(name: str, among: dict[str, Step]) -> Iterator[str]:
    mildest = next(iter(among))
    family = _family(name)
    for other in among:
        if _ORDER[other] < _ORDER[name] and (other == mildest or _family(other) == family):
            yield other


def _family(name: str) -> str:
    """Return what a step can be replaced within: its stage, or the layer below SMTP; any stage for a refusal."""
    kind, at, stage = name.partition("_at_")
    if kind == "rejected":
        return kind
    return stage if at else name.partition("_")[0].removesuffix("ion")


def failure_mode_of(sequence: FaultSequence) -> FailureMode:
    """Return what stages a schedule."""
    steps = sequence.steps
    return FailureMode(
        name=str(sequence),
        section=Section.SCHEDULE,
        staged=f"To one attempt after another the destination {'; then it '.join(step.about for step in steps)}"
        f"{'; ' if sequence.about else ''}{sequence.about}.",
        kind=Kind.SCHEDULE,
        hosts=sequence.hosts,
        message=sequence.message,
        steps=steps,
        killed_amid_steps=sequence.is_killed,
        avoidable_because=sequence.avoidable_because,
        witness=Witness(
            sentence="for at least one fault of the schedule, the journal shows that an attempt met it",
            see=lambda evidence: contacts(evidence, steps),
        ),
    )


__all__ = ["ENDINGS", "FAULTS", "FaultSequence", "failure_mode_of"]
