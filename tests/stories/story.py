"""Hand-made records: what a wave would have left behind, told event by event."""

from __future__ import annotations

import email
import email.utils
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from conformance.catalogue.destination import Host, Tcp
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import Profile, load
from conformance.catalogue.scenario import CLOCK_CONTROLS, Course, controls_of
from conformance.evidence.record import QueueListing, Record, Reported, Trouble
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.site import Site
from conformance.evidence.view import Evidence
from conformance.judging.aspect import Case
from conformance.judging.judge import Judged, judge
from conformance.judging.verdict import Verdict
from conformance.suite import ASPECTS
from conformance.target import DeliveryEvent, Outcome, QueuedMessage
from conformance.wave.plan import slack
from fake_servers import Event
from fake_servers.events import SmtpMessage, TcpProbe, TlsOffered, Transport
from stories.reports import ndr
from stories.staging import DAY, header, scenario_of, staged
from stories.wire import SINK, accepted, answer, closed, fault, message, query, received, sent, syn, written

ASPECT = {aspect.name: aspect for aspect in ASPECTS}

# An error for each section, as the source document words it, with a detail of its cause for each failure mode.
TITLES = {
    "4.4.312": "DNS query failed",
    "4.4.315": "Connection timed out",
    "4.4.316": "Connection refused",
    "4.4.317": "Cannot connect to remote server",
    "4.4.318": "Connection was closed abruptly",
    "4.7.320": "Certificate validation failed",
}


@dataclass
class Story:
    """What happened in one scenario; every method adds something and returns the story."""

    mode: str
    lab: str = "loopback"
    number: int = 1
    course: Course | None = None
    events: list[Event] = field(default_factory=list)
    queue_listings: list[QueueListing] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)
    idling: list[Idling] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scenario = scenario_of(self.mode, self.course)
        timing = self.scenario.timing
        self.header = header(lab=self.lab, timing=timing, slack=slack(timing, DAY))
        self.staged = staged(self.mode, self.number, self.course)
        self._connections = 100 * self.number

    # the wire

    def note(self, *events: Event) -> Story:
        self.events += map(written, events)
        return self

    def looks_up(
        self,
        at: float,
        way: str = "records",
        *,
        host: int = 0,
        type: str = "A",
        id: int | None = None,
        transport: Transport = "udp",
    ) -> Story:
        """Ask the name server for an address, and be answered in such a way (`Answer.name`)."""
        site, id = self.site(host), int(at * 1000) % 65536 if id is None else id
        records = [site.host] if way == "records" else []
        return self.note(
            query(site.name, type, id=id, transport=transport, at=at),
            answer(site.name, way, *records, type=type, id=id, transport=transport, at=at),
        )

    def connects(self, at: float, *telling: Event, host: int = 0, lasting: float = 0.1) -> Story:
        """Open a connection, note what is telling 0.05 s later, and close it."""
        self._connections += 1
        events = [
            accepted(at=at),
            *(replace(event, at=at + 0.05) for event in telling),
            closed(at=at + lasting),
        ]
        where = {"server": self.site(host).server, "connection": self._connections}
        return self.note(*(replace(event, **where) for event in events))

    def probes(self, *moments: float, outcome: Any = "refused") -> Story:
        server = self.staged.sites[0].server
        return self.note(*(TcpProbe(at=at, server=server, outcome=outcome) for at in moments))

    def site(self, host: int = 0) -> Site:
        if any(site.beside for site in self.staged.sites):
            return self.staged.sites[host]
        names = list(dict.fromkeys(site.name for site in self.staged.sites))
        return [site for site in self.staged.sites if site.name == names[host]][-1]

    def meets_fault(self, at: float) -> Story:
        """Make one attempt that meets the fault, whatever it is."""
        mode = ALL[self.mode]
        if mode.message.elsewhere:
            every = (*mode.hosts, *(each.host for each in mode.message.elsewhere))
            number, host = next(each for each in enumerate(every) if each[1].rules)
            return self.connects(at, _telling(host), host=number)
        for number, host in enumerate(mode.hosts):
            begin = at + 0.2 * number
            if host.dns.answer is not None:
                self.looks_up(begin, host.dns.answer.name, host=number)
            elif host.tcp is Tcp.HANG:
                self.note(syn("dropped", 1.9, at=begin, server=self.site(number).server))
            elif host.tcp is Tcp.REFUSE and self.lab == "namespace":
                self.note(syn("refused", at=begin, server=self.site(number).server))
            elif host.tcp is not Tcp.SERVE:
                self.looks_up(begin, host=number)
            else:
                lasting = 2.0 if mode.attempt.timeout else 0.1
                self.connects(begin, _telling(host), host=number, lasting=lasting)
        return self

    def delivers(
        self,
        at: float,
        *,
        host: int = 0,
        recipients: Iterable[str] | None = None,
        content: bytes | None = None,
        mail_from: str | None = None,
        tls: bool = True,
        options: tuple[str, ...] | None = None,
    ) -> Story:
        """Accept the message at a healthy server, with a trace field added."""
        special = ALL[self.mode].message.special
        declared = ("BODY=8BITMIME",) if special is not None and special.eight_bit else ()
        declared += ("SMTPUTF8",) if special is not None and special.utf8 else ()
        arrived = message(
            self.staged.recipient if recipients is None else recipients,
            b"Received: from relay.test\r\n" + self.staged.content if content is None else content,
            mail_from=self.staged.sender if mail_from is None else mail_from,
            tls=tls,
            options=declared if options is None else options,
        )
        return self.connects(at - 0.05, arrived, received("quit", "QUIT"), host=host)

    def returns(
        self, at: float, *, content: bytes | None = None, to: str = "", mail_from: str = "", **report: str
    ) -> Story:
        """Receive a report at the sink, for this scenario's sender or for somebody else."""
        returned = ndr(self.staged, **report) if content is None else content
        who = to or self.staged.sender
        sink: dict[str, Any] = {"server": SINK, "connection": 9}
        self.note(message(who, returned, mail_from=mail_from, at=at, **sink))
        return self.note(received("quit", "QUIT", at=at, **sink))

    def says_mail(self, at: float, mail_from: str, *recipients: str, then: Event | None = None) -> Story:
        """Open a connection to a server of this scenario, and offer an envelope on it, taken or not."""
        said = [received("mail", f"MAIL FROM:<{mail_from}> SIZE=1000")]
        said += [received("rcpt", f"RCPT TO:<{recipient}>") for recipient in recipients]
        return self.connects(at, *said, *([then] if then else []))

    def returns_here(self, at: float, *, content: bytes | None = None, **report: str) -> Story:
        """Receive a report where the message itself was to go, over a connection of its own."""
        returned = ndr(self.staged, **report) if content is None else content
        who = self.staged.sender
        return self.says_mail(at - 0.05, "", who, then=message(who, returned))

    # the relay

    def says(self, at: float, text: str, outcome: Outcome = Outcome.DEFERRED, **more: str) -> Story:
        event = DeliveryEvent(recipient=self.staged.recipient, outcome=outcome, text=text, **more)  # type: ignore[arg-type]
        self.reported.append(Reported(read_at=at, event=event))
        return self

    def look(self, at: float, error: str | None = "") -> Story:
        """Look at the queue: waiting with this error, or not there if None."""
        sender, recipient = self.staged.sender, self.staged.recipient
        waiting = [] if error is None else [QueuedMessage(sender=sender, recipient=recipient, error=error)]
        self.queue_listings.append(
            QueueListing(asked=at - 0.01, at=at, waiting=waiting, relay=self.staged.relay)
        )
        return self

    def is_gone(self, at: float, *others: str, suspects: tuple[str, ...] = (), log: str = "") -> Story:
        """Have the relay be missed from a time on, with whatever else was played on it."""
        scenarios = [self.staged.scenario, *others]
        self.stopped.append(
            Stopped(
                at=at,
                seen=at - 1.0,
                message="it does not answer",
                log=log,
                relay=self.staged.relay,
                scenarios=scenarios,
                suspects=list(suspects or scenarios),
            )
        )
        return self

    def idles(self, cores: float, seconds: float, *others: str, spun: float = 0.0) -> Story:
        """Have the relay use so much of a processor for so long at the end, with whatever else was played on it."""
        scenarios = [self.staged.scenario, *others]
        idling = Idling(at=60.0, seconds=seconds, cores=cores, since=2.0, scenarios=scenarios, spun=spun)
        self.idling.append(replace(idling, suspects=scenarios if idling.is_busy else []))
        return self

    def change(self, **changes: object) -> Story:
        self.staged = replace(self.staged, **changes)  # type: ignore[arg-type]
        return self

    def without_messages(self) -> Story:
        """Forget what arrived, wherever."""
        self.events = [event for event in self.events if not isinstance(event, SmtpMessage)]
        return self

    def without_listings(self) -> Story:
        """Forget every look at the queue."""
        self.queue_listings.clear()
        return self

    # what becomes of it

    def error(self) -> str:
        """Return what the source document wants to read, with a detail that names the cause."""
        mode = ALL[self.mode]
        server = self.site(len(mode.hosts) - 1).name
        detail = f"Message={mode.explained_by[0]} it was"
        return f"450 {mode.section} {TITLES[mode.section]} [{detail}] [LastAttemptedServerName={server}]"

    def record(self, *others: Story, control: bool = True) -> Record:
        stories = [self, *others]
        if control and not ALL[self.mode].is_control:
            stories += [good_control(needed.failure_mode.name) for needed in controls_of(self.scenario)]
        return Record(
            header=self.header,
            staged={story.staged.scenario: story.staged for story in stories},
            events=sorted((e for story in stories for e in story.events), key=lambda event: event.at),
            queue_listings=[s for story in stories for s in story.queue_listings],
            reported=[r for story in stories for r in story.reported],
            troubles=[t for story in stories for t in story.troubles],
            footer=None,
            stopped=[s for story in stories for s in story.stopped],
            idling=[i for story in stories for i in story.idling],
        )

    def evidence(self, *others: Story) -> Evidence:
        return Evidence(self.record(*others), self.staged)

    def case(self, profile: str | Profile = "eop", aspect: str = "expires") -> Case:
        loaded = load(profile) if isinstance(profile, str) else profile
        return Case(ALL[self.mode], self.evidence(), loaded, ASPECT[aspect].requirements)

    def judge(self, aspect: str, profile: str = "eop", record: Record | None = None) -> Judged:
        return judge(ASPECT[aspect], self.scenario, record or self.record(), load(profile))

    def verdict(self, aspect: str, profile: str = "eop") -> Verdict:
        return self.judge(aspect, profile).verdict


def _telling(host: Host) -> Event:
    if host.rules:
        return fault("played", host.rules[0].stage)
    if host.tls is not None:
        return TlsOffered(certificate=str(host.tls.certificate))
    return sent("ehlo", "\n".join(["250-mx", *(f"250-{each}" for each in host.extensions), "250 HELP"]))


def refused(mode: str) -> Story:
    """One attempt that met a fault for good, or for some recipients; nothing delivered or returned yet."""
    return Story(mode).meets_fault(1.2)


def waiting(mode: str, lab: str = "loopback") -> Story:
    """Two attempts that met the fault, 2 s apart, and looks at the queue; nothing said yet, nothing repaired."""
    story = Story(mode, lab)
    seconds = 2.0 if ALL[mode].attempt.timeout else 0.1
    first = 1.2
    second = first + seconds + 0.2 * (len(ALL[mode].hosts) - 1) + 2.0
    story.meets_fault(first).meets_fault(second)
    end = second + seconds
    story.change(repaired=end + 0.2, closed=end + 8.0)
    for host in ALL[mode].hosts:
        if host.tcp in (Tcp.REFUSE, Tcp.UNREACHABLE):
            outcome = "refused" if host.tcp is Tcp.REFUSE else "unreachable"
            story.probes(0.1, end + 0.21, outcome=outcome)
    return story.look(2.0).look(3.0).look(end)


def good(mode: str, lab: str = "loopback") -> Story:
    """What a relay does that fulfils the source document to the letter."""
    if ALL[mode].is_control:
        return good_control(mode)
    story = waiting(mode, lab)
    for at in (2.0, 5.0):
        story.says(at, story.error(), destination=story.site(len(ALL[mode].hosts) - 1).name)
    assert story.staged.repaired is not None
    arrival = story.staged.repaired + 2.0
    return story.delivers(arrival).says(arrival + 0.5, "250 OK", Outcome.DELIVERED)


def good_control(mode: str) -> Story:
    story = Story(mode, number=90 + list(ALL).index(mode))
    content = stamped(story) if mode in CLOCK_CONTROLS else None
    return story.delivers(1.5, recipients=(story.staged.recipient, *story.staged.others), content=content)


def stamped(story: Story, hours: float = 30.0) -> bytes:
    """Return the message with a Received field dated so many hours after it was made."""
    made = email.utils.parsedate_to_datetime(email.message_from_bytes(story.staged.content)["Date"])
    stamp = email.utils.format_datetime(made + timedelta(hours=hours))
    return f"Received: from here by relay.test with ESMTP; {stamp}\r\n".encode() + story.staged.content


def observed(story: Story, aspect: str, verdict: Verdict = Verdict.FAIL, profile: str = "eop") -> str:
    """Return what an aspect observed in a story, whose verdict must be this one."""
    judged = story.judge(aspect, profile)
    assert judged.verdict is verdict, (judged.verdict, judged.observed)
    return judged.observed
