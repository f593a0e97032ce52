"""No server holds an attempt longer than the relay's time-out, whatever it says or does not say."""

from collections.abc import Iterator
from typing import NamedTuple

from conformance.evidence.connections import Connection
from conformance.evidence.slack import NO_LATENESS
from conformance.evidence.time_outs import longest_reply, time_out_at
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive, NotApplicable
from conformance.judging.words import counted
from conformance.witness.attempts import NEARLY
from fake_servers import Endless, Stage, Stall, Trickle
from fake_servers.events import Event, SmtpFault, SmtpReceived, SmtpSent, TcpClosed

# Share of a second in which somebody had to wait for a processor, from which on a relay may be late by any time.
_CROWDED = 0.5
# Who has a processor for so many seconds on end ends what is overdue, however crowded the machine was before.
_IN_PEACE = 5.0

_SILENT = (Stall.name,)
_DRAGGING = (Trickle.name, Endless.name)

# Where a relay that speaks into the silence has not given up. In the handshake neither QUIT nor RSET can be said, and
# a record or an alert waits for no answer. Amid the content it goes on sending anyway. After QUIT nothing is left to
# say. At all other stages it is the server's turn, so whatever is said is the next command: the wait is over. Which
# command, or an alert, is not asked: under TLS nobody can tell.
_NO_LEAVE = (Stage.HANDSHAKE, Stage.BODY, Stage.QUIT)


# Said once, and not in every mode in which a server falls silent: that there are no time-outs for single commands.
_STATED_AT = "stall_at_mail"


class _Held(NamedTuple):
    """For how long a fault held an attempt, in seconds, and how long it may have.

    Attributes:
        seconds: For how long it did.
        over: Whether that was over when the window closed.
        time_out: The relay's time-out at that stage.
        allowed: That, with all by which it may be late.
        leave: How long it may wait for the answer to QUIT after it gave up.
        unseen: Whether nobody sees that it has given up: what is sent amid the content waits behind it, and behind a
            group that ends with DATA nothing may be said, for it could be taken for content (RFC 2920 section 3.1).
        spoke: After how long the relay gave up and took its leave, if that was seen.
        went_on: Whether the end is when the relay went on without it, and not when the connection closed.
        heard: Whether the end is that of the reply itself, which the relay awaited.
    """

    seconds: float
    over: bool
    time_out: float
    allowed: float
    leave: float
    unseen: bool = False
    spoke: float | None = None
    went_on: bool = False
    heard: bool = False

    @property
    def beyond(self) -> float:
        """By how much it was too long, or a negative number.

        Who took its leave in time may wait for the answer as well, one time-out long; but no longer than it had waited
        before it spoke, as whoever speaks early has not timed out.
        """
        allowed = self.allowed
        if self.unseen:
            allowed += self.leave
        elif self.spoke is not None and self.spoke <= allowed:
            allowed += min(self.spoke, self.leave)
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
    requirements={
        "ends": "session/times-out",
        "total": "session/total-deadline",
        "each": "session/each-command",
        "anew": "session/not-anew",
    },
)
def test_times_out(case: Case) -> list[Finding]:
    """From the moment a server falls silent, or begins a reply that trickles or never ends, to the end of the session.

    Who says QUIT into the silence may wait for the answer as well (RFC 5321 section 4.1.1.10); amid the content nobody
    sees whether it did. A connection that stays open while the relay goes to another host, tries again or tells the
    sender holds no attempt any more: it was forgotten, which is another matter (aspect `tidy`). A reply that trickles
    must not have come to its end: whoever reads it to the end has no deadline for the whole.
    """
    slot = "ends" if case.mode.stalls else "total"
    held = _held(case)
    if not held:
        raise Inconclusive("no attempt was watched for as long as the relay's time-out")
    worst = max(held, key=lambda each: each.beyond)
    if 0 < case.mode.trickles_for <= worst.allowed:
        raise NotApplicable(
            f"the relay granted a time-out of {worst.time_out:.1f} s; the whole reply takes "
            f"{case.mode.trickles_for:.1f} s"
        )
    return [
        case.finding(
            f"times_out.{slot}",
            holds=worst.beyond <= 0,
            expected=_expected(slot, worst),
            observed=f"{counted(len(held), 'attempt')}, the longest {worst}",
            # without a deadline for the whole it listens to the end of a reply
            only_late=worst.over and not worst.heard,
            conclusive=worst.beyond > NO_LATENESS and _had_a_processor(case, worst),
        ),
        *_each_command(case),
        *_begun_anew(case),
    ]


def _begun_anew(case: Case) -> Iterator[Finding]:
    """Say of a relay what it did once it had waited in vain for the reply to the final dot.

    It may say QUIT or RSET. A message after another one may be begun in the group in which the content ends (RFC 2920
    section 3.1), which is not heard so late, and is not the same one again.
    """
    if not case.mode.stalls or all(
        rule.stage is not Stage.DOT for host in case.mode.hosts for rule in host.rules
    ):
        return
    path = f"<{case.evidence.staged.sender}>".lower()
    heard = [connection.heard for connection in case.evidence.connections if connection.heard is not None]
    wrong = [
        each for each in heard if each.line.upper().startswith("MAIL FROM:") and path in each.line.lower()
    ]
    told = [f"{each.line} at {case.evidence.when(each.at)}, into the silence" for each in wrong]
    yield case.finding(
        "times_out.anew",
        holds=not wrong,
        expected="the message not begun anew on a connection on which the final dot is not answered",
        observed="; ".join(told) or "so it was",
        conclusive=True,
    )


def _had_a_processor(case: Case, held: _Held) -> bool:
    """Tell whether the relay could have ended an attempt that was overdue by more than any machine is late."""
    staged = case.evidence.staged
    return staged.pressure < _CROWDED or (not held.over and staged.calm > _IN_PEACE)


def _each_command(case: Case) -> Iterator[Finding]:
    """Say of a relay that it has one deadline instead of time-outs, if its adapter says so."""
    granted = case.evidence.staged.granted
    if granted.deadline_only and case.mode.name == _STATED_AT:
        yield case.finding(
            "times_out.each",
            holds=False,
            expected="a time-out for each command and for the content, whatever else there is",
            observed=f"by its adapter the relay has one deadline of {granted.delivery_deadline:.1f} s for a whole "
            "delivery instead",
        )


def _expected(slot: str, worst: _Held) -> str:
    leave = "" if slot == "total" else f", or given up by then and {worst.leave:.1f} s later"
    return f"every attempt ended within {worst.allowed:.1f} s{leave} (a time-out of {worst.time_out:.1f} s)"


def _held(case: Case) -> list[_Held]:
    """Return for how long each fault held its attempt, and whether that is over.

    What was still going on when the window closed counts only if that is too long already.
    """
    names = _SILENT if case.mode.stalls else _DRAGGING
    closed = case.evidence.staged.closed or 0.0
    held = []
    for connection in case.evidence.connections:
        played = [fault for fault in connection.faults if fault.action in names]
        held += [_hold(case, connection, fault, closed) for fault in played[-1:]]
    return [each for each in held if each.over or each.beyond > 0]


def _hold(case: Case, connection: Connection, fault: SmtpFault, closed: float) -> _Held:
    """Return for how long a fault held its attempt by the time at which the window closed."""
    ends = (event for event in connection.events if _is_end(event, fault))
    end = next((event for event in ends if fault.at <= event.at <= closed), None)
    until = closed if end is None else end.at
    went_on = min((at for at in _going_on(case, connection) if fault.at <= at < until), default=None)
    until = until if went_on is None else went_on
    spoke = None if fault.stage in _NO_LEAVE else connection.heard
    left = None if spoke is None or spoke.at > until else spoke.at - fault.at
    granted, asked = case.evidence.staged.granted, case.evidence.record.header.asked
    patience = time_out_at if case.mode.stalls else longest_reply
    time_out = patience(fault.stage, granted, asked)
    return _Held(
        seconds=until - fault.at,
        over=end is not None or went_on is not None,
        time_out=time_out,
        allowed=time_out + granted.granularity + case.evidence.slack_for(time_out),
        leave=case.evidence.time_out_at(Stage.QUIT),
        unseen=case.mode.stalls and (fault.stage is Stage.BODY or _has_asked_for_content(connection, fault)),
        spoke=left,
        went_on=went_on is not None,
        heard=went_on is None and isinstance(end, SmtpSent),
    )


def _is_end(event: Event, fault: SmtpFault) -> bool:
    """Tell whether an event ends what a fault began: a reply that trickles is noted when it was sent to its end."""
    if isinstance(event, SmtpSent):
        return fault.action == Trickle.name and event.stage is fault.stage
    return isinstance(event, TcpClosed)


def _has_asked_for_content(connection: Connection, fault: SmtpFault) -> bool:
    """Tell whether DATA had been said in the same group as the command at which the server fell silent."""
    return fault.stage in (Stage.MAIL, Stage.RCPT) and any(
        isinstance(event, SmtpReceived) and event.stage is Stage.DATA and event.ahead and event.at <= fault.at
        for event in connection.events
    )


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
