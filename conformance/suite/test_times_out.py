"""No server holds an attempt longer than the relay's time-out, whatever it says or does not say."""

from conformance.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.verdict import Inconclusive, NotApplicable

_SILENT = ("stall",)
_DRAGGING = ("trickle", "endless")


def _applies(mode: FailureMode, course: Course) -> bool:
    usual = Course.PERSISTS if mode.kind is Kind.HARMLESS else Course.HEALED
    return course is usual and (mode.stalls or mode.drags)


@aspect(
    Course.HEALED,
    Course.PERSISTS,
    kinds=(Kind.TRANSIENT, Kind.HARMLESS),
    where=_applies,
    slots=("ends", "total"),
)
def test_times_out(case: Case) -> list[Finding]:
    """From the moment a server falls silent, or begins a reply that trickles or never ends, to the end of the session.

    A reply that trickles must not have come to its end: whoever reads it to the end has no deadline for the whole.
    """
    slot = "ends" if case.mode.stalls else "total"
    staged = case.evidence.staged
    allowed = _time_out(case) + staged.granted.granularity + case.evidence.record.header.slack
    if 0 < case.mode.trickles_for <= allowed:
        raise NotApplicable(
            f"the relay granted a time-out of {_time_out(case):.1f} s; the whole reply takes "
            f"{case.mode.trickles_for:.1f} s"
        )
    held = _held(case, allowed)
    if not held:
        raise Inconclusive("no attempt was watched for as long as the relay's time-out")
    longest, over = max(held)
    seen = f"{len(held)} attempts, the longest {'' if over else 'not '}over after {longest:.1f} s"
    return [
        case.finding(
            f"times_out.{slot}",
            holds=longest <= allowed,
            expected=f"every attempt ended within {allowed:.1f} s (a time-out of {_time_out(case):.1f} s)",
            observed=seen,
            # without a deadline for the whole it is late by as much as the server makes it
            late=over and slot == "ends",
        )
    ]


def _time_out(case: Case) -> float:
    granted = case.evidence.staged.granted.command_timeout
    return granted or case.evidence.record.header.asked.command_timeout or 0.0


def _held(case: Case, allowed: float) -> list[tuple[float, bool]]:
    """Return for how long each fault held its attempt, and whether that is over.

    What was still going on when the window closed counts only if that is too long already.
    """
    names = _SILENT if case.mode.stalls else _DRAGGING
    closed = case.evidence.staged.closed or 0.0
    begun = {e.connection: e for e in case.evidence.of("smtp", "fault") if e["action"] in names}
    ended: dict[int, float] = {}
    for event in case.evidence.events:
        fault = begun.get(event.connection)
        if fault is None or not fault.at <= event.at <= closed or event.connection in ended:
            continue
        read_to_the_end = (event.layer, event.kind) == ("smtp", "sent") and fault["action"] == "trickle"
        if read_to_the_end or (event.layer, event.kind) == ("tcp", "closed"):
            ended[event.connection] = event.at
    held = [(at - begun[number].at, True) for number, at in ended.items()]
    open_for = [closed - event.at for number, event in begun.items() if number not in ended]
    return held + [(seconds, False) for seconds in open_for if seconds > allowed]
