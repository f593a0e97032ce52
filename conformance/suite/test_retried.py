"""Delivery is tried again: never at once, and not later than the schedule that was granted."""

from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import HAD_TO_WAIT
from conformance.judging.verdict import NotApplicable
from conformance.target import Outcome, Schedule

# A relay counts in its own ticks; a tenth of the interval is no haste.
_HASTE = 0.1


@aspect(Course.HEALED, place=420, fates=HAD_TO_WAIT, requirements={"again": "queue/retried"})
def test_retried(case: Case) -> list[Finding]:
    """From the end of one attempt to the start of the next no less than the interval and not much more."""
    granted = case.evidence.staged.granted
    # an attempt that may rely on an earlier answer leaves no trace
    least, most = _bounds(granted, case.evidence.record.header.slack + case.mode.silent_ttl)
    expected = f"another attempt {least:.2f} to {most:.2f} s after the end of each failed one"
    starts = [attempt.at for attempt in case.attempts] + _success(case)
    if len(starts) == 1:
        closed = case.evidence.staged.closed or 0.0
        how = f"watched for {closed - starts[0]:.1f} s"
        return [_finding(case, False, expected, f"one attempt met the fault and no other followed ({how})")]
    gaps = [
        (following - attempt.end, following - attempt.latest_end)
        for attempt, following in zip(case.attempts, starts[1:], strict=False)
    ]
    wrong = [longest for longest, shortest in gaps if longest < least or shortest > most]
    shown = ", ".join(_gap(longest, shortest) for longest, shortest in gaps)
    late = bool(wrong) and all(longest >= least for longest, _ in gaps)
    return [
        _finding(
            case, not wrong, expected, f"{len(case.attempts)} attempts, gaps of {shown} s", only_late=late
        )
    ]


def _gap(longest: float, shortest: float) -> str:
    """Return a gap in words; where an attempt's end is not known to the tenth, its bounds."""
    return f"{longest:.2f}" if longest - shortest < 0.1 else f"{shortest:.2f} to {longest:.2f}"


def _success(case: Case) -> list[float]:
    """Return when the attempt began that succeeded, if one did and can be told from the others.

    That is after the repair, unless the profile accepts a delivery in spite of the fault.

    Raises:
        NotApplicable: Only one attempt met the fault, and it went on to deliver, or those before the repair cannot
            be counted.
    """
    repaired = 0.0 if case.accepts(Outcome.DELIVERED) else case.evidence.staged.repaired or 0.0
    delivered = [message for message in case.evidence.messages if message.at >= repaired]
    if not delivered:
        return []
    if case.evidence.record.header.lab in case.mode.witness.indirect:
        if len(case.attempts) > 1:
            return []
        raise NotApplicable(
            "the message was delivered after the repair, but the relay looked the name up only once before (its "
            "TTL is 0), and in this lab nothing else shows its attempts"
        )
    begun = min(e.at for e in case.evidence.events if e.connection == delivered[0].connection)
    pause = begun - case.attempts[-1].latest_end
    # A way around the fault that the profile accepts, such as a second connection in clear after a failed handshake
    # (RFC 7435, section 3), or the next host: the same attempt, even if the repair comes in between.
    # So is the connection that follows a look-up which failed before the repair.
    looked_up = bool(case.attempts[-1].contacts[-1].what)
    goes_on = case.accepts(Outcome.DELIVERED) or looked_up or _next_host(case, delivered[0].server)
    if goes_on and 0 < pause < case.evidence.staged.granted.retry_interval / 2:
        if len(case.attempts) > 1:
            return []
        raise NotApplicable("the attempt that met the fault went on at once and delivered (see recovers)")
    # a connection that was waiting for the repair belongs to the attempt that failed for others
    return [begun] if pause > 0 else []


def _next_host(case: Case, server: str) -> bool:
    """Tell whether a server is one of several and the last attempt that met the fault had not been there."""
    names = {site.server: site.name for site in case.evidence.staged.sites}
    return len(names) > 1 and names.get(server) not in {c.host for c in case.attempts[-1].contacts}


def _bounds(granted: Schedule, allowance: float) -> tuple[float, float]:
    shortest = granted.retry_interval
    least = max(_HASTE * shortest, shortest - granted.granularity - _HASTE * shortest)
    return least, granted.max_retry_interval + granted.granularity + allowance


def _finding(case: Case, holds: bool, expected: str, observed: str, *, only_late: bool = False) -> Finding:
    return case.finding(
        "retried.again", holds=holds, expected=expected, observed=observed, only_late=only_late
    )
