"""No server holds an attempt longer than the relay's time-out, whatever it says or does not say."""

from collections.abc import Iterator
from typing import NamedTuple

from conformance.evidence.connections import Connection
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.witness.attempts import NEARLY
from fake_servers import Endless, Stage, Stall, Trickle
from fake_servers.events import SmtpFault, SmtpSent, TcpClosed

# Seconds by which no machine makes a relay late, unless somebody had to wait for a processor in half of a second.
_NO_LATENESS = 10.0
_CROWDED = 0.5

_SILENT = (Stall.name,)
_DRAGGING = (Trickle.name, Endless.name)

# Where a relay that speaks into the silence has not given up. In the handshake neither QUIT nor RSET can be said, and
# a record or an alert waits for no answer. Amid the content it goes on sending anyway. After QUIT nothing is left to
# say. At all other stages it is the server's turn, so whatever is said is the next command: the wait is over. Which
# command, or an alert, is not asked: under TLS nobody can tell.
_NO_LEAVE = (Stage.HANDSHAKE, Stage.BODY, Stage.QUIT)


class _Held(NamedTuple):
    """For how long a fault held an attempt, in seconds."""

    seconds: float
    over: bool
    spoke: float | None = None  # after how long the relay gave up and took its leave, if it did
    went_on: bool = (
        False  # whether that is when the relay went on without it, and not when the connection closed
    )

    def beyond(self, allowed: float, time_out: float) -> float:
        """Return by how much it was too long, given what is allowed for the silence, or a negative number.

        Who took its leave in time may wait for the answer as well, one time-out long; but no longer than it had waited
        before it spoke, as whoever speaks early has not timed out.
        """
        if self.spoke is not None and self.spoke <= allowed:
            allowed += min(self.spoke, time_out)
        return self.seconds - allowed

    def __str__(self) -> str:
        left = "" if self.spoke is None else f", having said something after {self.spoke:.1f} s"
        left += ", as the relay went on while the connection was open" if self.went_on else ""
        return f"{'' if self.over else 'not '}over after {self.seconds:.1f} s{left}"


def _applies(mode: FailureMode, course: Course) -> bool:
    usual = Course.PERSISTS if mode.kind is Kind.HARMLESS else Course.HEALED
    return course is usual and (mode.stalls or mode.needs_total_deadline)


@aspect(
    Course.HEALED,
    Course.PERSISTS,
    kinds=(Kind.TRANSIENT, Kind.HARMLESS),
    where=_applies,
    place=430,
    requirements={"ends": "session/times-out", "total": "session/total-deadline"},
)
def test_times_out(case: Case) -> list[Finding]:
    """From the moment a server falls silent, or begins a reply that trickles or never ends, to the end of the session.

    Who says QUIT into the silence may wait as long again for the answer (RFC 5321 section 4.1.1.10). A connection that
    stays open while the relay goes to another host, tries again or tells the sender holds no attempt any more: it was
    forgotten, which is another matter (aspect `tidy`). A reply that trickles must not have come to its end: whoever
    reads it to the end has no deadline for the whole.
    """
    slot = "ends" if case.mode.stalls else "total"
    staged = case.evidence.staged
    time_out = _time_out(case)
    allowed = time_out + staged.granted.granularity + case.evidence.record.header.slack
    if 0 < case.mode.trickles_for <= allowed:
        raise NotApplicable(
            f"the relay granted a time-out of {time_out:.1f} s; the whole reply takes {case.mode.trickles_for:.1f} s"
        )
    held = _held(case, allowed)
    if not held:
        raise Inconclusive("no attempt was watched for as long as the relay's time-out")
    worst = max(held, key=lambda each: each.beyond(allowed, time_out))
    return [
        case.finding(
            f"times_out.{slot}",
            holds=worst.beyond(allowed, time_out) <= 0,
            expected=_expected(slot, allowed, time_out),
            observed=f"{len(held)} attempts, the longest {worst}",
            # without a deadline for the whole it is late by as much as the server makes it
            only_late=worst.over and slot == "ends",
            conclusive=worst.beyond(allowed, time_out) > _NO_LATENESS and staged.pressure < _CROWDED,
        )
    ]


def _expected(slot: str, allowed: float, time_out: float) -> str:
    leave = f", or given up by then and {time_out:.1f} s later" if slot == "ends" else ""
    return f"every attempt ended within {allowed:.1f} s{leave} (a time-out of {time_out:.1f} s)"


def _time_out(case: Case) -> float:
    granted = case.evidence.staged.granted.command_timeout
    return granted or case.evidence.record.header.asked.command_timeout or 0.0


def _held(case: Case, allowed: float) -> list[_Held]:
    """Return for how long each fault held its attempt, and whether that is over.

    What was still going on when the window closed counts only if that is too long already.
    """
    names = _SILENT if case.mode.stalls else _DRAGGING
    closed = case.evidence.staged.closed or 0.0
    held = []
    for connection in case.evidence.connections:
        played = [fault for fault in connection.faults if fault.action in names]
        held += [_hold(case, connection, fault, closed) for fault in played[-1:]]
    return [each for each in held if each.over or each.beyond(allowed, _time_out(case)) > 0]


def _hold(case: Case, connection: Connection, fault: SmtpFault, closed: float) -> _Held:
    """Return for how long a fault held its attempt by the time at which the window closed."""
    # a reply that trickles is noted when it was sent to its end
    last = (TcpClosed, SmtpSent) if fault.action == Trickle.name else (TcpClosed,)
    ends = (event.at for event in connection.events if isinstance(event, last))
    end = next((at for at in ends if fault.at <= at <= closed), None)
    until = closed if end is None else end
    went_on = min((at for at in _going_on(case, connection) if fault.at <= at < until), default=None)
    until = until if went_on is None else went_on
    spoke = None if fault.stage in _NO_LEAVE else connection.heard
    left = None if spoke is None or spoke.at > until else spoke.at - fault.at
    return _Held(until - fault.at, end is not None or went_on is not None, left, went_on is not None)


def _going_on(case: Case, connection: Connection) -> Iterator[float]:
    """Yield when, at the latest, the relay had given up a connection, by what it did while that was open."""
    rest = NEARLY * case.evidence.staged.granted.retry_interval
    later = [attempt for attempt in case.all_attempts if connection.number not in attempt.connections]
    for attempt in later:
        # a question alone may be anybody's
        if connection.is_open(attempt.at) and not attempt.only_asked:
            yield max(attempt.at - rest, connection.opened)
    yield from (c.opened for c in case.evidence.connections if c.server != connection.server)
    yield from (message.at for message, _ in case.evidence.ndrs)
