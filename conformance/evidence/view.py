"""The evidence of one scenario: a read-only view of a record.

What a test of the suite may look at, and nothing else: DNS queries, connections, the SMTP dialogue, delivered
messages, the relay's own events, its queue and the reports it returned, all on one clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from conformance.evidence import envelopes, reports
from conformance.evidence.attribution import shares_of
from conformance.evidence.codes import Codes
from conformance.evidence.connections import Connection, connections_of
from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.notices import Notice, read_notices
from conformance.evidence.punctuality import Kind, punctuality_of
from conformance.evidence.queue import QueueReading, read_queue
from conformance.evidence.quoted import quotes
from conformance.evidence.record import Record, Reported, Staged, Trouble
from conformance.evidence.relays import Idling, Stopped
from conformance.evidence.reports import Report
from conformance.evidence.slack import Lateness, slack_for, slack_of
from conformance.evidence.time_outs import time_out_at
from conformance.evidence.way_back import as_message, of_the_message, of_the_report
from conformance.target import Outcome
from fake_servers import Stage
from fake_servers.addresses import known_as
from fake_servers.events import E, Event, SmtpMessage


@dataclass(frozen=True)
class Evidence:
    """Everything known of one scenario.

    Attributes:
        record: The record it is part of.
        staged: How the scenario was staged.
        picked: Its events, where they are known already: while the record grows.
        worked_out: What others have worked out from it, by whom; it does not change.
    """

    record: Record
    staged: Staged
    picked: tuple[Event, ...] | None = None
    worked_out: dict[object, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Events at this scenario's own servers and names, mail to its sender, and defects of shared fakes."""
        return of_the_message(self._all_events, self.staged)

    @property
    def _all_events(self) -> tuple[Event, ...]:
        return shares_of(self.record).of(self.staged) if self.picked is None else self.picked

    @cached_property
    def of_report(self) -> Evidence | None:
        """The evidence of the report as of a message of its own; None: its sender shares a server with all others."""
        if self.staged.way_back is None:
            return None
        events = of_the_report(self._all_events, self.staged)
        return Evidence(self.record, as_message(self.staged), events)

    def since_accepted(self, at: float) -> float:
        """Return how many seconds after the relay had accepted the message a moment of the journal's clock was.

        So all times are told to a reader. Of a message that was never accepted they count from when it was offered.
        """
        known = (self.staged.submitted, self.staged.offered)
        return at - next((moment for moment in known if moment is not None), 0.0)

    def when(self, at: float) -> str:
        """Say when a moment of the journal's clock was, as in the timeline: seconds since the acceptance."""
        return f"{round(self.since_accepted(at), 2) + 0.0:.2f} s"  # never -0.00

    def of(self, kind: type[E]) -> Iterator[E]:
        """Yield this scenario's events of a kind."""
        return (event for event in self.events if isinstance(event, kind))

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The connections to this scenario's own servers, in the order in which they were accepted.

        Those for the message: on which it was offered, or nothing, and not those for a report alone (`envelopes.py`).
        """
        return tuple(each for each in self.all_connections if not envelopes.is_for_reports(each, self.staged))

    @cached_property
    def report_connections(self) -> tuple[Connection, ...]:
        """The connections to this scenario's own servers that were made to send a report, and for nothing else."""
        return tuple(each for each in self.all_connections if each not in self.connections)

    @cached_property
    def all_connections(self) -> tuple[Connection, ...]:
        """The connections to this scenario's own servers, whatever for."""
        return connections_of(self.events)

    @property
    def has_one_route(self) -> bool:
        """Whether the relay says that what it sends back goes where the message went."""
        return envelopes.has_one_route(self.record)

    @cached_property
    def unclear_from(self) -> float:
        """The time after which a trace without a reverse-path may be a report's; infinity: it never is."""
        return envelopes.unclear_from(self)

    def may_be_a_report(self, connection: Connection) -> bool:
        """Tell whether a connection may have been made for a report, although nothing on it says so."""
        return not connection.transactions and connection.opened > self.unclear_from

    def connection_of(self, event: Event) -> Connection:
        """Return the connection to a server of this scenario on which something happened."""
        [connection] = (each for each in self.all_connections if each.number == event.connection)
        return connection

    @cached_property
    def messages(self) -> tuple[SmtpMessage, ...]:
        """The copies of the message: what was accepted by this scenario's own servers, and is no report."""
        return tuple(m for m in self.of(SmtpMessage) if m.server in self._servers and not self._comes_back(m))

    @cached_property
    def returned(self) -> tuple[SmtpMessage, ...]:
        """Messages that came back to this scenario's sender, wherever."""
        return tuple(m for m in self.of(SmtpMessage) if m.is_for(self.staged.sender) and self._is_no_copy(m))

    @cached_property
    def astray(self) -> tuple[SmtpMessage, ...]:
        """Messages that went to the author in the From header, who is not the sender."""
        return tuple(m for m in self.of(SmtpMessage) if m.is_for(self.staged.author) and self._is_no_copy(m))

    @cached_property
    def _servers(self) -> frozenset[str]:
        return frozenset(site.server for site in self.staged.sites)

    def _comes_back(self, message: SmtpMessage) -> bool:
        return envelopes.comes_back(message, self.staged)

    def _is_no_copy(self, message: SmtpMessage) -> bool:
        return message.server not in self._servers or self._comes_back(message)

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What came back to the sender, with what it says and whether it is final."""
        return tuple(read_notices(self))

    @cached_property
    def ndrs(self) -> tuple[tuple[SmtpMessage, Report], ...]:
        """The final ones among them, which told the sender of the end; a notice of delay is none."""
        return tuple((each.message, each.report) for each in self.notices if each.is_final)

    @cached_property
    def reported(self) -> tuple[Reported, ...]:
        """The relay's own delivery events for this recipient."""
        return self.reported_for(self.staged.recipient)

    def reported_for(self, recipient: str) -> tuple[Reported, ...]:
        """Return the relay's own delivery events for any recipient."""
        return _reported(self.record).get(known_as(recipient), ())

    @cached_property
    def queue(self) -> QueueReading:
        """What the relay listed of its queue for the recipient that is judged, while the window was open."""
        return self.queue_for(self.staged.recipient)

    def queue_for(self, recipient: str) -> QueueReading:
        """Return what the relay listed of its queue for any recipient of the scenario, while the window was open."""
        return read_queue(self.record.queue_listings, self.staged, recipient)

    @cached_property
    def errors(self) -> tuple[ErrorSeen, ...]:
        """The errors the relay showed, from the best source that says anything: events, else queue, else NDR.

        Events without a word (a relay may record that it deferred, and the reason elsewhere) are left only if no
        other source says more.
        """
        final = (each for each in self.notices if each.is_final)
        sources = (*self.errors_in_relay, tuple(self._from_notices(final)))
        told = (source for source in sources if any(error.says_something for error in source))
        return next(told, sources[0])

    @cached_property
    def errors_in_relay(self) -> tuple[tuple[ErrorSeen, ...], ...]:
        """The errors that its operator sees: those of events, and those of the queue."""
        return tuple(self._from_events()), tuple(self._from_queue())

    def coded(self, codes_of: Callable[[ErrorSeen], Codes]) -> tuple[ErrorSeen, ...]:
        """Return the errors from the best source that shows a code: events, else queue, else reports, of delay too.

        Some relays log words only and say the code in their reports. Without any, the same as `errors`.

        Args:
            codes_of: Tells the codes of an error that count: its own, or what it quotes as well.
        """
        notices = tuple(self._from_notices(self.notices))
        for source in (tuple(self._from_events()), tuple(self._from_queue()), notices):
            if any(read.code or read.status for read in map(codes_of, source)):
                return source
        return self.errors

    @cached_property
    def replies(self) -> tuple[str, ...]:
        """What the servers of this scenario said, each reply once, whole."""
        said = (reply.text for connection in self.all_connections for reply in connection.replies)
        return tuple(dict.fromkeys(said))

    def told_of(self, *addresses: str) -> list[str]:
        """Return of whom the sender was told that it is the end, in lower case, once for each time.

        Args:
            addresses: Whom to look for in the words of a notice whose fields for programs name nobody.
        """
        return [who for notice in self.notices for who in self.told_by(notice, *addresses)]

    def told_by(self, notice: Notice, *addresses: str) -> list[str]:
        """Return of whom one notice told the sender that it is the end; see `told_of`."""
        about = filter(notice.tells_of_the_end, notice.report.recipients)
        told = [known_as(recipient.final_recipient) for recipient in about if recipient.final_recipient]
        if notice.is_final and not any(each.final_recipient for each in notice.report.recipients):
            words = reports.words(notice.message.content, self.staged.content)
            named = [each for each in map(str.lower, addresses) if reports.names(each, words)]
            # of several recipients some may be tried again
            told += [each for each in named if not self.staged.others or not notice.goes_on(each)]
        return told

    @cached_property
    def given_up(self) -> float | None:
        """When the relay returned the message or said that it had given up, for good or for its age; None: neither."""
        ends = (Outcome.PERMANENT, Outcome.EXPIRED)
        moments = [message.at for message, _ in self.ndrs]
        moments += [r.read_at for r in self.reported if r.event.outcome in ends]
        return min(moments, default=None)

    def _from_events(self) -> Iterator[ErrorSeen]:
        for reported in self.reported:
            event = reported.event
            if event.outcome in (Outcome.DEFERRED, Outcome.PERMANENT):
                yield ErrorSeen(
                    source="event",
                    at=reported.read_at,
                    text=event.text,
                    code=event.code,
                    status=event.status,
                    destination=event.destination,
                    permanent=event.outcome is Outcome.PERMANENT,
                    quotes=quotes(event.text, self.replies),
                )

    def _from_queue(self) -> Iterator[ErrorSeen]:
        last = ""
        for listed in self.queue.listings:
            for message in listed.messages:
                if message.error and message.error != last:
                    last = message.error
                    quoted = quotes(message.error, self.replies)
                    yield ErrorSeen(source="queue", at=listed.at, text=message.error, quotes=quoted)

    def _from_notices(self, notices: Iterable[Notice]) -> Iterator[ErrorSeen]:
        for notice in notices:
            source = "NDR" if notice.is_final else "notice of delay"
            words = reports.words(notice.message.content, self.staged.content)
            told = ErrorSeen(source=source, at=notice.at, text="", words=words, permanent=notice.is_final)
            for recipient in notice.report.recipients:
                yield replace(
                    told,
                    text=recipient.diagnostic,
                    status=recipient.status,
                    destination=recipient.remote_mta,
                    quotes=quotes(recipient.diagnostic, self.replies),
                )
            if not notice.report.recipients:
                yield told

    @cached_property
    def stopped(self) -> Stopped | None:
        """How its relay came to be gone while the window was open; None if it was there to the end."""
        closed = self.staged.closed
        for stopped in self.record.stopped:
            if self.staged.scenario in stopped.scenarios and (closed is None or closed >= stopped.at):
                return stopped
        return None

    @cached_property
    def idling(self) -> Idling | None:
        """What its relay used of the processors at last; None if that was not measured."""
        mine = [each for each in self.record.idling if self.staged.scenario in each.scenarios]
        return mine[-1] if mine else None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What broke this scenario or the whole wave."""
        return tuple(t for t in self.record.troubles if t.scenario in ("", self.staged.scenario))

    @cached_property
    def lag(self) -> float:
        """How late we were at worst while the window was open, in seconds: the wave's loop, or one of the fakes."""
        return max(self.staged.lag, *self._lags.values())

    @cached_property
    def _lags(self) -> dict[Kind, float]:
        return punctuality_of(self.record).lags(self.staged)

    @cached_property
    def unanswered(self) -> int:
        """How many questions of anybody had no answer while the window was open, because the relay asked too many."""
        return punctuality_of(self.record).unanswered(self.staged)

    def time_out_at(self, stage: Stage) -> float:
        """Return after how many seconds at most this relay gives up a server that falls silent at a stage."""
        return time_out_at(stage, self.staged.granted, self.record.header.asked)

    @property
    def slack(self) -> float:
        """How late a retry of this relay may be, or what else it does when it looks at its queue, in seconds."""
        return slack_of(self.staged.granted, self.record.header)

    def slack_for(self, seconds: float) -> float:
        """Return how late something may be that is to come within so many real seconds."""
        return slack_for(seconds, self.record.header)

    @cached_property
    def lateness(self) -> Lateness:
        """How late we were, and may have been, of all that waited for us where the one is the most beside the other.

        We may be as late as the slack, and half of the time-out of this relay's that ran meanwhile. Intervals and slack
        may be stretched; time-outs are real, and who is answered after one accuses the server. The wave's own loop
        may hold up a session between our reading and our answer; a question is answered in the turn in which it is
        read, and says itself for how long it had waited. What a client endured counts half: it was not in vain.
        """
        granted, asked = self.staged.granted, self.record.header.asked
        question = granted.dns_timeout or asked.dns_timeout or math.inf
        session = min(self.time_out_at(stage) or math.inf for stage in (Stage.MAIL, Stage.BODY, Stage.DOT))
        allowed = {
            Kind.QUESTION: min(self.slack, question / 2),
            Kind.SESSION: min(self.slack, session / 2),
            Kind.ENDURED: min(2 * self.slack, session),
        }
        found = [Lateness(lag, allowed[kind]) for kind, lag in self._lags.items()]
        found.append(Lateness(self.staged.lag, allowed[Kind.SESSION]))
        return max(found, key=lambda each: each.lag / each.allowed)

    @property
    def harness_was_late(self) -> bool:
        """Whether we were later than allowed while this window was open."""
        return self.lateness.lag > self.lateness.allowed


def _reported(record: Record) -> dict[str, tuple[Reported, ...]]:
    """Return a record's delivery events by recipient as it is known, sorted out once."""
    if "reported" not in record.views:
        found: defaultdict[str, list[Reported]] = defaultdict(list)
        for reported in record.reported:
            found[known_as(reported.event.recipient)].append(reported)
        record.views["reported"] = {who: tuple(events) for who, events in found.items()}
    return cast("dict[str, tuple[Reported, ...]]", record.views["reported"])


def view_of(record: Record, staged: Staged) -> Evidence:
    """Return the one view of a scenario in a record that everybody shares."""
    if staged.scenario not in record.views:
        record.views[staged.scenario] = Evidence(record, staged)
    view: Evidence = record.views[staged.scenario]
    return view
