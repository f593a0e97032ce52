"""The evidence of one scenario as a readable timeline, on one clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from conformance.catalogue.course import SCHEDULES, STOPS
from conformance.evidence.view import Evidence
from conformance.report.writing import line_of
from fake_servers.event_json import fields_of
from fake_servers.events import (
    DnsAnswer,
    DnsEvent,
    DnsQuery,
    Event,
    FakeExcess,
    RelayClockMoved,
    RelayKilled,
    RelayRestarted,
    SmtpBody,
    SmtpFault,
    SmtpHeard,
    SmtpMessage,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TcpHanging,
    TcpLate,
    TcpProbe,
    TcpRefusing,
    TcpSyn,
)

_LONGEST = 400

# The stops of a moved clock in words: 23 h 55 min, 25 h 05 min.
_AGES = {name: re.sub(r"h(?=\d)", "h ", name).replace("h", " h") for name, _ in STOPS}


class Sign(StrEnum):
    """What an entry is to somebody who looks at a timeline before reading it."""

    FAULT = "fault"  # a fake server played its fault
    ARRIVED = "arrived"  # a staged server took a message
    MENDED = "mended"  # the destination was repaired
    RETURNED = "returned"  # the sender was told of the end
    WAITS = "waits"  # from here on the message is in the queue
    GONE = "gone"  # from here on it is not


@dataclass(frozen=True, kw_only=True, order=True)
class TimelineEntry:
    """One line of a timeline: seconds since the relay accepted the message, layer, what happened, and what that is."""

    at: float
    layer: str
    text: str
    sign: Sign | None = field(default=None, compare=False)

    def __str__(self) -> str:
        text = self.text if len(self.text) <= _LONGEST else f"{self.text[:_LONGEST]}..."
        return f"{self.at:+9.3f} s  {self.layer:<6} {text}"


def timeline(evidence: Evidence) -> list[TimelineEntry]:
    """Return what happened, in order; times count from the acceptance."""
    views = (_milestones, _offers, _wire, _relay, _alerts, _queue, _ndrs)
    found = [entry for view in views for entry in view(evidence)]
    # a stable sort: entries of the same moment stay in the order of their layers
    return [
        TimelineEntry(at=evidence.since_accepted(at), layer=layer, text=line_of(text), sign=sign)
        for at, layer, text, sign in sorted(found, key=lambda entry: entry.at)
    ]


class Found(NamedTuple):
    """An entry on the journal's clock."""

    at: float
    layer: str
    text: str
    sign: Sign | None = None


def _milestones(evidence: Evidence) -> Iterator[Found]:
    staged = evidence.staged
    if staged.dead_since is not None:
        yield Found(
            staged.dead_since, "suite", "an earlier message to the same destination accepted by the relay"
        )
    if staged.submitted is not None:
        yield Found(staged.submitted, "suite", f"message accepted by the relay, for <{staged.recipient}>")
    if staged.reports_pass is not None:
        yield Found(staged.reports_pass, "suite", "destination repaired for reports only")
    if staged.repaired is not None:
        yield Found(staged.repaired, "suite", "destination repaired", Sign.MENDED)
    for stop, moment in staged.milestones.items():
        if staged.course in SCHEDULES:
            yield Found(moment, "suite", f"{stop} begins")
            continue
        yield Found(moment, "suite", f"relay asked to move its clock until the message is {_AGES[stop]} old")
    for action in staged.operator_actions:
        yield Found(action.asked, "suite", f"operator: {action.name}")
        yield Found(action.done, "relay", f"refused: {action.reason}" if action.refused else "done")
    if staged.closed is not None:
        yield Found(staged.closed, "suite", "window closed")


def _offers(evidence: Evidence) -> Iterator[Found]:
    # the first of them is the message whose acceptance is told anyway
    for offer in evidence.staged.offers[1:]:
        if offer.accepted is not None:
            yield Found(offer.accepted, "suite", f"message accepted by the relay, for <{offer.recipient}>")
        else:
            yield Found(offer.at, "suite", f"message for <{offer.recipient}> offered: {offer.refusal}")


def _alerts(evidence: Evidence) -> Iterator[Found]:
    """Tell of each alert when it was first seen, and when it changed."""
    staged = evidence.staged
    before: dict[float, str] = {}
    for listing in evidence.record.alert_listings:
        for alert in listing.alerts:
            if listing.relay != staged.relay or alert.connector.lower() != staged.domain.lower():
                continue
            state = "cleared" if alert.cleared_at is not None else "alert"
            now = f"{state}: {alert.queued} queued for {alert.destination_server} ({alert.last_error})"
            if before.get(alert.raised_at) != now:
                yield Found(listing.at, "relay", now)
            before[alert.raised_at] = now


def _wire(evidence: Evidence) -> Iterator[Found]:
    for event in evidence.events:
        layer, text = _described(event)
        where = "" if isinstance(event, DnsEvent) or not event.connection else f"#{event.connection} "
        yield Found(event.at, layer, where + text, _sign_of(event, evidence))


def _sign_of(event: Event, evidence: Evidence) -> Sign | None:
    if isinstance(event, SmtpFault):
        return Sign.FAULT
    if isinstance(event, SmtpMessage) and event in evidence.messages:
        return Sign.ARRIVED
    return None


def _described(event: Event) -> tuple[str, str]:
    match event:
        case DnsQuery():
            planned = "" if event.planned else ", not planned"
            return "DNS", f"{event.name} {event.type}? ({event.transport}{planned}){_late(event.lag)}"
        case DnsAnswer():
            return "DNS", f"  -> {' '.join([event.answer, *event.records])}"
        case SmtpReceived():
            return "SMTP", f"> {event.line}"
        case SmtpSent():
            return "SMTP", f"< {event.text}".replace("\n", " | ")
        case SmtpFault():
            return "SMTP", f"fault played: {event.action} at {event.stage}"
        case SmtpHeard():
            said = f"{event.line} ({event.octets} octets)" if event.line else f"{event.octets} octets"
            return "SMTP", f"> {said} into the silence"
        case SmtpBody():
            return "SMTP", f"content: {event.octets} octets read"
        case SmtpMessage():
            return "SMTP", f"message accepted, from <{event.mail_from}>"
        case TcpAccepted():
            return "TCP", f"connection from {event.peer} to {event.server}{_late(event.lag)}"
        case TcpLate():
            return "suite", f"what follows had waited {event.lag:.2f} s for us"
        case TcpClosed():
            return "TCP", f"closed by {event.by} ({event.how})"
        case TcpRefusing():
            return "TCP", f"{event.server} refuses connections"
        case TcpHanging():
            return "TCP", f"{event.server} leaves SYNs unanswered"
        case TcpProbe():
            return "suite", f"our own connection to {event.server}: {event.outcome}"
        case TcpSyn():
            return "TCP", f"SYN from {event.peer} to {event.server}: {event.outcome}"
        case FakeExcess():
            return "suite", f"{event.server}: more than {event.most} {event.what}; the rest is not served"
        case RelayKilled():
            return (
                "suite",
                f"relay {event.how} {event.at - event.asked:.3f} s after that was asked for ({event.moment})",
            )
        case RelayRestarted():
            return "suite", f"relay started again ({event.moment})"
        case RelayClockMoved():
            return "suite", f"relay's clock was moved by {event.seconds:.0f} s ({event.moment})"
    rest = ", ".join(f"{key} {value}" for key, value in fields_of(event).items())
    return event.layer.upper(), f"{event.kind} {rest}".rstrip()


def _late(lag: float) -> str:
    return f", which had waited {lag:.2f} s for us" if lag else ""


def _relay(evidence: Evidence) -> Iterator[Found]:
    if evidence.stopped is not None:
        yield Found(evidence.stopped.at, "relay", f"gone: {evidence.stopped.message}")
    for reported in evidence.reported:
        event = reported.event
        codes = " ".join(code for code in (event.code, event.status) if code)
        where = f" [{event.destination}]" if event.destination else ""
        yield Found(
            reported.read_at, "relay", f"{event.outcome}: {codes} {event.text}{where}".replace("  ", " ")
        )


def _queue(evidence: Evidence) -> Iterator[Found]:
    before: str | None = None
    for listed in evidence.queue.telling:
        shown = [f"waiting: {message.error or 'no reason shown'}" for message in listed.messages]
        now = shown[0] if shown else "not in the queue"
        if now != before:
            yield Found(listed.at, "queue", now, Sign.WAITS if shown else Sign.GONE)
        before = now


def _ndrs(evidence: Evidence) -> Iterator[Found]:
    for notice in evidence.notices:
        said = "; ".join(f"{r.action} {r.status} {r.diagnostic}".strip() for r in notice.report.recipients)
        kind = "NDR" if notice.is_final else "notice"
        text = f"{notice.report.subject}: {said or 'no delivery-status part'}"
        yield Found(notice.at, kind, text, Sign.RETURNED if notice.is_final else None)
