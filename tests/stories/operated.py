"""Hand-made records of an operator's wave: several messages, alerts, acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.catalogue.course import Course
from conformance.catalogue.message import members
from conformance.evidence.inputs import RCPT, Offer, OperatorAction
from conformance.evidence.record import AlertListing, QueueListing, Record
from conformance.schedules.scenarios import scenario_of
from conformance.target import Alert, QueuedMessage
from conformance.wave.batch import KNOWN, KNOWN_LATER, STRANGER_LATER, STRANGERS, message_to
from stories.story import Story

EPOCH = 1_800_000_000.0  # of the journal's zero
MESSAGES, AGE = 4, 2.0
REFUSAL = "550 5.4.1 Recipient address rejected: Access denied"


@dataclass
class Operated(Story):
    """What happened in a scenario in which an operator acts."""

    alert_listings: list[AlertListing] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.header = replace(self.header, alert_messages=MESSAGES, alert_age=AGE)

    def offers(self, at: float, *names: str, **changes: object) -> Operated:
        """Offer messages, a tenth of a second apart, each accepted 0.05 s later."""
        for number, name in enumerate(names):
            begin = at + number / 10
            envelope = message_to(scenario_of(self.staged.scenario), name)
            offer = Offer(
                recipient=envelope.recipients[0],
                known="stranger" not in name,
                content=envelope.content,
                at=begin,
                accepted=begin + 0.05,
            )
            offer = replace(offer, **changes)  # type: ignore[arg-type]
            self.staged = replace(self.staged, offers=[*self.staged.offers, offer])
        first = self.staged.offers[0]
        self.staged = replace(
            self.staged, submitted=first.accepted, offered=first.at, content=first.content, repaired=None
        )
        return self

    def offer(self, number: int) -> Offer:
        return self.staged.offers[number]

    def change_offer(self, number: int, **changes: Any) -> Operated:
        offers = list(self.staged.offers)
        offers[number] = replace(offers[number], **changes)
        self.staged = replace(self.staged, offers=offers)
        return self

    def acts(self, at: float, *names: str, refused: str | None = None) -> Operated:
        for number, name in enumerate(names):
            begin = at + number / 10
            act = OperatorAction(
                name=name, asked=begin, done=begin + 0.05, refused=refused is not None, reason=refused or ""
            )
            self.staged = replace(self.staged, operator_actions=[*self.staged.operator_actions, act])
        return self

    def gets(self, at: float, number: int, *, host: int = 0, cut: int = 0) -> Operated:
        """Accept the nth message at a server."""
        offer = self.offer(number)
        content = b"Received: from relay.test\r\n" + offer.content
        self.delivers(at, recipients=[offer.recipient], content=content[: len(content) - cut], host=host)
        return self

    def returns_of(self, at: float, number: int) -> Operated:
        """Receive a report about the nth message at the sink."""
        staged, self.staged = self.staged, replace(self.staged, recipient=self.offer(number).recipient)
        self.returns(at)
        self.staged = staged
        return self

    def queued(self, at: float, *numbers: int) -> Operated:
        """Look at the queue, in which these messages wait."""
        waiting = [
            QueuedMessage(sender=self.staged.sender, recipient=self.offer(number).recipient)
            for number in numbers
        ]
        self.queue_listings.append(QueueListing(asked=at - 0.01, at=at, waiting=waiting))
        return self

    def alert(self, **changes: Any) -> Alert:
        """Return the alert as it should be."""
        site = self.staged.sites[0]
        begin = EPOCH + self.offer(0).at + 0.02
        plain = Alert(
            connector=self.staged.domain,
            queued=MESSAGES,
            raised_at=EPOCH + self.offer(MESSAGES - 1).at + AGE,
            queue_start=begin,
            oldest_expires=begin + self.staged.granted.queue_lifetime,
            destination_server=site.name,
            last_address=site.host,
            last_error=self.error(),
            how_to_fix="Have the server mended.",
        )
        return replace(plain, **changes)

    def shows(self, at: float, *alerts: Alert) -> Operated:
        """Look at the alerts."""
        self.alert_listings.append(
            AlertListing(asked=at - 0.01, at=at, epoch=EPOCH + at, alerts=list(alerts))
        )
        return self

    def record(self, *others: Story, control: bool = True) -> Record:
        return replace(super().record(*others, control=control), alert_listings=self.alert_listings)


def waits_for_alert(mode: str = "greeting_421") -> Operated:
    """Three messages grow old, the fourth makes four, two more join; nothing said of it yet, and all delivered."""
    story = Operated(mode, course=Course.ALERTED)
    names = members(MESSAGES + 2)
    story.offers(1.0, *names[:3]).offers(4.5, names[3]).offers(6.8, *names[4:])
    if mode == "connection_refused":
        story.probes(0.1, 10.01)
    for at in (1.3, 2.4, 3.5, 4.7, 5.8, 6.9, 8.0):
        story.meets_fault(at)
        story.says(at + 0.1, story.error())
    story.change(repaired=10.0, closed=13.0)
    for number in range(MESSAGES + 2):
        story.gets(11.0 + number / 10, number)
    return story


def told(story: Operated, *alerts: Alert, early: Iterable[float] = ()) -> Operated:
    """Look at the alerts all the time: none, these from 6.6 s on, cleared from 11.8 s on."""
    for tenths in range(10, 130, 2):
        at = tenths / 10
        if at < 6.6:
            story.shows(at, *(alerts if any(moment <= at for moment in early) else ()))
        elif at < 11.8:
            story.shows(at, *alerts)
        else:
            story.shows(at, *(replace(alert, cleared_at=EPOCH + 11.7) for alert in alerts))
    return story


_ACTS = {Course.FIXED_NOW: ("fix now",), Course.FIXED_NOW_OFF: ("off", "fix now")}


def taken_out(course: Course = Course.FIXED_NOW) -> Operated:
    """Two known recipients and two strangers wait, the destination is taken out of service; all as it should be."""
    story = Operated("connection_refused", course=course)
    story.offers(1.0, *KNOWN, *STRANGERS).probes(0.1)
    for at in (1.5, 2.6):
        story.meets_fault(at)
    story.acts(3.0, *_ACTS.get(course, ("off", "domain authoritative")))
    story.offers(3.3, STRANGER_LATER, accepted=None, refusal=REFUSAL, refused_at=RCPT).offers(
        3.5, KNOWN_LATER
    )
    for number in (0, 1, 5):
        story.change_offer(number, in_mailbox=[story.offer(number).content])
    for number in (2, 3):
        story.returns_of(3.6, number)
    return story.change(closed=9.0).queued(2.0, 0, 1, 2, 3).queued(8.9)  # type: ignore[attr-defined, no-any-return]


def corrected(mode: str = "greeting_421", course: Course = Course.CORRECTED) -> Operated:
    """Three messages wait, the fault is corrected at 3.0 s; nothing has arrived yet."""
    story = Operated(mode, course=course).offers(1.0, *members(3))
    for at in (1.4, 2.5):
        story.meets_fault(at)
    story.change(repaired=3.0, closed=7.0)
    return story
