"""What one short wave says of an adapter, step by step: from the start of the relay to its end.

Nothing is judged. Each step shows what the adapter read, or says what is missing and where to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.catalogue.course import Course
from conformance.evidence.codes import read
from conformance.evidence.record import QueueListing, Record, Trouble
from conformance.evidence.view import Evidence, view_of
from conformance.target import Capability, DeliveryEvent, Outcome, QueuedMessage
from fake_servers.events import DnsQuery, SmtpMessage

_LEAVES = 2.0  # seconds that an entry may be shown after a delivery
_LOG = 20  # lines of a log that are shown
_SHOWN = 3  # entries of a queue, or events, that are shown where another one was looked for


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        name: What is looked at.
        seen: What the adapter showed, line by line; or what is there instead.
        missing: What is missing; empty: nothing.
        remedy: Where to look then.
        about: The recipient of whom nothing was read, if the relay's own files may tell.
    """

    name: str
    seen: tuple[str, ...] = ()
    missing: str = ""
    remedy: str = ""
    about: str = ""


def steps_of(record: Record) -> Iterator[Step]:
    """Yield what a wave shows, up to the first step without which the next ones can show nothing."""
    by_course = {staged.course: view_of(record, staged) for staged in record.staged.values()}
    healthy = by_course.get(Course.HEALTHY)
    waits, returned = by_course.get(Course.HEALED), by_course.get(Course.REJECTED)
    start = _start(record)
    yield start
    if start.missing or healthy is None:
        return
    taken = _taken(healthy)
    yield taken
    if taken.missing:
        return
    delivered = _delivered(healthy)
    yield delivered
    if delivered.missing:
        return
    offered = frozenset(map(Capability, record.header.capabilities))
    if waits is not None:
        yield _queue(waits)
        yield _events(offered, waits, healthy)
        yield _comes_again(waits)
    if returned is not None:
        yield _report(returned, record)
    yield _end(record)


def _start(record: Record) -> Step:
    offered = [staged for staged in record.staged.values() if staged.offered is not None]
    if not offered:
        trouble = next(iter(record.troubles), None)
        return Step(name="start", missing="the relay did not start", remedy=_told(trouble))
    granted = offered[0].granted
    asked = record.header.asked
    times = (
        "retry_interval",
        "max_retry_interval",
        "queue_lifetime",
        "connect_timeout",
        "command_timeout",
        "dns_timeout",
    )
    lines = [f"{name}: {_time(getattr(granted, name))}{_if_other(asked, granted, name)}" for name in times]
    return Step(
        name="start", seen=("it is ready, and grants", *lines, f"granularity: {_time(granted.granularity)}")
    )


def _time(seconds: float | None) -> str:
    return "as asked" if seconds is None else f"{seconds:g} s"


def _if_other(asked: object, granted: object, name: str) -> str:
    wanted, given = getattr(asked, name), getattr(granted, name)
    return "" if given in (None, wanted) else f" ({wanted:g} s was asked for)"


def _taken(evidence: Evidence) -> Step:
    staged = evidence.staged
    if staged.submitted is not None:
        return Step(name="mail", seen=(f"it took a message from {staged.sender} to {staged.recipient}",))
    if staged.refusal:
        return Step(
            name="mail",
            missing=f"it refused the message: {staged.refusal}",
            remedy="It must accept mail from anybody for every recipient domain that has a connector, without "
            "authentication: look at its rules for relaying.",
        )
    return Step(name="mail", missing="it took no message", remedy=_told(_trouble(evidence)))


def _delivered(evidence: Evidence) -> Step:
    for message in evidence.messages:
        took = evidence.since_accepted(message.at)
        return Step(
            name="delivery", seen=(f"it arrived at {message.server} {took:.2f} s after it was taken",)
        )
    trouble = _trouble(evidence)
    if trouble is not None:
        return Step(name="delivery", missing="it was not delivered", remedy=_told(trouble))
    asked = sorted({query.name for query in evidence.of(DnsQuery)})
    errors = [error.shown for error in evidence.errors]
    seen = (
        f"names that were asked for: {', '.join(asked) or 'none'}",
        f"connections to {evidence.staged.sites[0].host}: {len(evidence.connections)}",
        *(f"the relay says: {error}" for error in errors[:_SHOWN]),
    )
    if not asked:
        remedy = "Nobody asked the name server: look at `config.resolver`, and at the route of the recipient domain."
    elif not evidence.connections:
        remedy = "The name was asked for and nobody connected: look at `config.next_hop_port`, and what the relay says."
    else:
        remedy = "It connected and did not deliver: look at what the relay says."
    return Step(
        name="delivery", seen=seen, missing="a message to a healthy destination did not arrive", remedy=remedy
    )


def _queue(evidence: Evidence) -> Step:
    staged = evidence.staged
    end = min((message.at for message in evidence.messages), default=float("inf"))
    begin = staged.submitted or 0.0
    listings = [each for each in evidence.record.queue_listings if each.relay == staged.relay]
    meanwhile = [each for each in listings if each.at > begin and each.asked < end]
    mine = [entry for each in meanwhile for entry in each.by_recipient.get(staged.recipient.lower(), ())]
    if not mine:
        other = [entry for each in meanwhile for entry in each.waiting]
        shown = [f"it shows {_entry(entry)}" for entry in list(dict.fromkeys(other))[:_SHOWN]]
        return Step(
            name="queue",
            seen=(_asked(meanwhile), *(shown or ["it showed nothing"])),
            missing=f"a message to {staged.recipient} waited, and the queue does not show it",
            remedy=_told(_trouble(evidence))
            or "Look at how the queue is read, and compare with what the relay itself lists.",
            about=staged.recipient,
        )
    if all(entry.sender.strip("<>").lower() != staged.sender.lower() for entry in mine):
        return Step(
            name="queue",
            seen=tuple(f"it shows {_entry(entry)}" for entry in dict.fromkeys(mine)),
            missing=f"the sender of the message is {staged.sender}, and the queue shows another one",
            remedy="The envelope sender belongs there, without angle brackets.",
            about=staged.recipient,
        )
    worded = [entry for entry in mine if entry.error] or mine
    late = [
        each
        for each in listings
        if each.asked > end + _LEAVES and each.by_recipient.get(staged.recipient.lower())
    ]
    if end < float("inf") and late:
        return Step(
            name="queue",
            seen=(f"it shows {_entry(worded[-1])}",),
            missing=f"the message was delivered, and {late[-1].at - end:.1f} s later the queue still shows it",
            remedy="Who is done does not wait any more: a queue that still shows them looks like mail that is kept.",
        )
    return Step(name="queue", seen=(_entry(worded[-1]), *_codes(worded[-1].error)))


def _asked(listings: Sequence[QueueListing]) -> str:
    longest = max((each.at - each.asked for each in listings), default=0.0)
    return f"the queue was asked {len(listings)} times while it waited, and took {longest:.2f} s at most"


def _entry(entry: QueuedMessage) -> str:
    return f"{entry.sender or '<>'} -> {entry.recipient}: {entry.error or '(no error is shown)'}"


def _codes(text: str, code: str = "", status: str = "") -> tuple[str, ...]:
    if not text:
        return ()
    found = read(text, code=code, status=status)
    return (f"reply code: {found.code or 'none'}, enhanced status code: {found.status or 'none'}",)


def _events(offered: frozenset[Capability], waits: Evidence, healthy: Evidence) -> Step:
    if Capability.EVENTS not in offered:
        return Step(
            name="events", seen=("not offered: errors are read from the queue, or else from reports",)
        )
    deferred = [each.event for each in waits.reported if each.event.outcome is Outcome.DEFERRED]
    delivered = [each.event for each in healthy.reported if each.event.outcome is Outcome.DELIVERED]
    seen = (
        *(_event(event) for event in (*deferred[:1], *delivered[:1])),
        *(_codes(deferred[0].text, deferred[0].code, deferred[0].status) if deferred else ()),
    )
    if deferred and delivered:
        return Step(name="events", seen=seen)
    missing = " and ".join(
        [
            *([] if deferred else [f"no event says that mail for {waits.staged.recipient} was deferred"]),
            *([] if delivered else [f"no event says that mail for {healthy.staged.recipient} was delivered"]),
        ]
    )
    others = [_event(each.event) for each in waits.record.reported]
    return Step(
        name="events",
        seen=seen or tuple(dict.fromkeys(others))[:_SHOWN] or ("there is no event at all",),
        missing=missing,
        remedy=_told(_trouble(waits))
        or "Look at how the log is read, and compare with the lines of the log itself.",
        about=(healthy if deferred else waits).staged.recipient,
    )


def _event(event: DeliveryEvent) -> str:
    at = f", tried {event.destination}" if event.destination else ""
    return f"{event.outcome} for {event.recipient}{at}: {event.text or '(no text)'}"


def _comes_again(evidence: Evidence) -> Step:
    granted = evidence.staged.granted
    for message in evidence.messages:
        took = evidence.since_accepted(message.at)
        return Step(
            name="retry",
            seen=(f"its destination was mended, and it was delivered {took:.2f} s after it was taken",),
        )
    return Step(
        name="retry",
        seen=(f"connections: {len(evidence.connections)}",),
        missing="the destination was mended, and the message was not delivered",
        remedy=_told(_trouble(evidence))
        or f"A wait of {granted.max_retry_interval:g} s is granted, and {granted.granularity:g} s more at most: look "
        "at what the relay was told, and grant what it really does.",
    )


def _report(evidence: Evidence, record: Record) -> Step:
    staged = evidence.staged
    for _, report in evidence.ndrs:
        lines = [
            f"{each.final_recipient or 'nobody'}: {each.action or 'no action'}, status {each.status or 'none'}, "
            f"{each.diagnostic or 'no diagnostic'}"
            for each in report.recipients
        ]
        return Step(
            name="report", seen=(f"Subject: {report.subject}", *(lines or ["it has no fields for programs"]))
        )
    said = [_event(each.event) for each in evidence.reported]
    seen = [f"the relay says: {line}" for line in said[-1:]]
    seen += [
        f"the queue shows {_entry(entry)}"
        for listed in evidence.queue.listings[-1:]
        for entry in listed.messages
    ]
    elsewhere = [*evidence.astray, *_for_nobody(record)]
    astray = [f"a message went to {', '.join(message.recipients)}" for message in elsewhere]
    return Step(
        name="report",
        seen=tuple([*seen, *astray, *(f"came back: {notice}" for notice in evidence.notices)]),
        missing=f"the destination rejected the message for good, and no report came to {staged.sender}",
        remedy=_told(_trouble(evidence))
        or f"Reports go to the envelope sender, by the connector of {staged.sender.partition('@')[2]}, which is the "
        "last of `config.connectors`.",
    )


def _for_nobody(record: Record) -> Iterator[SmtpMessage]:
    """Yield what arrived and is for none of the addresses that were handed over: a relay may spell them otherwise."""
    known = {
        person.lower()
        for staged in record.staged.values()
        for person in (staged.sender, staged.author, staged.recipient, *staged.others)
    }
    for event in record.events:
        if isinstance(event, SmtpMessage) and known.isdisjoint(map(str.lower, event.recipients)):
            yield event


def _end(record: Record) -> Step:
    left = record.footer.left_behind if record.footer is not None else []
    if record.footer is None or record.troubles:
        trouble = next(iter(record.troubles), None)
        return Step(name="end", missing="it did not end in good order", remedy=_told(trouble))
    if left:
        return Step(
            name="end",
            missing=f"processes are left behind: {', '.join(left)}",
            remedy="What daemonizes leaves its group: start it in the foreground.",
        )
    return Step(name="end", seen=("nothing of it is left",))


def _trouble(evidence: Evidence) -> Trouble | None:
    names = {"", evidence.staged.scenario}
    return next((each for each in evidence.record.troubles if each.scenario in names), None)


def _told(trouble: Trouble | None) -> str:
    if trouble is None:
        return ""
    whose = {"target": "the relay", "adapter": "the adapter"}.get(trouble.fault, "this suite")
    return "\n".join(
        filter(
            None, [f"at fault: {whose}: {trouble.message}", trouble.hint, *trouble.log.splitlines()[-_LOG:]]
        )
    )
