"""Hand-made records of fault schedules: what a wave would have left behind, told event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conformance.catalogue.profile import load
from conformance.catalogue.scenario import Course, Scenario, controls_of
from conformance.evidence.record import QueueListing, Record, Staged
from conformance.evidence.site import Site
from conformance.evidence.view import Evidence
from conformance.judging.judge import Judged, judge
from conformance.schedules.sequence import FaultSequence, failure_mode_of
from conformance.schedules.steps import milestone
from conformance.suite.test_exactly_once import test_exactly_once as exactly_once
from conformance.target import QueuedMessage
from conformance.wave.envelope import author_of, domain_of, envelope_of, sender_of
from fake_servers.events import Event
from stories.reports import ndr
from stories.staging import ASKED, header
from stories.wire import SINK, accepted, answer, fault, message, received, written

SERVES, REFUSES, HANGS, SECOND = "127.1.1.1", "127.1.1.2", "127.1.1.3", "127.1.1.5"


@dataclass
class SequenceStory:
    """One schedule, submitted at 1 s, its window closed at 20 s; every method adds something."""

    text: str
    lab: str = "loopback"
    course: Course = Course.SCHEDULE
    control: bool = True
    events: list[Event] = field(default_factory=list)
    queue_listings: list[QueueListing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mode = failure_mode_of(FaultSequence.parse(self.text))
        self.scenario = Scenario(failure_mode=self.mode, course=self.course)
        self.controls = [
            _staged(control, [Site(name=f"mx1.plain{number}.test", host=f"127.1.9.{number}", port=25)])
            for number, control in enumerate(controls_of(self.scenario), 9)
        ]
        name = f"mx1.{domain_of(self.scenario)}"
        places = ((SERVES, "serve"), (REFUSES, "refuse"), (HANGS, "hang"))
        sites = [Site(name=name, host=host, port=25, tcp=tcp) for host, tcp in places]
        for host in self.mode.hosts[1:]:
            beside = name if host.further else name.replace("mx1", "mx2")
            sites.insert(1, Site(name=beside, host=SECOND, port=25, tcp=host.tcp, beside=host.further))
        self.staged = _staged(self.scenario, sites)

    def note(self, event: Event) -> SequenceStory:
        """Note an event; at no other server it happened at the one that serves."""
        server = event.server or f"{SERVES}:25"
        self.events.append(written(replace(event, server=server, connection=int(event.at * 10))))
        return self

    def armed(self, number: int, at: float) -> SequenceStory:
        """Arm the nth step, counted from 1, as the wave does from the second on."""
        self.staged = replace(self.staged, milestones={**self.staged.milestones, milestone(number - 1): at})
        return self

    def fault(self, at: float, name: str) -> SequenceStory:
        """Play a fault, by its name in schedules."""
        action, _, stage = name.partition("_at_")
        return self.note(fault(action, stage, at=at))

    def looks_up(self, at: float, way: str = "records", *records: str, type: str = "A") -> SequenceStory:
        return self.note(answer(self.staged.sites[0].name, way, *records, type=type, at=at))

    def delivers(
        self,
        at: float,
        *,
        sender: str | None = None,
        cut: int = 0,
        host: str = SERVES,
        instead: tuple[bytes, bytes] = (b"", b""),
        quits: bool = True,
        to: Sequence[str] = ("recipient",),
    ) -> SequenceStory:
        """Accept a copy, perhaps of another sender, cut short, with other octets, at another host, to others."""
        mail_from = self.staged.sender if sender is None else sender
        content = self.staged.content[: len(self.staged.content) - cut].replace(*instead)
        return self._message(at, f"{host}:25", mail_from, tuple(map(self.address, to)), content, quits)

    def address(self, local: str) -> str:
        """Return the address of a recipient by its local part."""
        return f"{local}@{self.staged.domain}"

    def returns(
        self,
        at: float,
        *,
        action: str = "failed",
        to_author: bool = False,
        of: Sequence[str] = ("recipient",),
    ) -> SequenceStory:
        """Receive a report at the sink, of one recipient, of several, or of nobody who is named."""
        to = self.staged.author if to_author else self.staged.sender
        head, named, tail = ndr(self.staged, action=action).partition(
            b"Final-Recipient: rfc822; " + self.staged.recipient.encode() + b"\r\n"
        )
        fields, end, rest = tail.partition(b"\r\n\r\n--=b--")
        who = [b"Final-Recipient: rfc822; " + self.address(each).encode() + b"\r\n" for each in of]
        groups = b"\r\n\r\n".join(each + fields for each in who or [b""])
        assert named
        return self._message(at, SINK, "", (to,), head + groups + end + rest)

    def look(self, at: float, *, waiting: bool) -> SequenceStory:
        held = [QueuedMessage(sender=self.staged.sender, recipient=self.staged.recipient)]
        self.queue_listings.append(
            QueueListing(asked=at, at=at, waiting=held if waiting else [], relay=self.staged.relay)
        )
        return self

    def repaired(self, at: float) -> SequenceStory:
        """Repair the destination."""
        self.staged = replace(self.staged, repaired=at)
        return self

    def _message(
        self, at: float, server: str, sender: str, to: Sequence[str], content: bytes, quits: bool = True
    ) -> SequenceStory:
        """Accept a message; the relay says QUIT at once, so it has read the reply, or not before the end."""
        self.note(accepted(at=at, server=server))
        self.note(message(to, content, mail_from=sender, at=at, server=server))
        if not quits:
            return self
        quit_at_once = received("quit", "QUIT", at=at, server=server, connection=int(at * 10))
        self.events.append(written(quit_at_once))
        return self

    def record(self) -> Record:
        arrival = SequenceStory.__new__(SequenceStory)
        arrival.events = []
        if self.control:
            arrival.staged = self.staged
            for staged in self.controls:
                paths = (staged.recipient, *staged.others)
                arrival._message(1.5, staged.sites[0].server, staged.sender, paths, staged.content)
        return Record(
            header=header(lab=self.lab),
            staged={staged.scenario: staged for staged in (self.staged, *self.controls)},
            events=sorted([*self.events, *arrival.events], key=lambda event: event.at),
            queue_listings=self.queue_listings,
            reported=[],
            troubles=[],
            footer=None,
        )

    def evidence(self) -> Evidence:
        return Evidence(self.record(), self.staged)

    def judged(self, profile: str = "eop") -> Judged:
        return judge(exactly_once, self.scenario, self.record(), load(profile))


def _staged(scenario: Scenario, sites: list[Site]) -> Staged:
    envelope = envelope_of(scenario)
    return Staged(
        scenario=scenario.id,
        failure_mode=scenario.failure_mode.name,
        course=scenario.course,
        domain=domain_of(scenario),
        sender=sender_of(scenario),
        author=author_of(scenario),
        recipient=envelope.recipients[0],
        others=list(envelope.recipients[1:]),
        sites=sites,
        content=envelope.content,
        granted=ASKED,
        submitted=1.0,
        closed=20.0,
    )
