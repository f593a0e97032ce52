"""What is over costs nothing more: no connection is left open, no processor kept busy."""

from collections.abc import Iterator

from conformance.evidence.connections import Connection
from conformance.evidence.relays import BUSY_CORES, BUSY_SECONDS
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect, on_first_course
from conformance.judging.lifetime import FULL_DAY
from conformance.judging.verdict import Inconclusive, Left
from fake_servers import Endless, Stage, Stall, Trickle

# On a connection on which this was played the relay had to give up, and the server stays until it does. (One that the
# server has closed itself is over for the journal.)
_HELD = (Stall.name, Trickle.name, Endless.name)


def _is_asked(mode: FailureMode, course: Course) -> bool:
    return mode.name in FULL_DAY if course is Course.DAY else on_first_course(mode, course)


@aspect(
    Course.HEALED,
    Course.PERSISTS,
    Course.REJECTED,
    Course.AMID,
    Course.DAY,
    kinds=(Kind.HARMLESS, Kind.PASSING, Kind.TRANSIENT, Kind.PERMANENT, Kind.AMID),
    where=_is_asked,
    place=490,
    by_itself=True,
    requirements={"connections": "hygiene/connections", "processor": "hygiene/processor"},
)
def test_tidy(case: Case) -> list[Finding]:
    """At the end of the window no connection is open that was given up, and the relay's processes have been idle.

    A connection was given up if the relay began another one for the message later, or the message had left it: it was
    delivered elsewhere, or reported. One on which a message was delivered may be kept for the next; one on which the
    server refused something may be, too. Others may take one more time-out to go. Where no server held a connection
    there is none to be left, and only the processor is looked at. One that was given up too late, and is open still, is
    one that was waited for too long (aspect `times_out`). At the end of a day, when mail has grown old, the processor
    alone is looked at. An attempt that something fell into need not be called off:
    its connection may last until the time-out.
    """
    over = case.evidence.staged.course == Course.DAY  # of its connections other courses tell
    found = [*([] if over else _connections(case)), *_processor(case)]
    if not found and case.evidence.record.is_cut_short:
        raise Inconclusive("the record ends before the relay was looked at with nothing left to do")
    return found


def _connections(case: Case) -> Iterator[Finding]:
    staged = case.evidence.staged
    if not any(_held_from(connection) for connection in case.evidence.connections):
        return
    end, when = staged.closed or 0.0, case.evidence.when
    time_out = case.evidence.time_out_at(Stage.QUIT)
    allowed = time_out + staged.granted.granularity + case.evidence.slack_for(time_out)
    open_still = [(connection, at) for connection, at in _given_up(case, end) if end - at > allowed]
    in_time = allowed + staged.granted.retry_interval
    if open_still and not case.alone and all(at - _held_from(each)[-1] > in_time for each, at in open_still):
        raise Left("what was still open had been waited for too long", see="times_out")
    left = [
        f"#{connection.number}, given up by {when(at)}, was still open at {when(end)}"
        for connection, at in open_still
    ]
    yield case.finding(
        "tidy.connections",
        holds=not left,
        expected=f"each connection that was given up is closed within {allowed:.1f} s (a time-out of {time_out:.1f} s)",
        observed="; ".join(left) or "none was left open",
    )


def _given_up(case: Case, end: float) -> Iterator[tuple[Connection, float]]:
    """Yield what was open at the end of the window though the relay had given it up, and since when."""
    evidence = case.evidence
    gone = [message.at for message in evidence.messages]
    gone += [] if evidence.given_up is None else [evidence.given_up]
    for connection in evidence.connections:
        held = _held_from(connection)
        if not held or connection.messages or not connection.is_open(end):
            continue
        later = [each.opened for each in evidence.connections if each.opened > connection.opened]
        given_up = [at for at in (*later, *gone) if at > held[-1]]
        if given_up and case.mode.amid is not None:
            stage = connection.faults[-1].stage
            yield connection, max(min(given_up), held[-1] + evidence.time_out_at(stage))
        elif given_up:
            yield connection, min(given_up)


def _held_from(connection: Connection) -> list[float]:
    """Return when a server began to hold a connection, each time."""
    return [fault.at for fault in connection.faults if fault.action in _HELD]


def _processor(case: Case) -> Iterator[Finding]:
    idling = case.evidence.idling
    if idling is None:
        return
    if idling.is_busy and len(idling.scenarios) > 1:
        return  # who did it shows when each is staged alone
    yield case.finding(
        "tidy.processor",
        holds=not idling.is_busy,
        expected=f"not more than {BUSY_CORES} of a processor for {BUSY_SECONDS:.0f} s when nothing is left to do",
        observed=f"{idling.cores:.2f} of a processor for {idling.seconds:.1f} s",
        # it happened twice: in the company of others, and alone
        conclusive=case.evidence.record.header.alone,
    )
